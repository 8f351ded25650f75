// Hooks: data that is loaded again when the server says that it has changed; the route; the clock.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { onChange } from "./events.js";

const SHORTEST_INTERVAL = 300;

export function useChanges(callback, topics) {
  const latest = useRef(callback);
  latest.current = callback;
  const names = topics?.join();
  useEffect(() => {
    let timer = null;
    let last = 0;
    const run = () => {
      timer = null;
      last = performance.now();
      latest.current();
    };
    const stop = onChange((changed) => {
      if (timer || (changed && names !== undefined && !names.split(",").some((name) => changed.has(name)))) return;
      timer = setTimeout(run, Math.max(0, last + SHORTEST_INTERVAL - performance.now()));
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [names]);
}

// `load` is a path of the control API, or a function that returns a promise.
export function useLive(load, topics, keys = [load]) {
  const [result, setResult] = useState({ data: null, error: null, isLoading: true });
  const latest = useRef(load);
  const running = useRef(null);
  latest.current = load;
  const reload = useCallback(async () => {
    running.current?.abort();
    const controller = (running.current = new AbortController());
    try {
      const source = latest.current;
      const options = { signal: controller.signal };
      const data = await (typeof source === "function" ? source(options) : get(source, options));
      if (!controller.signal.aborted) setResult({ data, error: null, isLoading: false });
    } catch (error) {
      if (error.name !== "AbortError" && !controller.signal.aborted)
        setResult((before) => ({ data: before.data, error, isLoading: false }));
    }
  }, []);
  useEffect(() => {
    setResult((before) => ({ ...before, isLoading: true }));
    reload();
    return () => running.current?.abort();
  }, keys);
  useChanges(reload, topics);
  return { ...result, reload };
}

export function useTick(isRunning, milliseconds = 1000) {
  const [, setCount] = useState(0);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setCount((count) => count + 1), milliseconds);
    return () => clearInterval(timer);
  }, [isRunning, milliseconds]);
}

export function useRoute() {
  const [route, setRoute] = useState(parseHash);
  useEffect(() => {
    const follow = () => setRoute(parseHash());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a link that somebody has cut off in the middle of a %-sequence
  }
}

function parseHash() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/").map(decoded);
  return { view: view || "tasks", id: rest.join("/"), query: new URLSearchParams(search) };
}

// The width of an element, for pictures whose text keeps its size.
export function useWidth(initial, least) {
  const box = useRef(null);
  const [width, setWidth] = useState(initial);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(least, Math.round(entry.contentRect.width))));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

export function useMedia(condition) {
  const [matches, setMatches] = useState(() => matchMedia(condition).matches);
  useEffect(() => {
    const media = matchMedia(condition);
    const follow = () => setMatches(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [condition]);
  return matches;
}
