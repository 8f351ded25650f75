// Journal: exchanges as they come, redacted, with their violations; one exchange has a view of its own.

import { html, useCallback, useMemo, useState } from "../vendor/preact.js";
import { get, query, save } from "../api.js";
import { useFilter, useUpstreams } from "../filter.js";
import { plural, time } from "../format.js";
import { useLive, useMedia } from "../live.js";
import { VirtualList } from "../list.js";
import { Loaded, Select, Table, Tag } from "../parts.js";
import { Exchange } from "../exchange.js";

const KINDS = [["ok", "Answered"], ["refused", "Refused"], ["failed", "Failed"], ["lost", "Lost"], ["faulted", "With a fault"], ["violating", "With a violation"]];
const TONES = { ok: "good", refused: "warn", failed: "bad", lost: "bad" };
const COLUMNS = [["nr", "Nr"], ["clock", "Clock"], ["upstream", "Upstream"], ["operation", "Operation"], ["main", "Request"], ["status", "Status"], ["notes", "Notes"]];
const EMPTY = { upstream: "", kind: "", key: "", text: "" };

const heavy = (exchange) => exchange.violations.filter((violation) => !violation.advice);

function Row({ exchange, index }) {
  const count = heavy(exchange).length;
  return html`<div class="row" role="row" aria-rowindex=${index + 2} data-exchange=${exchange.number}>
    <span role="cell" class="c-nr number">${exchange.number}</span><span role="cell" class="c-clock number">${time(exchange.at)}</span>
    <span role="cell" class="c-upstream">${exchange.upstream}</span><span role="cell" class="c-operation">${exchange.operation || "unknown"}</span>
    <span role="cell" class="c-main"><a data-row-link href=${`#/journal/${exchange.number}`}><span class="method">${exchange.method}</span> ${exchange.path}</a></span>
    <span role="cell" class="c-status"><${Tag} tone=${TONES[exchange.kind]}>${exchange.status || "none"} ${exchange.kind}<//></span>
    <span role="cell" class="c-notes">${exchange.faults.map((fault) => html`<${Tag} key=${fault} tone="warn" title=${fault}>${fault.split(" ")[0]}<//> `)}${count > 0 && html`<${Tag} tone="bad">${plural(count, "violation")}<//>`}</span>
  </div>`;
}

function Violations() {
  const result = useLive("violations?advice=false&limit=200", ["journal", "reset", "forget", "snapshot"]);
  return html`<details class="card violations"><summary>Violations of the contract <span class="faint">${result.data ? result.data.total : ""}</span></summary>
    <${Loaded} result=${result}>${({ violations }) => violations.length === 0 ? html`<p class="faint">None: every request keeps the contract.</p>` : html`<${Table} head=${["Nr", "Fact", ["Sentence", "text"], "Basis", ["Source", "text"]]} rows=${violations.toReversed().map((violation) => ({
      key: `${violation.number} ${violation.fact} ${violation.field}`, cells: [html`<a href=${`#/journal/${violation.number}`}>${violation.number}</a>`, html`<code>${violation.fact || "no fact"}</code>`,
        violation.message, violation.basis, violation.source] }))} />`}<//></details>`;
}

function List() {
  const { filter, key, set, later, isFiltered } = useFilter(EMPTY);
  const [total, setTotal] = useState(null);
  const upstreams = useUpstreams();
  const isNarrow = useMedia("(max-width: 899px)");
  const { key: apiKey, ...rest } = filter;
  const load = useCallback(async (offset, limit) => {
    const answer = await get(`journal${query({ ...rest, offset, limit, bodies: false })}`, { key: apiKey });
    setTotal(answer.total);
    return { rows: answer.exchanges.toReversed(), total: answer.total };
  }, [key]);
  const head = useMemo(() => html`<div class="row" role="row" aria-rowindex="1">${COLUMNS.map(([name, text]) =>
    html`<span role="columnheader" key=${name} class=${`c-${name}`}>${text}</span>`)}</div>`, []);
  return html`<div class="title"><h1>Journal</h1><p class="count" aria-live="polite">${total === null ? "" : plural(total, "exchange")}</p>
      <button type="button" class="end" onClick=${() => save(`journal${query({ upstream: rest.upstream, kind: rest.kind, format: "har" })}`, "seedmock.har")}>Save HAR</button></div>
    <form class="filters" role="search" aria-label="Filter exchanges" onSubmit=${(event) => event.preventDefault()}>
      <input type="search" data-filter placeholder="Search paths, bodies, faults" aria-label="Search exchanges" onInput=${later("text")} />
      <${Select} label="Upstream" empty="All upstreams" value=${filter.upstream} options=${upstreams} onChange=${(value) => set("upstream", value)} />
      <${Select} label="Outcome" empty="All outcomes" value=${filter.kind} options=${KINDS} onChange=${(value) => set("kind", value)} />
      <input type="text" placeholder="API key" aria-label="API key" autocomplete="off" onInput=${later("key")} />
    </form>
    <${Violations} />
    <${VirtualList} load=${load} filter=${key} name="Exchanges" columns="journal" rowHeight=${isNarrow ? 66 : 40} head=${head}
      topics=${["journal", "reset", "forget", "snapshot"]} row=${(exchange, index) => html`<${Row} exchange=${exchange} index=${index} />`}
      empty=${isFiltered ? { title: "No exchange matches", children: "Change the filter to see others." }
        : { title: "Nothing has been asked yet", children: "Requests to the upstreams appear here, with their keys removed." }} />`;
}

export default ({ id, query: parameters }) => (id ? html`<${Exchange} number=${id} other=${parameters.get("with")} />` : html`<${List} />`);
