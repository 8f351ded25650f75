// One task: its life on the clock, its clip, the order, the exchanges, the money.

import { html } from "../vendor/preact.js";
import { get } from "../api.js";
import { applied, dateTime, duration, plural, prettyJson, time, usd } from "../format.js";
import { useLive } from "../live.js";
import { Copy, Empty, Facts, Loaded, Status, Table, Tag, Text, Thumbnail, useBlob } from "../parts.js";
import { mediaText } from "./assets.js";
import { Timeline } from "../timeline.js";

const TOPICS = ["journal", "due", "clock", "reset", "forget", "snapshot"];

function Clip({ task }) {
  const isReady = task.status === "SUCCESS";
  const { url, error } = useBlob(isReady ? `tasks/${encodeURIComponent(task.id)}/clip` : null, task.status);
  const [width, height] = task.size.split("x");
  if (isReady && !error)
    return html`<figure class="clip"><video src=${url} controls loop muted playsinline autoplay=${!matchMedia("(prefers-reduced-motion: reduce)").matches}
      width=${width} height=${height} aria-label="The clip of this task"></video></figure>`;
  const text = error ? error.message : task.failure ? task.failure.message : "The clip comes with success.";
  return html`<figure class="clip missing"><${Status} status=${task.status} /><figcaption>${text}</figcaption></figure>`;
}

function Exchanges({ exchanges }) {
  if (!exchanges.length) return html`<${Empty} title="No exchange mentions this task">The journal keeps the last ones only.<//>`;
  return html`<${Table} head=${["Nr", ["Clock", "number"], "Operation", "Request", ["Status", "number"], "Notes"]} rows=${exchanges.map((exchange) => ({
    key: exchange.number, cells: [
      html`<a href=${`#/journal/${exchange.number}`}>${exchange.number}</a>`, time(exchange.at), exchange.operation || "unknown", html`<code>${exchange.method} ${exchange.path}</code>`, exchange.status || "none",
      html`${exchange.faults.map((fault) => html`<${Tag} key=${fault} tone="warn">${fault}<//> `)}${exchange.violations > 0 && html`<${Tag} tone="bad">${plural(exchange.violations, "violation")}<//>`}`] }))} />`;
}

function References({ references }) {
  if (!references.length) return null;
  return html`<h3>References</h3><ul class="assets">${references.map((reference) => html`<li key=${reference.path}>
    <${Thumbnail} path=${reference.kind === "image" ? reference.content : ""} alt=${reference.path} />
    <div><p><strong>${reference.role.replace("_", " ")}</strong> <${Tag}>${reference.kind}<//></p><p class="faint text">${mediaText(reference.facts)}</p>
      <code class="text">${reference.path}</code><small class="text">${reference.url}</small></div></li>`)}</ul>`;
}

const Broken = ({ tag, tone, text, fact, basis, source, number }) => html`<li><${Tag} tone=${tone}>${tag}<//> ${text}
  <small><code>${fact || "no fact"}</code>, ${basis}: ${source}; <a href=${`#/journal/${number}`}>exchange ${number}</a></small></li>`;

