// Playground: an order for each upstream, its price and the exact request before it is sent; then it is followed.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { get, post } from "../api.js";
import { prettyJson, usd } from "../format.js";
import { useLive } from "../live.js";
import { OrderField, References, SizeTable, typed } from "../order_form.js";
import { Field, Loaded, Problem, Select, Status, Tag } from "../parts.js";

const name = (form) => `${form.upstream} ${form.operation}`;

function Follow({ task }) {
  const { data } = useLive(`tasks/${encodeURIComponent(task)}`, ["journal", "due", "clock", "reset"]);
  if (!data) return null;
  return html`<p class="actions" data-task-id=${task} data-status=${data.status} aria-live="polite"><${Status} status=${data.status} raw=${data.raw_status} />
    <a href=${`#/tasks/${encodeURIComponent(task)}`}>Open the task</a><code>${task}</code></p>`;
}

function Answer({ answer }) {
  return html`<section class="card"><h2>Response</h2><p class="actions"><${Tag} tone=${answer.status && answer.status < 400 ? "good" : "bad"}>${answer.status || "The connection ended without a response"}<//></p>
    ${answer.task && html`<${Follow} task=${answer.task} />`}<pre tabindex="0">${prettyJson(answer.body)}</pre></section>`;
}

function Preview({ form, apiKey, preview, document, onEdit }) {
  if (!preview) return null;
  const fields = preview.problems;
  return html`<section class="card"><h2>Request <span class="faint">exactly as it will be sent</span></h2>
    <pre tabindex="0" aria-label="Head of the request">${`${preview.method} ${preview.path} HTTP/1.1\nHost: ${location.host}\nAuthorization: Bearer ${apiKey ? "•".repeat(8) : ""}\nContent-Type: application/json`}</pre>
    <${Field} id="document" label="Body"><textarea id="document" class="mono body" spellcheck="false" value=${document} onInput=${(event) => onEdit(event.target.value)}></textarea><//>
    <div aria-live="polite"><p class="quote">${preview.quote ? html`<strong>${usd(preview.quote.amount)}</strong> <span class="faint">if it succeeds: ${preview.quote.rate} USD a ${preview.quote.unit}${preview.quote.tokens === null ? "" : `, ${preview.quote.tokens.toLocaleString("en")} tokens`}; ${preview.quote.basis}</span>`
      : html`<span class="faint">No price: ${preview.quote_problem}</span>`}</p>
    ${fields.length === 0 ? html`<p class="good-text">Keeps every rule of the contract.</p>` : html`<ul class="sentences">${fields.map((problem) => html`<li key=${problem.fact + problem.field}>
      <${Tag} tone=${problem.advice ? "warn" : "bad"}>${problem.advice ? "advice" : "violation"}<//> ${problem.message} <small><code>${problem.fact}</code>, ${problem.basis}</small></li>`)}</ul>`}</div></section>`;
}

