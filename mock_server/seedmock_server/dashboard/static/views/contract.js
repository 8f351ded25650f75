// Contract: every fact with its basis and source, and the variants in force.

import { html, useState } from "../vendor/preact.js";
import { get } from "../api.js";
import { plural } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Select, Tag } from "../parts.js";

const TONES = { documented: "good", observed: "accent", assumed: "warn" };

export default function Contract() {
  const [upstream, setUpstream] = useState("");
  const [basis, setBasis] = useState("");
  const [text, setText] = useState("");
  const result = useLive(async (options) => {
    const [facts, variants] = await Promise.all([get("basis", options), get("variants", options)]);
    return { facts, variants };
  }, ["-"], ["contract"]);
  return html`<div class="title"><h1>Contract</h1></div><${Loaded} result=${result} lines=${10}>${({ facts, variants }) => {
    const names = Object.keys(facts);
    const wanted = text.toLowerCase();
    const shown = names.filter((name) => !upstream || name === upstream).flatMap((name) => facts[name])
      .filter((fact) => (!basis || fact.basis === basis) && `${fact.id} ${fact.source}`.toLowerCase().includes(wanted));
    const chosen = variants.filter((variant) => (!upstream || variant.id.startsWith(`${upstream}.`)) && `${variant.id} ${variant.description}`.toLowerCase().includes(wanted));
    return html`<form class="filters" role="search" aria-label="Filter facts" onSubmit=${(event) => event.preventDefault()}>
        <input type="search" data-filter aria-label="Search facts" placeholder="Search facts and sources" value=${text} onInput=${(event) => setText(event.target.value)} />
        <${Select} label="Upstream" empty="All upstreams" value=${upstream} options=${names} onChange=${setUpstream} />
        <${Select} label="Basis" empty="Any basis" value=${basis} options=${Object.keys(TONES)} onChange=${setBasis} /></form>
      <section class="card"><h2>Variants in force <span class="faint">where the pages are silent</span></h2>
        ${chosen.length === 0 ? html`<p class="faint">No variant matches.</p>` : html`<div class="wide"><table><thead><tr><th>Variant</th><th>In force</th><th>Options</th><th>About</th></tr></thead>
          <tbody>${chosen.map((variant) => html`<tr key=${variant.id}><td><code>${variant.id}</code></td>
            <td><${Tag} tone=${variant.option === variant.default ? "plain" : "accent"}>${variant.option}<//></td><td>${variant.options.join(", ")}</td><td class="text">${variant.description}</td></tr>`)}</tbody></table></div>`}</section>
      <section class="card"><h2>Facts <span class="faint" aria-live="polite">${plural(shown.length, "fact")}</span></h2>
        ${shown.length === 0 ? html`<${Empty} title="No fact matches">Change the filter to see others.<//>` : html`<div class="wide"><table class="facts-table"><thead><tr><th>Fact</th><th>Basis</th><th>Source</th></tr></thead>
          <tbody>${shown.map((fact) => html`<tr key=${fact.id}><td><code>${fact.id}</code></td><td><${Tag} tone=${TONES[fact.basis]}>${fact.basis}<//></td><td class="text">${fact.source}</td></tr>`)}</tbody></table></div>`}</section>`;
  }}<//>`;
}