// The checks of `verify`, over what the journal has: checked again when there is another exchange.
function Responses({ id, last }) {
  const result = useLive(`tasks/${encodeURIComponent(id)}/verdict`, [], [id, last]);
  return html`<${Loaded} result=${result} lines=${2}>${({ exchanges, checked, facts, checks, findings, unchecked }) => html`<ul class="sentences">
    <li>${findings.length > 0 ? html`<${Tag} tone="bad">responses<//> ${plural(findings.length, "finding")} in ` : checked > 0 ? html`<${Tag} tone="good">responses<//> No finding in ` : html`<${Tag} tone="warn">responses<//> Nothing to judge: `}
      ${checked} of ${plural(exchanges, "exchange")}, by ${plural(checks.length, "check")} of <code>seedmock verify</code> and ${plural(facts, "fact")}.</li>
    ${findings.map((finding, index) => html`<${Broken} key=${index} ...${finding} tag=${finding.severity} tone=${finding.severity === "breaking" ? "bad" : "warn"}
      text=${`${finding.title}: expected ${finding.expected}, observed ${finding.observed}`} />`)}
    ${unchecked.map(({ number, reason }) => html`<li key=${number}><${Tag} tone="warn">not checked<//> <a href=${`#/journal/${number}`}>exchange ${number}</a>: ${reason}</li>`)}
    ${checks.length > 0 && html`<li><details><summary>Checks that looked</summary><ul>${checks.map(({ check, passed, failed }) =>
      html`<li key=${check}>${check.replaceAll("_", " ")}: ${failed > 0 ? `${failed} of ${passed + failed} failed` : `${passed} passed`}</li>`)}</ul></details></li>`}</ul>`}<//>`;
}

function Verdict({ task, violations, exchanges }) {
  const command = `seedmock verify --upstream ${task.upstream} --base-url ${location.origin}`;
  const broken = violations.filter((violation) => !violation.advice);
  const advice = violations.filter((violation) => violation.advice);
  const faults = exchanges.flatMap((exchange) => applied(exchange.faults).map((fault) => `${fault} in exchange ${exchange.number}`));
  return html`<ul class="sentences">
    <li>${broken.length === 0 ? html`<${Tag} tone="good">requests<//> Every request about this task keeps the contract.` : html`<${Tag} tone="bad">requests<//> ${plural(broken.length, "rule")} broken:`}</li>
    ${[...broken, ...advice].map((violation, index) => html`<${Broken} key=${index} ...${violation} text=${violation.message}
      tone=${violation.advice ? "warn" : "bad"} tag=${violation.severity.replace("_", " ")} />`)}
    ${faults.length > 0 && html`<li><${Tag} tone="warn">faults<//> Changed on purpose: ${faults.join("; ")}</li>`}</ul>
    <${Responses} id=${task.id} last=${exchanges.at(-1)?.number} />
    <p class="faint">Requests of its own, which cost nothing here: <code>${command}</code> <${Copy} text=${command} label="Copy command" /></p>`;
}

function Statement({ task, line }) {
  return html`<${Facts} rows=${[["Quoted", usd(task.cost)], ["State", task.billing.replace("_", " ")], ["Rate", line && `${line.rate} USD a ${line.unit}`], ["Tokens", line?.tokens?.toLocaleString("en")],
    ["Settled", line?.settled_at && dateTime(line.settled_at)], ["Basis", line && `${line.basis}: ${line.facts.join(", ")}`]]} />`;
}

async function load(id, options) {
  const path = encodeURIComponent(id);
  const timeline = await get(`tasks/${path}/timeline`, options);
  const [order, violations, ledger] = await Promise.all([
    get(`tasks/${path}/order`, options), get(`violations?task=${path}`, options), get(`ledger?account=${encodeURIComponent(timeline.task.account)}&task=${path}`, options)]);
  return { ...timeline, order, violations: violations.violations, line: ledger.statements[0]?.lines[0] };
}

export default function Task({ id }) {
  const result = useLive((options) => load(id, options), TOPICS, [id]);
  return html`<p class="back"><a href="#/tasks">← Tasks</a></p><${Loaded} result=${result} lines=${10}>${({ task, now, phases, exchanges, order, violations, line }) => html`
    <div class="title" data-task-id=${task.id} data-status=${task.status}>
      <h1>Task</h1><code class="id">${task.id}</code><${Copy} text=${task.id} label="Copy id" />
      <span aria-live="polite"><${Status} status=${task.status} raw=${task.raw_status} /></span></div>
    <div class="task-grid">
      <section class="card"><h2>Life on the clock</h2><${Timeline} task=${task} now=${now} phases=${phases} exchanges=${exchanges} /></section>
      <section class="card clip-card"><h2>Clip</h2><${Clip} task=${task} /></section>
      <section class="card"><h2>Order</h2><${Text} text=${task.prompt || "(no prompt)"} />
        <${Facts} rows=${[
          ["Upstream", task.upstream], ["Model", task.model], ["Mode", task.mode], ["Size", `${task.size} (${task.resolution}, ${task.ratio})`],
          ["Length", `${task.seconds} s`], ["Sound", task.audio ? "yes" : "no"], ["Seed", String(task.seed)], ["Fate", task.fate], ["Account", task.account],
          ["Created", dateTime(task.created_at)], ["Ends", task.ends_at === null ? "never" : dateTime(task.ends_at)], ["Age", duration(task.age)],
          ["Status as sent", task.raw_status], ["Failure", task.failure && `${task.failure.code}: ${task.failure.message}`],
        ]} /><${References} references=${order.references} />
        ${order.body ? html`<details><summary>Body as sent</summary><${Text} text=${prettyJson(order.body)} limit=${4000} code=${true} /></details>` : html`<p class="faint">The journal does not hold its request any more.</p>`}</section>
      <div class="stack"><section class="card"><h2>Statement</h2><${Statement} task=${task} line=${line} /></section>
        <section class="card"><h2>Against the contract</h2><${Verdict} task=${task} violations=${violations} exchanges=${exchanges} /></section></div>
      <section class="card span"><h2>Exchanges</h2><${Exchanges} exchanges=${exchanges} /></section>
    </div>`}<//>`;
}
