// The fields and references of an order, as the contract has them.

import { html, useState } from "./vendor/preact.js";
import { headers } from "./api.js";
import { Field, Problem, Select, Tag } from "./parts.js";
import { mediaText } from "./views/assets.js";

const ROLES = { first_frame: "First frame", last_frame: "Last frame", reference: "Reference" };
const ACCEPTS = { image: "image/*", video: "video/*", audio: "audio/*" };

// The value as JSON has it: a number where the contract takes no text, so that the request is what a client would send.
export function typed(field, text) {
  if (text === "") return undefined;
  if (field.types.includes("boolean")) return text === "true";
  const isNumber = field.types[0] === "number" || field.types[0] === "integer";
  return isNumber && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function limits(field) {
  const parts = [];
  if (field.low !== null) parts.push(`${field.low} to ${field.high ?? "any"}`);
  if (field.max_length !== null) parts.push(`at most ${field.max_length} characters`);
  if (field.default !== null) parts.push(`default: ${field.default}`);
  return [...parts, field.basis].join("; ");
}

export function OrderField({ field, value, allowed, onChange, problem }) {
  const id = `order-${field.path}`;
  const label = `${field.path}${field.required ? " (required)" : ""}`;
  const isLong = field.path === "prompt";
  const options = field.types.includes("boolean") ? ["true", "false"] : allowed;
  return html`<div class=${isLong ? "whole" : ""}><${Field} id=${id} label=${label} hint=${limits(field)} error=${problem}>
    ${options.length ? html`<${Select} id=${id} value=${value} options=${options} empty="Leave out" onChange=${onChange} />`
      : isLong ? html`<textarea id=${id} aria-invalid=${Boolean(problem)} aria-describedby=${`${id}-hint`} value=${value} onInput=${(event) => onChange(event.target.value)}></textarea>`
      : html`<input id=${id} aria-invalid=${Boolean(problem)} aria-describedby=${`${id}-hint`} value=${value} inputmode=${field.low === null ? "text" : "decimal"} autocomplete="off" onInput=${(event) => onChange(event.target.value)} />`}
  <//></div>`;
}

export function SizeTable({ sizes, isSelected, onPick }) {
  const resolutions = [...new Set(sizes.map((size) => size.resolution))];
  const ratios = [...new Set(sizes.map((size) => size.ratio))];
  return html`<details><summary>Size table</summary><div class="wide"><table class="sizes"><thead><tr><th></th>${ratios.map((ratio) => html`<th key=${ratio}>${ratio}</th>`)}</tr></thead>
    <tbody>${resolutions.map((resolution) => html`<tr key=${resolution}><th scope="row">${resolution}</th>${ratios.map((ratio) => {
      const size = sizes.find((row) => row.resolution === resolution && row.ratio === ratio);
      return html`<td key=${ratio}>${size && html`<button type="button" class="quiet" aria-pressed=${isSelected(size)} onClick=${() => onPick(size)}>${size.text}</button>`}</td>`;
    })}</tr>`)}</tbody></table></div></details>`;
}

export function References({ slots, references, onChange, apiKey }) {
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const add = async (slot, file) => {
    setBusy(true);
    try {
      const response = await fetch("uploads", { method: "POST", body: file, headers: headers({ "X-Mock-Key": apiKey }) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error.message);
      onChange([...references, { kind: slot.kind, role: slot.role, url: answer.url, text: `${file.name}: ${mediaText(answer.facts)}` }]);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return html`<fieldset class="references"><legend>References</legend>
    <div class="slots">${slots.map((slot) => {
      const own = references.filter((reference) => reference.kind === slot.kind && reference.role === slot.role);
      const id = `slot-${slot.kind}-${slot.role}`;
      return html`<div class="field" key=${id}><label for=${id}>${ROLES[slot.role]}: ${slot.kind}</label>
        <input type="file" id=${id} accept=${ACCEPTS[slot.kind]} disabled=${isBusy || (slot.limit !== null && own.length >= slot.limit)} onChange=${(event) => {
          const [file] = event.target.files;
          event.target.value = "";
          if (file) add(slot, file);
        }} /><small>${slot.limit === null ? "" : `at most ${slot.limit}; `}${slot.formats.join(", ")}</small></div>`;
    })}</div>
    ${problem && html`<${Problem} error=${problem} />`}
    <ul class="sentences">${references.map((reference, index) => html`<li key=${reference.url + index}><${Tag}>${ROLES[reference.role]}<//> ${reference.text}
      <button type="button" class="quiet danger" onClick=${() => onChange(references.filter((_, other) => other !== index))} aria-label=${`Remove ${reference.text}`}>Remove</button></li>`)}</ul>
  </fieldset>`;
}
