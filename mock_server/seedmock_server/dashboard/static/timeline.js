// A task's life as a picture: phases on the clock, and what was asked of it meanwhile.

import { html } from "./vendor/preact.js";
import { applied, duration, time } from "./format.js";
import { useWidth } from "./live.js";
import { statusName } from "./parts.js";

const LEFT = 8;
const LANES = { create: 0, upscale: 0, query: 1, content: 2, callback: 2 };
const LANE_NAMES = ["Order", "Polls", "Clip, callback"];

// Long gaps in which nothing happens are drawn shorter, and marked: a clock is often moved by a day.
export function scale(times, lifetime, width) {
  const points = [...new Set(times)].sort((a, b) => a - b);
  const longest = Math.max(lifetime, 0.001) * 0.6;
  const positions = new Map();
  const breaks = [];
  let sum = 0;
  points.forEach((point, index) => {
    if (index > 0) {
      const gap = point - points[index - 1];
      if (gap > longest && point > points[0] + lifetime) breaks.push([points[index - 1], point]);
      sum += breaks.at(-1)?.[1] === point ? longest * 0.5 : gap;
    }
    positions.set(point, sum);
  });
  const factor = (width - 2 * LEFT) / (sum || 1);
  return { x: (at) => LEFT + positions.get(at) * factor, breaks };
}

export function Timeline({ task, now, phases, exchanges }) {
  const [box, width] = useWidth(640, 240);
  const start = task.created_at;
  const known = phases.map((phase) => phase.at);
  const last = known.at(-1);
  const end = Math.max(last, Math.min(now, Math.max(last, ...exchanges.map((exchange) => exchange.at))), start + 0.1);
  const isStuck = task.ends_at === null;
  const shown = exchanges.filter((exchange) => exchange.at >= start - 1);
  const nowShown = Math.min(Math.max(now, start), isStuck ? now : end);
  const { x, breaks } = scale([start, ...known, ...shown.map((exchange) => Math.max(start, exchange.at)), nowShown, end], last - start, width);
  const bars = phases.map((phase, index) => {
    const to = phases[index + 1]?.at ?? (isStuck ? Math.max(end, nowShown) : end);
    return { phase, from: x(phase.at), to: Math.max(x(phase.at) + 3, x(to)), seconds: to - phase.at, isLast: index === phases.length - 1 };
  });
  const summary = phases.map((phase) => `${statusName(phase.status)} after ${duration(phase.at - start)}`).join(", ");
  return html`<figure class="timeline" ref=${box}>
    <svg viewBox=${`0 0 ${width} 150`} role="group" aria-label=${`${summary}; ${shown.length} exchanges`}>
      ${bars.map(({ phase, from, to }) => html`<g key=${phase.at} class=${`bar status-${phase.status} ${phase.reached ? "" : "ahead"}`}>
        <title>${`${statusName(phase.status)} (${phase.raw_status || "the upstream's word"}) from ${time(phase.at)}`}</title>
        <rect x=${from} y="26" width=${to - from} height="22" rx="4" /></g>`)}
      ${bars.map(({ phase, from, to }) => to - from > 78 && html`<text class=${`on-bar status-${phase.status} ${phase.reached ? "" : "ahead"}`} x=${from + 8} y="41">${statusName(phase.status)}</text>`)}
      ${breaks.map(([from, to]) => html`<g class="break"><title>${`${duration(to - from)} without an event`}</title>
        <text x=${(x(from) + x(to)) / 2} y="18" text-anchor="middle">⋯ ${duration(to - from)}</text></g>`)}
      ${LANE_NAMES.map((name, lane) => html`<g class="lane"><line x1=${LEFT} x2=${width - LEFT} y1=${70 + lane * 26} y2=${70 + lane * 26} />
        <text x=${LEFT} y=${64 + lane * 26}>${name}</text></g>`)}
      ${shown.map((exchange) => {
        const kind = applied(exchange.faults).length ? "faulted" : exchange.violations ? "violating" : exchange.status >= 400 || !exchange.status ? "refused" : "fine";
        const [cx, cy] = [x(Math.max(start, exchange.at)), 70 + (LANES[exchange.operation] ?? 1) * 26];
        const faults = applied(exchange.faults);
        const text = `${exchange.number}: ${exchange.operation || "unknown"} ${exchange.status} at ${time(exchange.at)}${faults.length ? `; fault ${faults.join(", ")}` : ""}`;
        return html`<a key=${exchange.number} href=${`#/journal/${exchange.number}`} class=${`dot ${kind}`} aria-label=${text}><title>${text}</title>
          ${kind === "faulted" ? html`<path d=${`M${cx} ${cy - 7}l7 12h-14z`} />` : kind === "fine" ? html`<circle cx=${cx} cy=${cy} r="4.500" />` : html`<rect x=${cx - 4.5} y=${cy - 4.5} width="9" height="9" />`}</a>`;
      })}
      <g class="now"><title>${`the clock: ${time(now)}`}</title><line x1=${x(nowShown)} x2=${x(nowShown)} y1="20" y2="132" /></g>
      <text class="axis" x=${LEFT} y="146">${time(start)}</text>
      <text class="axis" x=${width - LEFT} y="146" text-anchor="end">${isStuck ? "never ends" : time(end)}</text>
    </svg>
    <figcaption><ol class="phases">${bars.map(({ phase, seconds, isLast }) => html`<li key=${phase.at} class=${phase.reached ? "" : "ahead"}>
      <span class=${`swatch status-${phase.status}`}></span>${statusName(phase.status)} <code>${phase.raw_status || ""}</code>
      <span class="faint">${time(phase.at)}${isLast ? "" : `, ${duration(seconds)}`}${phase.reached ? "" : ", still to come"}</span></li>`)}</ol>
      <p class="legend"><span class="dot fine">● answered</span> <span class="dot refused">■ refused</span> <span class="dot faulted">▲ fault</span></p></figcaption>
  </figure>`;
}
