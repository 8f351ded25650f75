// Keyboard shortcuts of one key, which can be turned off (WCAG 2.1.4), and the list of them.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";

const SETTING = "seedmock.shortcuts";
const isOn = () => localStorage.getItem(SETTING) !== "off";

export const ROW_KEYS = [["j", "next row"], ["k", "previous row"], ["Enter", "open the row"]];

export function useShortcuts(views, openHelp) {
  useEffect(() => {
    const press = (event) => {
      const isTyping = event.target.closest("input, textarea, select, dialog");
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping || !isOn()) return;
      const view = views[Number(event.key) - 1];
      if (view) location.hash = `#/${view}`;
      else if (event.key === "?") openHelp();
      else if (event.key === "/") document.querySelector("[data-filter]")?.focus();
      else if (event.key === "j" || event.key === "k") moveFocus(event.key === "j" ? 1 : -1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function moveFocus(step) {
  const links = [...document.querySelectorAll("[data-row-link]")];
  const here = links.indexOf(document.activeElement);
  const box = document.querySelector(".scroll");
  const top = box?.getBoundingClientRect().top ?? 0;
  const first = links.findIndex((link) => link.getBoundingClientRect().top >= top);
  links[here < 0 ? Math.max(first, 0) : Math.min(links.length - 1, Math.max(0, here + step))]?.focus();
}

export function Help({ isOpen, onClose, views }) {
  const dialog = useRef(null);
  const [isEnabled, setEnabled] = useState(isOn);
  useEffect(() => {
    if (isOpen && !dialog.current.open) dialog.current.showModal();
  }, [isOpen]);
  const toggle = (event) => {
    localStorage.setItem(SETTING, event.target.checked ? "on" : "off");
    setEnabled(event.target.checked);
  };
  const keys = [...views.map(([, text], index) => [String(index + 1), text]), ["/", "to the filter"], ...ROW_KEYS, ["?", "this list"]];
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="help-title">
    <h2 id="help-title">Keyboard shortcuts</h2>
    <dl class="keys">${keys.map(([key, text]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
    <label class="check"><input type="checkbox" checked=${isEnabled} onChange=${toggle} /> Shortcuts of one key are on</label>
    <button type="button" class="primary" onClick=${() => dialog.current.close()}>Close</button>
  </dialog>`;
}
