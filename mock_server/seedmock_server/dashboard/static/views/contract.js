// Contract: every fact with its basis and source, and the variants in force.

import { html, useState } from "../vendor/preact.js";
import { get } from "../api.js";
import { plural } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Select, Table, Tag } from "../parts.js";

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
        ${chosen.length === 0 ? html`<p class="faint">No variant matches.</p>` : html`<${Table} head=${["Variant", "In force", "Options", ["About", "text"]]} rows=${chosen.map((variant) => ({
          key: variant.id, "data-variant": variant.id, cells: [html`<code>${variant.id}</code>`, html`<${Tag} tone=${variant.option === variant.default ? "plain" : "accent"}>${variant.option}<//>`,
            variant.options.join(", "), variant.description] }))} />`}</section>
      <section class="card"><h2>Facts <span class="faint" aria-live="polite">${plural(shown.length, "fact")}</span></h2>
        ${shown.length === 0 ? html`<${Empty} title="No fact matches">Change the filter to see others.<//>` : html`<${Table} className="facts-table" head=${["Fact", "Basis", ["Source", "text"]]} rows=${shown.map((fact) => ({
          key: fact.id, cells: [html`<code>${fact.id}</code>`, html`<${Tag} tone=${TONES[fact.basis]}>${fact.basis}<//>`, fact.source] }))} />`}</section>`;
  }}<//>`;
}
