// A form for one fate or fault, made of the catalogue: its parameters with their allowed values, and its conditions.

import { html, useState } from "./vendor/preact.js";
import { Field, Problem, Select } from "./parts.js";

const NUMERIC = new Set(["whole", "number"]);

function Input({ id, parameter, value, onChange, isInvalid }) {
  if (parameter.type === "choice")
    return html`<${Select} id=${id} value=${value} options=${parameter.allowed} empty=${parameter.required ? "Choose" : "Any or default"} onChange=${onChange} />`;
  return html`<input id=${id} value=${value} required=${parameter.required} aria-invalid=${isInvalid} autocomplete="off" spellcheck="false"
    inputmode=${NUMERIC.has(parameter.type) ? "decimal" : "text"} placeholder=${parameter.default ?? (parameter.type === "duration" ? "such as 2m" : "")}
    aria-describedby=${`${id}-hint`} onInput=${(event) => onChange(event.target.value)} />`;
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));

// `onSubmit(table, match)` resolves, or rejects with what the API says.
export function RuleForm({ effect, entries, conditions, label, onSubmit }) {
  const [kind, setKind] = useState(entries[0].kind);
  const [values, setValues] = useState({});
  const [match, setMatch] = useState({});
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const entry = entries.find((candidate) => candidate.kind === kind);
  const groups = [["Misbehaving wire", entries.filter((candidate) => !candidate.breaks_contract)], ["Breaks the contract", entries.filter((candidate) => candidate.breaks_contract)]];
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const types = new Map(conditions.map((condition) => [condition.name, condition.type]));
    const conditionsSet = Object.entries(filled(match)).map(([name, value]) =>
      [name, NUMERIC.has(types.get(name)) && !Number.isNaN(Number(value)) ? Number(value) : value]);
    try {
      await onSubmit({ [effect]: kind, ...filled(values) }, Object.fromEntries(conditionsSet));
      setError(null);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return html`<form class="rule-form" onSubmit=${submit}>
    <${Field} id=${`${effect}-kind`} label=${`Kind of ${effect}`} hint=${`${entry.description}; ${entry.operations.length > 8 ? "any operation" : entry.operations.join(", ")}`}>
      <select id=${`${effect}-kind`} value=${kind} onChange=${(event) => {
        setKind(event.target.value);
        setValues({});
        setError(null);
      }}>${groups.filter(([, kinds]) => kinds.length).map(([name, kinds]) => html`<optgroup key=${name} label=${effect === "fault" ? name : "Outcomes"}>
        ${kinds.map((candidate) => html`<option key=${candidate.kind} value=${candidate.kind} selected=${candidate.kind === kind}>${candidate.kind}</option>`)}</optgroup>`)}</select>
    <//>
    ${entry.parameters.length > 0 && html`<div class="form-grid">${entry.parameters.map((parameter) => html`<${Field} key=${`${kind} ${parameter.name}`}
        id=${`${effect}-with-${parameter.name}`} label=${`${parameter.name}${parameter.required ? " (required)" : ""}`} hint=${parameter.description}>
        <${Input} id=${`${effect}-with-${parameter.name}`} parameter=${parameter} value=${values[parameter.name] ?? ""} isInvalid=${error?.field === parameter.name}
          onChange=${(value) => setValues((before) => ({ ...before, [parameter.name]: value }))} /><//>`)}</div>`}
    <details><summary>Only for some requests</summary><div class="form-grid">${conditions.map((condition) => html`<${Field} key=${condition.name}
        id=${`${effect}-match-${condition.name}`} label=${condition.name} hint=${condition.description}>
        <${Input} id=${`${effect}-match-${condition.name}`} parameter=${condition} value=${match[condition.name] ?? ""}
          onChange=${(value) => setMatch((before) => ({ ...before, [condition.name]: value }))} /><//>`)}</div></details>
    ${error && html`<${Problem} error=${error} />`}
    <div class="actions"><button type="submit" class="primary" disabled=${isBusy}>${label}</button></div>
  </form>`;
}
