// Assets: groups, pictures and their states.

import { html } from "../vendor/preact.js";
import { bytes, dateTime, duration, plural, shortened } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Tag, Thumbnail } from "../parts.js";

const TONES = { Active: "good", Processing: "accent", Failed: "bad" };

export function mediaText(facts) {
  if (!facts) return "not measured: its URL was not fetched";
  const size = facts.width ? `${facts.width} × ${facts.height}` : "";
  const sound = facts.kind === "video" ? (facts.has_audio ? "with sound" : "silent") : "";
  return [facts.format, size, facts.seconds === null ? "" : duration(facts.seconds), facts.fps ? `${facts.fps} fps` : "", sound, bytes(facts.size_bytes), facts.face ? "shows a face" : ""].filter(Boolean).join(", ");
}

function Asset({ asset }) {
  return html`<li data-asset-id=${asset.id}><${Thumbnail} path=${asset.kind === "image" ? asset.content : ""} alt=${asset.name || asset.id} />
    <div><p><strong>${shortened(asset.name || "(no name)", 80)}</strong> <${Tag} tone=${TONES[asset.status]}>${asset.status}<//></p>
      <p class="faint text">${asset.kind}: ${mediaText(asset.facts)}</p><code class="text">asset://${asset.id}</code>
      ${asset.failure && html`<p class="error text">${asset.failure}</p>`}<small class="text">${asset.url}</small></div></li>`;
}

export default function Assets() {
  const result = useLive("assets", ["journal", "due", "clock", "reset", "forget", "snapshot"]);
  return html`<div class="title"><h1>Assets</h1></div><${Loaded} result=${result}>${({ groups }) => groups.length === 0
    ? html`<${Empty} title="No groups yet">An application creates groups and assets through the asset library of an upstream that has one; they appear here.<//>`
    : groups.map((group) => html`<section class="card" key=${`${group.account} ${group.id}`}><h2>${group.name || group.group_name || `Group ${group.id}`}
        <span class="faint">${group.upstream}, group ${group.id}, ${plural(group.assets.length, "asset")}</span></h2>
        <small>${group.account}, created ${dateTime(group.created_at)}</small>
        ${group.assets.length === 0 ? html`<p class="faint">The group is empty.</p>` : html`<ul class="assets">${group.assets.map((asset) => html`<${Asset} key=${asset.id} asset=${asset} />`)}</ul>`}</section>`)}<//>`;
}
