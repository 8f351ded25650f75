// One exchange: request, response, violations, code that repeats it, and the difference to another one.

import { html, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { diffLines } from "./diff.js";
import { dateTime, prettyJson } from "./format.js";
import { useLive } from "./live.js";
import { Copy, Facts, Loaded, Tag, Text } from "./parts.js";
import { LANGUAGES, wholeBody } from "./snippets.js";

const headerLines = (headers) => headers.map(([name, value]) => `${name}: ${value}`);

function lines(exchange) {
  const query = exchange.query ? `?${exchange.query}` : "";
  return [`${exchange.method} ${exchange.path}${query}`, ...headerLines(exchange.request_headers), "", ...prettyJson(exchange.request_body).split("\n"), "",
    `${exchange.status} ${exchange.kind}`, ...headerLines(exchange.response_headers), "", ...prettyJson(exchange.response_body).split("\n")];
}

function Difference({ exchange, other }) {
  const result = useLive(`journal/${encodeURIComponent(other)}`, ["-"]);
  return html`<section class="card"><h2>Difference to exchange ${other}</h2><${Loaded} result=${result}>${(second) => {
    const difference = diffLines(lines(exchange), lines(second));
    return html`<p class="faint">${difference.every(([kind]) => kind === "same") ? "They are the same." : `− is in ${exchange.number} alone, + in ${other} alone.`}</p>
      <pre class="diff" tabindex="0">${difference.map(([kind, line], index) => html`<span key=${index} class=${kind}>${{ same: "  ", removed: "− ", added: "+ " }[kind]}${line}\n</span>`)}</pre>`;
  }}<//></section>`;
}

function Snippets({ exchange }) {
  const [language, setLanguage] = useState("curl");
  const make = LANGUAGES.find(([name]) => name === language)[2];
  const code = make(exchange);
  return html`<section class="card"><h2>Repeat it</h2>
    <div class="actions" role="group" aria-label="Language">${LANGUAGES.map(([name, label]) => html`<button type="button" key=${name} aria-pressed=${name === language}
      onClick=${() => setLanguage(name)}>${label}</button>`)}<${Copy} text=${code} label="Copy code" /></div>
    ${!wholeBody(exchange) && html`<p class="faint">The journal has only a part of the body: it is too large, a form, or not text.</p>`}
    <pre tabindex="0" data-snippet=${language}>${code}</pre></section>`;
}

function Message({ title, first, headers, body }) {
  return html`<section class="card"><h2>${title}</h2><code class="first-line">${first}</code>
    <details><summary>${headers.length} headers</summary><pre tabindex="0">${headerLines(headers).join("\n")}</pre></details>
    ${body ? html`<${Text} text=${prettyJson(body)} limit=${4000} code=${true} />` : html`<p class="faint">No body, or not text.</p>`}</section>`;
}

function Compare({ number }) {
  const [other, setOther] = useState("");
  return html`<form class="actions" onSubmit=${(event) => {
    event.preventDefault();
    if (/^\d+$/.test(other)) location.hash = `#/journal/${number}?with=${other}`;
  }}><label for="compare">Compare with number</label><input id="compare" class="short" inputmode="numeric" value=${other} onInput=${(event) => setOther(event.target.value)} /><button type="submit">Compare</button></form>`;
}

export function Exchange({ number, other }) {
  const result = useLive(async (options) => {
    const [exchange, violations] = await Promise.all([
      get(`journal/${encodeURIComponent(number)}`, options), get(`violations?since=${encodeURIComponent(number)}&limit=1000`, options)]);
    return { exchange, violations: violations.violations.filter((violation) => violation.number === exchange.number) };
  }, ["-"], [number]);
  return html`<p class="back"><a href="#/journal">← Journal</a></p><${Loaded} result=${result}>${({ exchange, violations }) => html`
    <div class="title"><h1>Exchange ${exchange.number}</h1><${Tag} tone=${exchange.kind === "ok" ? "good" : "bad"}>${exchange.status || "no response"} ${exchange.kind}<//>
      ${exchange.faults.map((fault) => html`<${Tag} key=${fault} tone="warn">${fault}<//>`)}<${Compare} number=${exchange.number} /></div>
    <${Facts} rows=${[["Upstream", exchange.upstream], ["Operation", exchange.operation || "unknown"], ["Account", exchange.account], ["Clock", dateTime(exchange.at)]]} />
    ${other && html`<${Difference} exchange=${exchange} other=${other} />`}
    ${(violations.length > 0 || exchange.notes.length > 0) && html`<section class="card"><h2>Violations and notes</h2><ul class="sentences">
      ${violations.map((violation) => html`<li key=${violation.fact + violation.field}><${Tag} tone=${violation.advice ? "warn" : "bad"}>${violation.severity.replace("_", " ")}<//> ${violation.message}
        <small><code>${violation.fact}</code>, ${violation.basis}: ${violation.source}</small></li>`)}
      ${exchange.notes.map((note) => html`<li key=${note}>${note}</li>`)}</ul></section>`}
    <div class="columns">
      <${Message} title="Request" first=${`${exchange.method} ${exchange.path}${exchange.query ? `?${exchange.query}` : ""}`} headers=${exchange.request_headers} body=${exchange.request_body} />
      <${Message} title="Response" first=${exchange.status ? String(exchange.status) : "The connection ended without a response."} headers=${exchange.response_headers} body=${exchange.response_body} />
    </div><${Snippets} exchange=${exchange} />`}<//>`;
}
