// One stream of changes from the server. EventSource cannot send the token in a header, so the stream is fetched.

import { headers } from "./api.js";

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 5000;
const listeners = new Set();
const stateListeners = new Set();
let state = "connecting";
let pause = FIRST_PAUSE;
let controller = null;
let timer = null;

export function onChange(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

export function onState(callback) {
  stateListeners.add(callback);
  callback(state);
  return () => stateListeners.delete(callback);
}

function setState(value) {
  if (value === state) return;
  state = value;
  stateListeners.forEach((callback) => callback(value));
}

const tell = (topics) => listeners.forEach((callback) => callback(topics));

export function connect() {
  disconnect();
  controller = new AbortController();
  read(controller.signal);
}

export function disconnect() {
  clearTimeout(timer);
  controller?.abort();
  controller = null;
}

async function read(signal) {
  try {
    const response = await fetch("events", { headers: headers(), signal, cache: "no-store" });
    if (response.status === 401 || response.status === 403) return setState("refused");
    if (!response.ok) throw new Error(`status ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      parts.forEach(handle);
    }
  } catch (error) {
    if (error.name === "AbortError") return undefined;
  }
  return retry(signal);
}

function handle(text) {
  const fields = Object.fromEntries(text.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
  if (fields.event === "hello") {
    // Whatever happened while there was no connection is unknown.
    pause = FIRST_PAUSE;
    setState("live");
    tell(null);
  } else if (fields.event === "resync") tell(null);
  else if (fields.event === "change") tell(new Set(JSON.parse(fields.data).topics));
}

function retry(signal) {
  if (signal.aborted) return;
  setState("lost");
  timer = setTimeout(connect, pause);
  pause = Math.min(pause * 1.6, LONGEST_PAUSE);
}

for (const event of ["online", "pageshow"]) {
  addEventListener(event, () => state === "lost" && connect());
}
