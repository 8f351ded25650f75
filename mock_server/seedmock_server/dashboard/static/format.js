// Texts of times, amounts and sizes. Pure; times are in seconds.

const pad = (number) => String(number).padStart(2, "0");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const sign = seconds < 0 ? "−" : "";
  const value = Math.abs(seconds);
  if (value < 10) return `${sign}${value.toFixed(1)} s`;
  if (value < 60) return `${sign}${Math.floor(value)} s`;
  if (value < 3600) return `${sign}${Math.floor(value / 60)} min ${pad(Math.floor(value % 60))} s`;
  if (value < 86400) return `${sign}${Math.floor(value / 3600)} h ${pad(Math.floor((value % 3600) / 60))} min`;
  return `${sign}${Math.floor(value / 86400)} d ${Math.floor((value % 86400) / 3600)} h`;
}

export function time(epoch) {
  const date = new Date(epoch * 1000);
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
}

export function dateTime(epoch) {
  if (epoch === null || epoch === undefined) return "—";
  const date = new Date(epoch * 1000);
  return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())} ${time(epoch)} UTC`;
}

export function usd(text) {
  if (text === null || text === undefined) return "—";
  const value = Number(text);
  const known = (String(text).split(".")[1] || "").length;
  const digits = known > 2 ? Math.max(4, Math.min(6, known)) : 2; // $0.5880 below $0.6111, but $5.00
  return `$${value.toFixed(digits)}`;
}

export function bytes(count) {
  if (count === null || count === undefined) return "—";
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

export const plural = (count, word, many = `${word}s`) => `${count} ${count === 1 ? word : many}`;

export const shortened = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

// The journal also names the faults that were selected and could not show, such as one of a field that is not there.
export const applied = (faults) => faults.filter((fault) => !fault.startsWith("not applied"));

export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
