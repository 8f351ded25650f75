// Money: a statement for each key, its credit, and its spending over time.

import { html, useState } from "../vendor/preact.js";
import { put } from "../api.js";
import { SpendChart } from "../chart.js";
import { dateTime, plural, usd } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Problem, Table, Tag } from "../parts.js";

const TONES = { on_hold: "accent", charged: "good", refunded: "warn" };
const stateOf = (line) => (line.settled_at === null ? "on_hold" : Number(line.charged) ? "charged" : "refunded");
const SHOWN = 200;
const limit = (amount) => (amount === null ? "no limit" : usd(amount));

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
    <${SpendChart} lines=${statement.lines} charged=${Number(statement.totals.charged)} now=${statement.at} />
    <${Table} head=${["Upstream", ["Charged", "amount"], ["On hold", "amount"], ["Credit", "amount"], ["Left", "amount"]]} rows=${Object.entries(statement.upstreams).map(([name, balance]) => ({
      key: name, cells: [name, usd(balance.charged), usd(balance.on_hold), limit(balance.credit), limit(balance.remaining)] }))} />
    <${Credit} account=${statement.account} onDone=${onDone} />
    <details><summary>Orders</summary><${Table} head=${["Order", "Kind", ["Created", "number"], ["Quoted", "amount"], "State", ["Rate", "number"], "Basis"]} rows=${lines.map((line) => ({
      key: line.kind + line.id, cells: [
        line.kind === "asset" ? html`<code>${line.id}</code>` : html`<a href=${`#/tasks/${encodeURIComponent(line.id)}`}><code>${line.id}</code></a>`,
        line.kind, dateTime(line.created_at), usd(line.quoted), html`<${Tag} tone=${TONES[stateOf(line)]}>${stateOf(line).replace("_", " ")}<//>`,
        `${line.rate} a ${line.unit}`, line.basis] }))} />
      ${statement.total > lines.length && html`<p class="faint">The newest ${lines.length} of ${statement.total}.</p>`}</details></section>`;
}

export default function Money() {
  const result = useLive("ledger?limit=2000", ["journal", "due", "clock", "credit", "reset", "forget", "snapshot"]);
  return html`<div class="title"><h1>Money</h1></div><${Loaded} result=${result}>${({ statements }) => statements.length === 0
    ? html`<${Empty} title="No orders yet">Each key has a statement from its first order on.<//>`
    : statements.map((statement) => html`<${Statement} key=${statement.account} statement=${statement} onDone=${result.reload} />`)}<//>`;
}
