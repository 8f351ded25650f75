// Virtual list: rows of one height, of which only those in sight exist and are fetched, page by page.

import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { Empty, Loading, Problem } from "./parts.js";
import { useChanges } from "./live.js";

const PAGE = 100;
const OVERSCAN = 8;

// `load(offset, limit, options)` resolves to {rows, total}; `row(item, index)` renders one; `name` is said to readers.
export function VirtualList({ load, filter, topics, rowHeight, row, head, name, empty, columns }) {
  const box = useRef(null);
  const pages = useRef(new Map());
  const [state, setState] = useState({ total: null, error: null });
  const [range, setRange] = useState([0, 40]);
  const [, redraw] = useState(0);
  const running = useRef(new Set());
  const again = useRef(new Set()); // pages that changed while they were being fetched
  const generation = useRef(0);
  const total = useRef(0);

  const measure = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - OVERSCAN);
    const last = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + OVERSCAN;
    setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
  }, [rowHeight]);

  const fetchPage = useCallback(async (page) => {
    if (running.current.has(page)) return void again.current.add(page);
    running.current.add(page);
    const own = generation.current;
    try {
      const answer = await load(page * PAGE, PAGE);
      if (own !== generation.current) return;
      // New rows come in at the top: what somebody reads further down stays where it is.
      const added = answer.total - total.current;
      if (added > 0 && total.current && box.current?.scrollTop > rowHeight) box.current.scrollTop += added * rowHeight;
      total.current = answer.total;
      pages.current.set(page, answer.rows);
      setState({ total: answer.total, error: null });
      redraw((count) => count + 1);
    } catch (error) {
      if (error.name !== "AbortError") setState((before) => ({ ...before, error }));
    } finally {
      if (own === generation.current) {
        running.current.delete(page);
        if (again.current.delete(page)) fetchPage(page);
      }
    }
  }, [load, rowHeight]);

  const inSight = () => {
    const [first, last] = [Math.floor(range[0] / PAGE), Math.floor(Math.min(range[1], Math.max(total.current, 1) - 1) / PAGE)];
    return Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => first + index);
  };
  const reload = () => {
    const wanted = inSight();
    for (const page of [...pages.current.keys()]) if (!wanted.includes(page)) pages.current.delete(page);
    wanted.forEach(fetchPage);
  };
  useEffect(() => {
    generation.current += 1;
    for (const pending of [pages, running, again]) pending.current.clear();
    total.current = 0;
    if (box.current) box.current.scrollTop = 0;
    fetchPage(0);
  }, [filter]);
  useChanges(reload, topics);
  useEffect(() => {
    inSight().forEach((page) => pages.current.has(page) || fetchPage(page));
  }, [range]);
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [measure, state.total === null]);

  if (state.total === null)
    return state.error ? html`<${Problem} error=${state.error} onRetry=${() => fetchPage(0)} />` : html`<${Loading} lines=${8} />`;
  const rows = [];
  for (let index = range[0]; index < Math.min(range[1], state.total); index += 1) {
    const item = pages.current.get(Math.floor(index / PAGE))?.[index % PAGE];
    rows.push(html`<div class="slot" role="presentation" key=${item?.id ?? item?.number ?? `#${index}`}
      style=${{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}>
      ${item ? row(item, index) : html`<div class="row pending" role="row"><span role="cell">…</span></div>`}</div>`);
  }
  return html`${state.error && html`<${Problem} error=${state.error} onRetry=${reload} />`}
    <div class=${`table ${columns}`} role="table" aria-label=${name} aria-rowcount=${state.total + 1}>
      <div class="head" role="rowgroup">${head}</div>
      ${state.total === 0 && html`<${Empty} ...${empty} />`}
      <div class="scroll" role="rowgroup" ref=${box} onScroll=${measure} tabindex="0" aria-label=${`${name}, rows`}
        hidden=${state.total === 0}>
        <div class="canvas" role="presentation" style=${{ height: `${state.total * rowHeight}px` }}>${rows}</div>
      </div>
    </div>`;
}
