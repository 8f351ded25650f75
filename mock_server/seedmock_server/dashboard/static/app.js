// The shell: navigation, the clock in sight, the connection, the login form, and the view of the address.

import { html, render, useEffect, useRef, useState } from "./vendor/preact.js";
import { get, setToken, whenUnauthorized } from "./api.js";
import { connect, disconnect, onState } from "./events.js";
import { dateTime, duration } from "./format.js";
import { useLive, useRoute, useTick } from "./live.js";
import { Icon, Loading, Problem } from "./parts.js";
import { Help, useShortcuts } from "./shortcuts.js";

export const VIEWS = [
  ["tasks", "Tasks", "M2 3h12M2 8h12M2 13h12"],
  ["clock", "Clock", "M8 4v4l2.500 2M8 1.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13"],
  ["faults", "Break it", "M9 1L3 9h4l-1 6 7-9H9z"],
  ["journal", "Journal", "M3 2h10v12H3zM6 5h4M6 8h4M6 11h2"],
  ["money", "Money", "M8 1.500v13M11 4.500C10 3.500 6 3 5.500 5.500S11 8 11 10.500 6 13 4.500 11.500"],
  ["assets", "Assets", "M2 3h12v10H2zM2 11l4-4 3 3 2-2 3 3"],
  ["contract", "Contract", "M4 1.500h6L13 5v9.500H4zM6.500 8h4M6.500 11h4"],
  ["playground", "Playground", "M5 3.500v9l7-4.500z"],
];
const MODULES = [...VIEWS.map(([name]) => name), "task"];
// A browser remembers that a module could not be fetched: the next attempt has another address.
const load = (name, attempt = 0) => import(`./views/${name}.js${attempt ? `?attempt=${attempt}` : ""}`);
const CONNECTION = { connecting: "Connecting", live: "Live", lost: "Connection lost", refused: "Not allowed" };

function Nav({ view }) {
  const current = view === "task" ? "tasks" : view;
  const list = useRef(null);
  // In a narrow window the list is wider than the window: the view's own name comes into sight.
  useEffect(() => list.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [current]);
  return html`<nav aria-label="Views"><ul ref=${list}>${VIEWS.map(([name, text, icon], index) => html`<li key=${name}>
    <a href=${`#/${name}`} aria-current=${current === name ? "page" : null} aria-keyshortcuts=${index + 1}>
      <${Icon} path=${icon} /><span>${text}</span></a></li>`)}
    <li class="apart"><a href="docs"><${Icon} path="M6 4l-4 4 4 4M10 4l4 4-4 4" /><span>API reference</span></a></li></ul></nav>`;
}

function ClockReadout() {
  const { data } = useLive("clock", ["clock", "due", "journal", "reset", "snapshot"]);
  const read = useRef({ at: 0, data: null });
  if (read.current.data !== data) read.current = { at: performance.now(), data };
  useTick(Boolean(data?.rate), 250);
  if (!data) return null;
  const now = data.now + ((performance.now() - read.current.at) / 1000) * data.rate;
  const due = data.next_due_at;
  return html`<a class="clock-readout" href="#/clock" title="The shared clock">
    <span class="now"><span class="date">${dateTime(now).slice(0, 11)}</span>${dateTime(now).slice(11)}</span>
    <span class="rate">${data.rate === 0 ? "frozen" : data.rate === 1 ? "" : `× ${data.rate}`}</span>
    ${due !== null && html`<span class="due">next in ${duration(Math.max(0, due - now))}</span>`}</a>`;
}

