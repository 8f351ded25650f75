// Break it: forms for faults and fates, the active rules with their counts, and the scenarios.

import { html, useState } from "../vendor/preact.js";
import { get, post, put, remove, request } from "../api.js";
import { plural } from "../format.js";
import { useLive } from "../live.js";
import { Empty, Loaded, Problem, Table, Tag } from "../parts.js";
import { RuleForm } from "../rule_form.js";

const TOPICS = ["journal", "faults", "fates", "scenario", "reset", "snapshot"];

const RULE_COLUMNS = ["Rule", "For", ["Matched", "amount"], ["Applied", "amount"], ["Undo", "", true]];
// The usual accidents, for the next request or order alone: two clicks from anywhere.
const ONCE = { times: 1 };
const QUICK = {
  fault: [["503", { code: "503" }, "status"], ["429", { code: "429" }, "status"], ["Slow by 5 s", { seconds: "5s" }, "latency"], ["Hang", {}, "hang"], ["Cut connection", {}, "reset"]],
  fate: [["Fail", {}, "failed"], ["Moderate", {}, "moderated"], ["Never end", {}, "stuck"], ["No clip", {}, "completed_without_url"]],
};

const Quick = ({ effect, text, onAdd }) => html`<div class="actions" role="group" aria-label=${text}><span class="faint">${text}</span>
  ${QUICK[effect].map(([name, parameters, kind]) => html`<button type="button" class="quiet" key=${name} onClick=${() => onAdd({ [effect]: kind, ...parameters }, ONCE)}>${name}</button>`)}</div>`;

const fateText = (rule) => rule.fate.map((fate) => (rule.fate.length > 1 ? `${fate.fate} (${fate.weight})` : fate.fate)).join(" or ");

function Rules({ title, rules, onRemove }) {
  if (!rules.length) return html`<section class="card"><h2>${title}</h2><p class="faint">None: everything works as documented.</p></section>`;
  return html`<section class="card"><h2>${title}</h2><${Table} head=${RULE_COLUMNS} rows=${rules.map(({ rule, text, path }) => ({
    key: rule.id, "data-rule-id": rule.id, cells: [
      html`<code>${text}</code> ${rule.breaks_contract && html`<${Tag} tone="bad">breaks the contract<//>`} ${rule.warning && html`<small>${rule.warning}</small>`}`,
      html`${Object.entries(rule.match).map(([name, value]) => html`<${Tag} key=${name}>${name} ${String(value)}<//> `)}${Object.keys(rule.match).length === 0 && html`<span class="faint">all</span>`}`,
      rule.matched, html`<strong>${rule.applied}</strong>`,
      path ? html`<button type="button" class="quiet danger" onClick=${() => onRemove(path)} aria-label=${`Remove ${text}`}>Remove</button>` : html`<span class="faint">scenario</span>`],
  }))} /></section>`;
}

function Scenarios({ active, scenarios, onPick, onStop }) {
  const [text, setText] = useState("");
  const shown = scenarios.filter((scenario) => `${scenario.name} ${scenario.title} ${scenario.description}`.toLowerCase().includes(text.toLowerCase()));
  return html`<section class="card"><h2>Scenarios <span class="faint">${plural(scenarios.length, "scenario")}</span></h2>
    ${active && html`<div class="done actions" role="status"><span>Active: <strong>${active.title}</strong></span><button type="button" onClick=${onStop}>Stop the scenario</button></div>`}
    <input type="search" data-filter aria-label="Search scenarios" placeholder="Search scenarios" value=${text} onInput=${(event) => setText(event.target.value)} />
    ${shown.length === 0 && html`<${Empty} title="No scenario matches">Change the search to see others.<//>`}
    <ul class="scenarios" tabindex="0" aria-label="Scenarios">${shown.map((scenario) => html`<li key=${scenario.name} class=${active?.name === scenario.name ? "active" : ""}>
      <div><h3>${scenario.title}</h3><p>${scenario.description}</p>
        <p class="links">${scenario.upstreams.map((name) => html`<${Tag} key=${name}>${name}<//> `)}${scenario.links.filter((link) => link.startsWith("https://")).slice(0, 3).map((link, index) =>
          html`<a key=${link} href=${link} target="_blank" rel="noreferrer noopener" title=${link}>${link.split("/")[2]}<span class="hidden"> (report ${index + 1} of ${scenario.title})</span></a> `)}</p></div>
      <button type="button" onClick=${() => onPick(scenario)} aria-label=${`Start ${scenario.title}`} disabled=${active?.name === scenario.name}>Start</button></li>`)}</ul></section>`;
}

