// Tasks: a live list of all keys' tasks, filtered by the server.

import { html, useCallback, useMemo, useRef } from "../vendor/preact.js";
import { get, query } from "../api.js";
import { useFilter, useUpstreams } from "../filter.js";
import { duration, plural, shortened, usd } from "../format.js";
import { useLive, useMedia, useTick } from "../live.js";
import { VirtualList } from "../list.js";
import { Select, Status, statusName, Tag } from "../parts.js";

const STATUSES = ["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE", "CANCELLED"];
const TOPICS = ["journal", "due", "clock", "reset", "forget", "snapshot"];
const COLUMNS = ["Status", "Task", "Upstream", "Model", "Size", "Length", "Fate", "Age", "Cost"];
const EMPTY = { upstream: "", status: "", key: "", text: "" };

const rateNow = { value: 0 };

// The age by the clock, which goes on while nothing else changes.
function Age({ task }) {
  const read = useRef({ task, at: performance.now() });
  if (read.current.task !== task) read.current = { task, at: performance.now() };
  const isRunning = rateNow.value > 0;
  useTick(isRunning);
  return duration(task.age + (isRunning ? ((performance.now() - read.current.at) / 1000) * rateNow.value : 0));
}

function Row({ task, index }) {
  return html`<div class="row" role="row" aria-rowindex=${index + 2} data-task-id=${task.id} data-status=${task.status}>
    <span role="cell" class="c-status"><${Status} status=${task.status} raw=${task.raw_status} /></span>
    <span role="cell" class="c-main"><a href=${`#/tasks/${encodeURIComponent(task.id)}`} data-row-link>
      ${shortened(task.prompt || "(no prompt)", 160)}</a><code>${task.id}</code></span>
    <span role="cell" class="c-upstream">${task.upstream}</span>
    <span role="cell" class="c-model" title=${task.model}>${task.model.split("/").pop()}</span>
    <span role="cell" class="c-size">${task.size}</span>
    <span role="cell" class="c-length">${task.seconds} s</span>
    <span role="cell" class="c-fate">${task.fate && task.fate !== "succeed" ? html`<${Tag} tone="warn" title=${task.fate}>${shortened(task.fate, 26)}<//>` : html`<span class="faint">succeed</span>`}</span>
    <span role="cell" class="c-age"><${Age} task=${task} /></span>
    <span role="cell" class="c-cost" title=${task.billing}>${usd(task.cost)}</span>
  </div>`;
}

function Announcer({ filter: { key, ...filter } }) {
  const load = (options) => get(`tasks${query({ ...filter, limit: 1, order: "newest" })}`, { ...options, key });
  const { data } = useLive(load, TOPICS, [key, JSON.stringify(filter)]);
  const newest = data?.tasks[0];
  return html`<p class="count" aria-live="polite">${data === null ? "" : plural(data.total, "task")}<span class="hidden">${
    newest ? `; the newest: ${statusName(newest.status)}` : ""}</span></p>`;
}

export default function Tasks() {
  const { filter, key, set, later, isFiltered } = useFilter(EMPTY);
  const upstreams = useUpstreams();
  const isNarrow = useMedia("(max-width: 899px)");
  const load = useCallback(async (offset, limit) => {
    const { key: apiKey, ...rest } = filter;
    const [answer, clock] = await Promise.all([get(`tasks${query({ ...rest, order: "newest", offset, limit })}`, { key: apiKey }), get("clock", { key: apiKey })]);
    rateNow.value = clock.rate;
    return { rows: answer.tasks, total: answer.total };
  }, [key]);
  const head = useMemo(() => html`<div class="row" role="row" aria-rowindex="1">${COLUMNS.map(
    (name) => html`<span role="columnheader" key=${name} class=${`c-${name === "Task" ? "main" : name.toLowerCase()}`}>${name}</span>`)}</div>`, []);
  return html`<div class="title"><h1>Tasks</h1><${Announcer} filter=${filter} /></div>
    <form class="filters" role="search" aria-label="Filter tasks" onSubmit=${(event) => event.preventDefault()}>
      <input type="search" data-filter placeholder="Search prompt, id, model, fate" aria-label="Search tasks" onInput=${later("text")} />
      <${Select} label="Upstream" empty="All upstreams" value=${filter.upstream} options=${upstreams} onChange=${(value) => set("upstream", value)} />
      <${Select} label="Status" empty="All statuses" value=${filter.status} onChange=${(value) => set("status", value)}
        options=${STATUSES.map((status) => [status, statusName(status)])} />
      <input type="text" placeholder="API key" aria-label="API key" autocomplete="off" onInput=${later("key")} />
    </form>
    <${VirtualList} load=${load} filter=${key} name="Tasks" columns="tasks" rowHeight=${isNarrow ? 92 : 52} head=${head}
      topics=${TOPICS}
      row=${(task, index) => html`<${Row} task=${task} index=${index} />`}
      empty=${isFiltered
        ? { title: "No task matches", children: "Change the filter to see others." }
        : { title: "No tasks yet", children: html`Point your application at this server, or send an order from the <a href="#/playground">playground</a>.` }} />`;
}
