// Money: a statement for each key, its credit, and its spending over time.

import { html, useState } from "../vendor/preact.js";
import { put } from "../api.js";
import { SpendChart } from "../chart.js";
import { dateTime, plural, usd } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Problem, Tag } from "../parts.js";

const TONES = { on_hold: "accent", charged: "good", refunded: "warn" };
const stateOf = (line) => (line.settled_at === null ? "on_hold" : Number(line.charged) ? "charged" : "refunded");
const SHOWN = 200;

function Credit({ account, onDone }) {
  const [amount, setAmount] = useState("");
  const [problem, setProblem] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await put("credit", { amount: amount.trim() === "" ? null : amount.trim(), account });
      setProblem(null);
      onDone();
    } catch (error) {
      setProblem(error);
    }
  };
  const id = `credit-${account}`;
  return html`<form class="actions" onSubmit=${submit}><label for=${id}>Credit at each upstream, in USD</label>
    <input id=${id} class="short" inputmode="decimal" placeholder="no limit" value=${amount} onInput=${(event) => setAmount(event.target.value)} />
    <button type="submit">Set credit</button>${problem && html`<${Problem} error=${problem} />`}</form>`;
}

function Statement({ statement, onDone }) {
  const lines = statement.lines.slice(-SHOWN).toReversed();
  return html`<section class="card statement" data-account=${statement.account}><h2>${statement.account} <span class="faint">${plural(statement.total, "order")}</span></h2>
    <dl class="sums">${[["Charged", "charged"], ["On hold", "on_hold"], ["Refunded", "refunded"], ["Quoted", "quoted"]].map(([text, name]) =>
      html`<div key=${name}><dt>${text}</dt><dd>${usd(statement.totals[name])}</dd></div>`)}</dl>
    <${SpendChart} lines=${statement.lines} now=${statement.at} />
    <div class="wide"><table><thead><tr><th>Upstream</th><th class="amount">Charged</th><th class="amount">On hold</th><th class="amount">Credit</th><th class="amount">Left</th></tr></thead>
      <tbody>${Object.entries(statement.upstreams).map(([name, balance]) => html`<tr key=${name}><td>${name}</td><td class="amount">${usd(balance.charged)}</td><td class="amount">${usd(balance.on_hold)}</td>
        <td class="amount">${balance.credit === null ? "no limit" : usd(balance.credit)}</td><td class="amount">${balance.remaining === null ? "no limit" : usd(balance.remaining)}</td></tr>`)}</tbody></table></div>
    <${Credit} account=${statement.account} onDone=${onDone} />
    <details><summary>Orders</summary><div class="wide"><table><thead><tr><th>Order</th><th>Kind</th><th>Created</th><th class="amount">Quoted</th><th>State</th><th>Rate</th><th>Basis</th></tr></thead>
      <tbody>${lines.map((line) => html`<tr key=${line.kind + line.id}><td>${line.kind === "asset" ? html`<code>${line.id}</code>` : html`<a href=${`#/tasks/${encodeURIComponent(line.id)}`}><code>${line.id}</code></a>`}</td>
        <td>${line.kind}</td><td class="number">${dateTime(line.created_at)}</td><td class="amount">${usd(line.quoted)}</td><td><${Tag} tone=${TONES[stateOf(line)]}>${stateOf(line).replace("_", " ")}<//></td>
        <td class="number">${line.rate} a ${line.unit}</td><td>${line.basis}</td></tr>`)}</tbody></table></div>
      ${statement.total > lines.length && html`<p class="faint">The newest ${lines.length} of ${statement.total}.</p>`}</details></section>`;
}

export default function Money() {
  const result = useLive("ledger?limit=2000", ["journal", "due", "clock", "credit", "reset", "forget", "snapshot"]);
  return html`<div class="title"><h1>Money</h1></div><${Loaded} result=${result}>${({ statements }) => statements.length === 0
    ? html`<${Empty} title="No orders yet">Each key has a statement from its first order on.<//>`
    : statements.map((statement) => html`<${Statement} key=${statement.account} statement=${statement} onDone=${result.reload} />`)}<//>`;
}
