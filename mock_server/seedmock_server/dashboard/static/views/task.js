// One task: its life on the clock, its clip, the order, the exchanges, the money.

import { html } from "../vendor/preact.js";
import { dateTime, duration, time, usd } from "../format.js";
import { useLive } from "../live.js";
import { Copy, Empty, Facts, Loaded, Status, Tag, Text, useBlob } from "../parts.js";
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
  return html`<div class="wide"><table><thead><tr><th>Nr</th><th>Clock</th><th>Operation</th><th>Request</th><th>Status</th><th>Notes</th></tr></thead>
    <tbody>${exchanges.map((exchange) => html`<tr key=${exchange.number}>
      <td><a href=${`#/journal/${exchange.number}`}>${exchange.number}</a></td><td class="number">${time(exchange.at)}</td>
      <td>${exchange.operation || "unknown"}</td><td><code>${exchange.method} ${exchange.path}</code></td>
      <td class="number">${exchange.status || "none"}</td>
      <td>${exchange.faults.map((fault) => html`<${Tag} tone="warn">${fault}<//>`)}${exchange.violations > 0 && html`<${Tag} tone="bad">${exchange.violations} violations<//>`}</td>
    </tr>`)}</tbody></table></div>`;
}

export default function Task({ id }) {
  const result = useLive(`tasks/${encodeURIComponent(id)}/timeline`, TOPICS);
  return html`<p class="back"><a href="#/tasks">← Tasks</a></p><${Loaded} result=${result} lines=${10}>${({ task, now, phases, exchanges }) => html`
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
        ]} /></section>
      <section class="card"><h2>Money</h2><${Facts} rows=${[["Quoted", usd(task.cost)], ["State", task.billing.replace("_", " ")]]} /></section>
      <section class="card span"><h2>Exchanges</h2><${Exchanges} exchanges=${exchanges} /></section>
    </div>`}<//>`;
}
