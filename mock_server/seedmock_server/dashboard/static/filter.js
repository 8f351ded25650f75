// Filters of a list: what was chosen and typed, and the upstreams to choose from.

import { useEffect, useRef, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { useLive } from "./live.js";

const TYPING_PAUSE = 200;

export function useUpstreams() {
  return useLive(async (options) => Object.keys(await get("basis", options)), ["snapshot"], ["upstreams"]).data ?? [];
}

// `later` gives a listener for typing, which waits for a pause.
export function useFilter(empty) {
  const [filter, setFilter] = useState(empty);
  const timer = useRef(null);
  const set = (name, value) => setFilter((before) => ({ ...before, [name]: value }));
  const later = (name) => (event) => {
    clearTimeout(timer.current);
    const { value } = event.target;
    timer.current = setTimeout(() => set(name, value), TYPING_PAUSE);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const key = JSON.stringify(filter);
  return { filter, key, set, later, isFiltered: key !== JSON.stringify(empty) };
}
