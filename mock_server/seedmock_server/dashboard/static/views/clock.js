// The clock: its time and rate, what to do with it, what has become due, and what will.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { get, post, query } from "../api.js";
import { dateTime, duration, plural, time } from "../format.js";
import { useLive, useTick } from "../live.js";
import { Empty, Field, Loaded, Problem, Select, Status, Table, Tag } from "../parts.js";

const TOPICS = ["clock", "due", "journal", "reset", "forget", "snapshot"];
const STEPS = [["1s", "1 s"], ["10s", "10 s"], ["1m", "1 min"], ["1h", "1 h"], ["1d", "1 day"]];
const RATES = [["0.1", "× 0.1"], ["1", "× 1, as the system"], ["10", "× 10"], ["60", "× 60"], ["3600", "× 3600"]];

export function useAccounts() {
  const { data } = useLive("ledger?limit=0", ["journal", "reset", "snapshot"]);
  return data?.statements.map((statement) => statement.account) ?? [];
}

function Events({ events, empty, now }) {
  if (!events.length) return html`<p class="faint">${empty}</p>`;
  return html`<ol class="events">${events.map((event) => html`<li key=${`${event.id} ${event.kind} ${event.at}`}>
    <span class="number mono">${time(event.at)}</span>
    <span class="faint number">${event.at > now ? `in ${duration(event.at - now)}` : `${duration(now - event.at)} ago`}</span>
    ${event.kind === "task" ? html`<${Status} status=${event.status} />` : html`<${Tag} tone="accent">${event.kind} ${event.status}<//>`}
    ${event.kind === "asset" ? html`<code>${event.id}</code>` : html`<a href=${`#/tasks/${encodeURIComponent(event.id)}`}><code>${event.id}</code></a>`}
    <span class="faint">${event.upstream}</span></li>`)}</ol>`;
}

export default function Clock() {
  const [account, setAccount] = useState("");
  const [amount, setAmount] = useState("10s");
  const [rate, setRate] = useState("1");
  const [since, setSince] = useState(null);
  const [problem, setProblem] = useState(null);
  const [said, setSaid] = useState("");
  const accounts = useAccounts();
  const result = useLive(async (options) => {
    const clock = await get(`clock${query({ account })}`, options);
    const begin = since ?? clock.now;
    const [passed, coming] = await Promise.all([
      clock.now > begin ? get(`agenda${query({ account, since: begin, until: clock.now, limit: 200 })}`, options) : { events: [], total: 0 },
      get(`agenda${query({ account, since: clock.now, limit: 50 })}`, options)]);
    return { clock, passed, coming, at: performance.now() };
  }, TOPICS, [account, since]);
  const first = useRef(true);
  useEffect(() => {
    if (result.data && since === null) setSince(result.data.clock.now);
  }, [result.data]);
  useEffect(() => {
    if (first.current) first.current = false;
    else setSince(null);
  }, [account]);
  useTick(Boolean(result.data?.clock.rate), 200);
  const act = async (body, sentence) => {
    try {
      const before = result.data.clock;
      const clock = await post("clock", { ...body, ...(account ? { account } : {}) });
      if (body.advance || body.next) setSince(before.rate === 0 ? before.now : Math.max(before.now, clock.now - 1e7));
      setProblem(null);
      setSaid(sentence(clock));
    } catch (error) {
      setProblem(error);
    }
  };
  const moved = (clock) => `The clock reads ${dateTime(clock.now)}.`;
  return html`<div class="title"><h1>Clock</h1>
      <${Select} label="Which clock" empty="Shared clock" value=${account} options=${accounts} onChange=${setAccount} /></div>
    <${Loaded} result=${result}>${({ clock, passed, coming, at }) => {
      const now = clock.now + ((performance.now() - at) / 1000) * clock.rate;
      const own = Object.entries(clock.accounts);
      return html`<section class="card clock-card">
        <p class="clock-face"><span class="big">${time(now)}</span><span>${dateTime(now).slice(0, 10)} UTC</span>
          ${clock.rate === 0 ? html`<${Tag} tone="warn">frozen<//>` : html`<${Tag} tone="good">runs at × ${clock.rate}<//>`}</p>
        <p class="faint">${clock.next_due_at === null ? "Nothing is due." : html`The next change is due in <strong>${duration(Math.max(0, clock.next_due_at - now))}</strong>, at ${time(clock.next_due_at)}.`}</p>
        <form class="actions" onSubmit=${(event) => {
          event.preventDefault();
          act({ advance: amount }, moved);
        }}>
          <input class="short" aria-label="Amount of time" value=${amount} onInput=${(event) => setAmount(event.target.value)} aria-describedby="amount-hint" />
          <button class="primary" type="submit">Advance</button>
          ${STEPS.map(([value, text]) => html`<button type="button" class="quiet" key=${value} onClick=${() => act({ advance: value }, moved)}>+ ${text}</button>`)}
          <small id="amount-hint">seconds, or 500ms, 2m, 1h, 1d</small>
        </form>
        <div class="actions">
          <button type="button" disabled=${clock.next_due_at === null} onClick=${() => act({ next: true }, moved)}>Next</button>
          <button type="button" disabled=${clock.rate === 0} onClick=${() => act({ freeze: true }, () => "The clock is frozen.")}>Freeze</button>
          <span class="split"></span>
          <${Select} label="Rate" value=${rate} options=${RATES} onChange=${setRate} />
          <button type="button" onClick=${() => act({ rate: Number(rate) }, (changed) => `The clock runs at × ${changed.rate}.`)}>Run</button>
        </div>
        ${problem && html`<${Problem} error=${problem} />`}
        <p class="hidden" aria-live="polite">${said}${passed.total ? ` ${plural(passed.total, "change")} became due.` : ""}</p>
      </section>
      <div class="columns">
        <section class="card"><h2>Became due <span class="faint">${since === null ? "" : `since ${time(since)}`}</span></h2>
          <${Events} events=${passed.events.toReversed()} now=${now} empty="Nothing has become due since you opened this view or moved the clock." /></section>
        <section class="card"><h2>Coming <span class="faint">${plural(coming.total, "change")}</span></h2>
          <${Events} events=${coming.events} now=${now} empty="Nothing is due: no task, asset or callback changes any more." /></section>
      </div>
      <section class="card"><h2>Clocks of keys</h2>${own.length ? html`<${Table} head=${["Account", ["Reads", "number mono"], "Rate"]} rows=${own.map(([name, reading]) => ({
        key: name, cells: [html`<button type="button" class="quiet" onClick=${() => setAccount(name)}>${name}</button>`, dateTime(reading.now), reading.rate === 0 ? "frozen" : `× ${reading.rate}`] }))} />`
        : html`<p class="faint">All keys follow the shared clock. One that is moved alone, above or by X-Mock-Advance, gets a clock of its own.</p>`}</section>`;
    }}<//>`;
}
