// Money over time: what was charged, as a line of steps on the clock.

import { html } from "./vendor/preact.js";
import { dateTime, time, usd } from "./format.js";

const [WIDTH, HEIGHT, BOTTOM, TOP, LEFT] = [720, 150, 22, 14, 56];

export function steps(lines) {
  const charges = lines.filter((line) => Number(line.charged) > 0 && line.settled_at !== null).sort((a, b) => a.settled_at - b.settled_at);
  let sum = 0;
  return charges.map((line) => ({ at: line.settled_at, sum: (sum += Number(line.charged)), id: line.id, amount: line.charged }));
}

export function SpendChart({ lines, now }) {
  const points = steps(lines);
  if (!points.length) return html`<p class="faint">Nothing has been charged yet: money is charged when a task succeeds.</p>`;
  const start = Math.min(...lines.map((line) => line.created_at));
  const end = Math.max(now, points.at(-1).at, start + 1);
  const most = points.at(-1).sum;
  const x = (at) => LEFT + ((at - start) / (end - start)) * (WIDTH - LEFT - 8);
  const y = (sum) => HEIGHT - BOTTOM - (sum / most) * (HEIGHT - BOTTOM - TOP);
  let path = `M${x(start)} ${y(0)}`;
  points.forEach((point) => (path += `H${x(point.at)}V${y(point.sum)}`));
  path += `H${x(end)}`;
  return html`<figure class="chart"><svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${`Charged in all: ${usd(most.toFixed(4))}, by ${points.length} orders from ${dateTime(start)} to ${dateTime(end)}`}>
    ${[0, 0.5, 1].map((share) => html`<g key=${share} class="grid"><line x1=${LEFT} x2=${WIDTH - 8} y1=${y(most * share)} y2=${y(most * share)} />
      <text x=${LEFT - 8} y=${y(most * share) + 4} text-anchor="end">${usd((most * share).toFixed(2))}</text></g>`)}
    <path class="area" d=${`${path}V${y(0)}Z`} /><path class="line" d=${path} />
    ${points.length <= 60 && points.map((point) => html`<circle key=${point.id} cx=${x(point.at)} cy=${y(point.sum)} r="3.500"><title>${`${point.id}: ${usd(point.amount)} at ${time(point.at)}`}</title></circle>`)}
    <text x=${LEFT} y=${HEIGHT - 4}>${time(start)}</text><text x=${WIDTH - 8} y=${HEIGHT - 4} text-anchor="end">${time(end)}</text>
  </svg></figure>`;
}