export default function Faults() {
  const catalog = useLive("catalog", ["-"]);
  const rules = useLive(async (options) => {
    const [faults, fates, scenario] = await Promise.all(["faults", "fates", "scenario"].map((path) => get(path, options)));
    return { faults, fates, active: scenario.scenario };
  }, TOPICS, ["rules"]);
  const scenarios = useLive("scenarios", ["-"]);
  const [note, setNote] = useState(null);
  const [problem, setProblem] = useState(null);
  const run = async (action, sentence) => {
    try {
      const undo = await action();
      setNote({ text: sentence, undo });
      setProblem(null);
    } catch (error) {
      setProblem(error);
      throw error;
    }
    rules.reload();
  };
  const quietly = (...values) => run(...values).catch(() => {});
  const add = (path, effect) => (table, match) => run(async () => {
    const rule = await post(path, { [effect]: table, match });
    return `${path}/${rule.id}`;
  }, `The ${effect} ${table[effect]} is active.`).catch((error) => {
    setProblem(null);
    throw error;
  });
  const once = (path, effect) => (table, match) => add(path, effect)(table, match).catch(setProblem);
  const drop = (path) => quietly(async () => void (await remove(path)), "The rule is removed.");
  return html`<div class="title"><h1>Break it</h1></div>
    <div aria-live="polite">${note && html`<p class="done actions"><span>${note.text}</span>${note.undo && html`<button type="button" onClick=${() => drop(note.undo)}>Undo</button>`}</p>`}</div>
    ${problem && html`<${Problem} error=${problem} />`}
    <${Loaded} result=${rules}>${({ faults, fates }) => html`
      <${Rules} title="Active faults" onRemove=${drop} rules=${[
        ...faults.rules.map((rule) => ({ rule, text: rule.text, path: `faults/${rule.id}` })), ...faults.scenario_rules.map((rule) => ({ rule, text: rule.text }))]} />
      <${Rules} title="Active fates" onRemove=${drop} rules=${[
        ...fates.rules.map((rule) => ({ rule, text: fateText(rule), path: `fates/${rule.id}` })), ...fates.scenario_rules.map((rule) => ({ rule, text: fateText(rule) }))]} />`}<//>
    <${Loaded} result=${catalog}>${({ faults, fates, conditions }) => html`<div class="columns">
      <section class="card"><h2>Faults <span class="faint">what goes wrong on the wire</span></h2>
        <${Quick} effect="fault" text="The next request:" onAdd=${once("faults", "fault")} />
        <${RuleForm} effect="fault" entries=${faults} conditions=${conditions} label="Add fault" onSubmit=${add("faults", "fault")} /></section>
      <section class="card"><h2>Fates <span class="faint">what becomes of a task</span></h2>
        <${Quick} effect="fate" text="The next order:" onAdd=${once("fates", "fate")} />
        <${RuleForm} effect="fate" entries=${fates} conditions=${conditions} label="Add fate" onSubmit=${add("fates", "fate")} /></section></div>`}<//>
    ${rules.data && scenarios.data && html`<${Scenarios} active=${rules.data.active} scenarios=${scenarios.data.scenarios}
        onPick=${(scenario) => quietly(async () => void (await request("PUT", "scenario", { raw: JSON.stringify({ name: scenario.name }) })), `Scenario: ${scenario.title}`)}
        onStop=${() => quietly(async () => void (await remove("scenario")), "The scenario has stopped.")} />`}`;
}
