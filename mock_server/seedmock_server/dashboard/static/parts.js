// Small components that all views use. A text is always a child, so that it can never become markup.

import { html, useEffect, useState } from "./vendor/preact.js";
import { blob } from "./api.js";
import { shortened } from "./format.js";

const STATUS_NAMES = {
  NOT_START: "Not started", QUEUED: "Queued", IN_PROGRESS: "Running", SUCCESS: "Succeeded", FAILURE: "Failed",
  CANCELLED: "Cancelled", UNKNOWN: "Unknown",
};
const STATUS_ICONS = {
  QUEUED: "M8 4v4l2.500 2M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2", IN_PROGRESS: "M5 3.500v9l7-4.500z",
  SUCCESS: "M3 8.500l3.500 3.500L13 5", FAILURE: "M4 4l8 8M12 4l-8 8", CANCELLED: "M3 13L13 3",
};

export const statusName = (status) => STATUS_NAMES[status] || status;

export const Icon = ({ path, label }) => html`<svg class="icon" viewBox="0 0 16 16" role=${label ? "img" : null}
  aria-label=${label} aria-hidden=${label ? null : "true"}><path d=${path} /></svg>`;

export const Status = ({ status, raw }) => html`<span class=${`chip status-${status}`} title=${raw}>
  <${Icon} path=${STATUS_ICONS[status] || STATUS_ICONS.QUEUED} />${statusName(status)}</span>`;

export const Tag = ({ tone = "plain", children, title }) =>
  html`<span class=${`tag tone-${tone}`} title=${title}>${children}</span>`;

export const Empty = ({ title, children }) => html`<div class="empty"><h3>${title}</h3><p>${children}</p></div>`;

export const Problem = ({ error, onRetry }) => html`<div class="problem" role="alert">
  <p><strong>This did not work.</strong> ${error.message}</p>
  ${onRetry && html`<button type="button" onClick=${onRetry}>Try again</button>`}</div>`;

export const Loading = ({ lines = 4 }) => html`<div class="skeleton" role="status" aria-label="Loading">
  ${Array.from({ length: lines }, () => html`<span></span>`)}</div>`;

// The three states of anything that is loaded: `children` is a function of the data.
export function Loaded({ result, children, lines }) {
  if (result.data !== null)
    return html`${result.error && html`<${Problem} error=${result.error} onRetry=${result.reload} />`}${children(result.data)}`;
  return result.error ? html`<${Problem} error=${result.error} onRetry=${result.reload} />` : html`<${Loading} lines=${lines} />`;
}

export const Facts = ({ rows }) => html`<dl class="facts">
  ${rows.filter(([, value]) => value !== null && value !== undefined && value !== "").map(
    ([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

// A table that a narrow window shows as one block for each row. `head` has a text or [text, class] for each column; a
// row is {key, cells} and attributes of its own. A column without a text in sight is [text, class, true].
export function Table({ head, rows, className = "" }) {
  const columns = head.map((column) => (Array.isArray(column) ? column : [column, ""]));
  return html`<div class="wide"><table class=${`stacks ${className}`}>
    <thead><tr>${columns.map(([text, tone, isHidden]) => html`<th key=${text} class=${tone}>${isHidden ? html`<span class="hidden">${text}</span>` : text}</th>`)}</tr></thead>
    <tbody>${rows.map(({ key, cells, ...attributes }) => html`<tr key=${key} ...${attributes}>${cells.map((cell, index) =>
      html`<td key=${index} class=${columns[index][1]} data-label=${columns[index][2] ? null : columns[index][0]}><div>${cell}</div></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

const FOLD = 600;

// A long text is folded, and cut where even unfolding it would stop the browser.
export function Text({ text, limit = FOLD, code = false }) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? shortened(text, 200000) : shortened(text, limit);
  const content = code ? html`<pre tabindex="0">${shown}</pre>` : html`<p class="text">${shown}</p>`;
  if (text.length <= limit) return content;
  return html`<div>${content}<button type="button" class="quiet" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
    ${isOpen ? "Fold" : `Show all ${text.length.toLocaleString("en")} characters`}</button></div>`;
}

export function Copy({ text, label = "Copy" }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(() => setDone(true), () => setDone(false));
    setTimeout(() => setDone(false), 1500);
  };
  return html`<button type="button" class="quiet" onClick=${copy}>${isDone ? "Copied" : label}</button>`;
}

export const Field = ({ label, hint, error, children, id }) => html`<div class="field">
  <label for=${id}>${label}</label>${children}
  ${hint && html`<small id=${`${id}-hint`}>${hint}</small>`}
  ${error && html`<small class="error" role="alert">${error}</small>`}</div>`;

export const Select = ({ id, value, options, onChange, empty, label }) => html`<select id=${id} value=${value}
  aria-label=${label} onChange=${(event) => onChange(event.target.value)}>
  ${empty !== undefined && html`<option value="">${empty}</option>`}
  ${options.map((option) => {
    const [name, text] = Array.isArray(option) ? option : [option, option];
    return html`<option key=${name} value=${name} selected=${name === value}>${text}</option>`;
  })}</select>`;

// A blob: URL of something behind the token; revoked when it is not shown any more.
export function useBlob(path, version) {
  const [state, setState] = useState({ url: null, error: null });
  useEffect(() => {
    const controller = new AbortController();
    let url = null;
    setState({ url: null, error: null });
    if (path)
      blob(path, { signal: controller.signal }).then(
        (content) => setState({ url: (url = URL.createObjectURL(content)), error: null }),
        (error) => error.name !== "AbortError" && setState({ url: null, error }));
    return () => {
      controller.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [path, version]);
  return state;
}

export function Thumbnail({ path, alt }) {
  const { url } = useBlob(path);
  return html`<span class="thumb">${url ? html`<img src=${url} alt=${alt} />` : html`<${Icon} path="M2 3h12v10H2zM2 11l4-4 3 3 2-2 3 3" />`}</span>`;
}
