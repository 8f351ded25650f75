// Money over time: what was charged, as a line of steps on the clock.

import { html } from "./vendor/preact.js";
import { dateTime, time, usd } from "./format.js";
import { useWidth } from "./live.js";

const [HEIGHT, BOTTOM, TOP, LEFT, RIGHT] = [150, 22, 14, 56, 8];

// `before` is what older lines than these were charged.
export function steps(lines, before = 0) {
  const charges = lines.filter((line) => Number(line.charged) > 0 && line.settled_at !== null).sort((a, b) => a.settled_at - b.settled_at);
  let sum = before;
  return charges.map((line) => ({ at: line.settled_at, sum: (sum += Number(line.charged)), id: line.id, amount: line.charged }));
}

export function SpendChart({ lines, charged, now }) {
  const own = steps(lines).at(-1)?.sum ?? 0;
  const points = steps(lines, Math.max(0, charged - own));
  return points.length ? html`<${Chart} points=${points} lines=${lines} now=${now} />`
    : html`<p class="faint">Nothing has been charged yet: money is charged when a task succeeds.</p>`;
}

function Chart({ points, lines, now }) {
  const [box, width] = useWidth(720, 220);
  const start = Math.min(...lines.map((line) => line.created_at));
  const end = Math.max(now, points.at(-1).at, start + 1);
  const most = points.at(-1).sum;
  const x = (at) => LEFT + ((at - start) / (end - start)) * (width - LEFT - RIGHT);
  const y = (sum) => HEIGHT - BOTTOM - (sum / most) * (HEIGHT - BOTTOM - TOP);
  let path = `M${x(start)} ${y(points[0].sum - Number(points[0].amount))}`;
  points.forEach((point) => (path += `H${x(point.at)}V${y(point.sum)}`));
  path += `H${x(end)}`;
  return html`<figure class="chart" ref=${box}><svg viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${`Charged in all: ${usd(most.toFixed(4))}, by ${points.length} orders from ${dateTime(start)} to ${dateTime(end)}`}>
    ${[0, 0.5, 1].map((share) => html`<g key=${share} class="grid"><line x1=${LEFT} x2=${width - RIGHT} y1=${y(most * share)} y2=${y(most * share)} />
      <text x=${LEFT - 8} y=${y(most * share) + 4} text-anchor="end">${usd((most * share).toFixed(2))}</text></g>`)}
    <path class="area" d=${`${path}V${y(0)}Z`} /><path class="line" d=${path} />
    ${points.length <= 60 && points.map((point) => html`<circle key=${point.id} cx=${x(point.at)} cy=${y(point.sum)} r="3.500"><title>${`${point.id}: ${usd(point.amount)} at ${time(point.at)}`}</title></circle>`)}
    <text x=${LEFT} y=${HEIGHT - 4}>${time(start)}</text><text x=${width - RIGHT} y=${HEIGHT - 4} text-anchor="end">${time(end)}</text>
  </svg></figure>`;
}
