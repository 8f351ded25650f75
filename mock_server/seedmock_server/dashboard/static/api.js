// Calls of the control API. The token stays in this tab, and is sent as a header, never in a URL.

const TOKEN = "seedmock.token";
let token = sessionStorage.getItem(TOKEN) || "";
const onUnauthorized = new Set();

export class ApiProblem extends Error {
  constructor(status, message, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

export function setToken(value) {
  token = value;
  if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
}

export const hasToken = () => token !== "";

export function whenUnauthorized(callback) {
  onUnauthorized.add(callback);
  return () => onUnauthorized.delete(callback);
}

export function headers(more = {}) {
  return { "X-Mock-Page": "1", ...(token ? { "X-Mock-Token": token } : {}), ...more };
}

export function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

export async function request(method, path, { body, raw, signal, key } = {}) {
  const options = { method, headers: headers(key ? { "X-Mock-Key": key } : {}), signal, cache: "no-store" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  } else if (raw !== undefined) options.body = raw;
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiProblem(0, "the server does not answer");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  const error = problem?.error ?? {};
  if (response.status === 401) onUnauthorized.forEach((callback) => callback(error.message));
  throw new ApiProblem(response.status, error.message || `the server answered ${response.status}`, error.field);
}

export const get = async (path, options) => (await request("GET", path, options)).json();
export const post = async (path, body, options) => (await request("POST", path, { body, ...options })).json();
export const put = async (path, body, options) => (await request("PUT", path, { body, ...options })).json();
export const remove = async (path, options) => (await request("DELETE", path, options)).json();
export const blob = async (path, options) => (await request("GET", path, options)).blob();

export async function save(path, name) {
  const url = URL.createObjectURL(await blob(path));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