function Login({ message, onDone }) {
  const input = useRef(null);
  useEffect(() => input.current.focus(), []);
  const [error, setError] = useState(message);
  const submit = async (event) => {
    event.preventDefault();
    setToken(new FormData(event.target).get("token").trim());
    try {
      await get("clock");
      onDone();
    } catch (problem) {
      setToken("");
      setError(problem.message);
    }
  };
  return html`<main data-view="login" class="login"><form onSubmit=${submit}>
    <h1>seedmock</h1>
    <p>This server asks for its control token: that of <code>--control-token</code>, or the one that <code>seedmock serve</code> printed.</p>
    <label for="token">Control token</label>
    <input id="token" name="token" type="password" autocomplete="off" required ref=${input} aria-describedby="token-note" />
    ${error && html`<p class="error" role="alert">${error}</p>`}
    <button class="primary" type="submit">Log in</button>
    <small id="token-note">It stays in this tab, and is sent to this server alone.</small>
  </form></main>`;
}

function View({ route }) {
  const name = route.view === "tasks" && route.id ? "task" : route.view;
  const [module, setModule] = useState({ name: "", Component: null, error: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    if (!MODULES.includes(name)) return void setModule({ name, Component: null, error: new Error(`There is no view ${name}.`) });
    load(name, attempt).then(
      (loaded) => {
        if (isCurrent) setModule({ name, Component: loaded.default, error: null });
        // The others are fetched now: a view opens at once, and also when the server has gone.
        for (const other of MODULES) load(other).catch(() => {});
      },
      () => isCurrent && setModule({ name, Component: null, error: new Error("The server does not answer, so that this view could not be loaded.") }));
    return () => (isCurrent = false);
  }, [name, attempt]);
  const retry = () => setAttempt((before) => before + 1);
  const isMissing = module.name === name && module.error !== null;
  useEffect(() => isMissing ? onState((state) => state === "live" && retry()) : undefined, [isMissing]);
  const main = useRef(null), isFirst = useRef(true);
  useEffect(() => {
    const title = VIEWS.find(([view]) => view === route.view)?.[1] ?? "";
    document.title = `${title} · seedmock`;
    const isIdle = document.activeElement === document.body || document.activeElement?.closest("nav");
    if (!isFirst.current && isIdle) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [name]);
  const { Component, error } = module.name === name ? module : { Component: null, error: null };
  return html`<main id="main" tabindex="-1" ref=${main} data-view=${name} key=${name}>
    ${error ? html`<${Problem} error=${error} onRetry=${MODULES.includes(name) && retry} />` : Component ? html`<${Component} id=${route.id} query=${route.query} />` : html`<${Loading} />`}
  </main>`;
}

function App() {
  const route = useRoute();
  const [connection, setConnection] = useState("connecting");
  const [login, setLogin] = useState(null);
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts(VIEWS.map(([name]) => name), () => setHelpOpen(true));
  useEffect(() => onState(setConnection), []);
  useEffect(() => whenUnauthorized((message) => {
    disconnect();
    setLogin((before) => before ?? message);
  }), []);
  // The stream says only that it is refused; a call says why, and a wrong token leads to the login form.
  useEffect(() => void (connection === "refused" && get("clock").catch(() => {})), [connection]);
  useEffect(() => {
    connect();
    get("clock").catch(() => {});
    return disconnect;
  }, []);
  if (login !== null) return html`<${Login} message=${login.startsWith("missing") ? "" : login} onDone=${() => {
    setLogin(null);
    connect();
  }} />`;
  return html`<a class="skip" href="#main" onClick=${(event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  }}>Skip to the content</a>
  <header class="top">
    <a class="brand" href="#/tasks"><img src="page/icon.svg" alt="" width="22" height="22" />seedmock</a>
    <${ClockReadout} />
    <span class=${`connection ${connection}`} role="status" data-connection=${connection}>${CONNECTION[connection]}</span>
    <button type="button" class="quiet help" aria-label="Keyboard shortcuts" onClick=${() => setHelpOpen(true)}>?</button>
  </header>
  <${Nav} view=${route.view} />
  ${connection === "lost" && html`<p class="lost" role="alert">The server does not answer. What you see may be old; this page comes back by itself.</p>`}
  <${View} route=${route} />
  <${Help} isOpen=${isHelpOpen} onClose=${() => setHelpOpen(false)} views=${VIEWS} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