function Order({ form }) {
  const scalar = (value) => (typeof value === "object" ? "" : String(value));
  const [values, setValues] = useState(() => Object.fromEntries(form.fields.map((field) => [field.path, scalar(form.example[field.path] ?? "")])));
  const [references, setReferences] = useState([]);
  const [apiKey, setApiKey] = useState("sk_playground");
  const [edited, setEdited] = useState(null);
  const [preview, setPreview] = useState(null);
  const [problem, setProblem] = useState(null);
  const [answer, setAnswer] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isStale, setStale] = useState(true); // the preview is not yet that of the form: nothing unseen is sent
  const running = useRef(0);
  const document = edited ?? (preview ? JSON.stringify(preview.document, null, 2) : "");
  useEffect(() => {
    const own = (running.current += 1);
    setStale(true);
    const body = { upstream: form.upstream, operation: form.operation };
    if (edited !== null) {
      try {
        body.document = JSON.parse(edited);
      } catch (error) {
        return void setProblem(new Error(`The body is no JSON: ${error.message}`));
      }
    } else {
      body.values = Object.fromEntries(form.fields.map((field) => [field.path, typed(field, values[field.path] ?? "")]).filter(([, value]) => value !== undefined));
      body.references = references.map(({ kind, role, url }) => ({ kind, role, url }));
    }
    const timer = setTimeout(() => post("orders/preview", body).then(
      (result) => own === running.current && (setPreview(result), setProblem(null), setStale(false)),
      (error) => own === running.current && setProblem(error)), 120);
    return () => clearTimeout(timer);
  }, [values, references, edited]);
  const model = form.models.find((candidate) => candidate.name === values.model);
  // Sizes and resolutions that the chosen model does not have are left out, but for the one that is chosen already.
  const others = new Set(form.sizes.filter((size) => model && !model.resolutions.includes(size.resolution)).flatMap((size) => [size.text, size.resolution]));
  const allowed = (field) => field.allowed.filter((value) => !others.has(value) || value === values[field.path]);
  const set = (path, value) => {
    setEdited(null);
    setValues((before) => ({ ...before, [path]: value }));
  };
  const pick = (size) => {
    const bySize = form.fields.find((field) => field.allowed.includes(size.text));
    if (bySize) return set(bySize.path, size.text);
    form.fields.forEach((field) => {
      if (field.allowed.includes(size.resolution)) set(field.path, size.resolution);
      if (field.allowed.includes(size.ratio)) set(field.path, size.ratio);
    });
  };
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      setAnswer(await post("orders", { upstream: form.upstream, operation: form.operation, key: apiKey, document: JSON.parse(document) }));
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const problemOf = (path) => preview?.problems.find((entry) => entry.field === path && !entry.advice)?.message;
  return html`<form class="columns" onSubmit=${send}>
    <section class="card"><h2>${form.display_name}</h2>
      <div class="form-grid">${form.fields.map((field) => html`<${OrderField} key=${field.path} field=${field} allowed=${allowed(field)} value=${values[field.path] ?? ""} problem=${problemOf(field.path)}
        onChange=${(value) => set(field.path, value)} />`)}</div>
      ${form.slots.length > 0 && html`<${SizeTable} sizes=${form.sizes} onPick=${pick} isSelected=${(size) => Object.values(values).includes(size.text) || (Object.values(values).includes(size.resolution) && Object.values(values).includes(size.ratio))} />
        <${References} slots=${form.slots} references=${references} apiKey=${apiKey} onChange=${(changed) => {
          setEdited(null);
          setReferences(changed);
        }} />`}
    </section>
    <div class="stack">
      <${Preview} form=${form} apiKey=${apiKey} preview=${preview} document=${document} onEdit=${setEdited} />
      <section class="card"><${Field} id="key" label="API key" hint="any, unless the server was started with --key"><input id="key" value=${apiKey} autocomplete="off" required onInput=${(event) => setApiKey(event.target.value)} /><//>
        ${problem && html`<${Problem} error=${problem} />`}
        <div class="actions"><button type="submit" class="primary" disabled=${isBusy || isStale}>Send</button></div></section>
      ${answer && html`<${Answer} answer=${answer} />`}
    </div></form>`;
}

export default function Playground() {
  const result = useLive("orders", ["-"]);
  const [chosen, setChosen] = useState("");
  return html`<div class="title"><h1>Playground</h1></div><${Loaded} result=${result}>${(forms) => {
    const form = forms.find((candidate) => name(candidate) === chosen) ?? forms[0];
    return html`<div class="actions" role="group" aria-label="Upstream and operation">${forms.map((candidate) => html`<button type="button" key=${name(candidate)} aria-pressed=${candidate === form}
      onClick=${() => setChosen(name(candidate))}>${candidate.upstream}: ${candidate.operation}</button>`)}</div><${Order} key=${name(form)} form=${form} />`;
  }}<//>`;
}
