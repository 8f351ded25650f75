// An exchange as code that repeats it. The journal has no keys: each snippet takes one from the environment.

const SET_BY_CLIENTS = new Set(["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "accept", "origin", "referer", "cookie"]);
const VARIABLE = "SEEDMOCK_API_KEY";

export function wholeBody(exchange) {
  const declared = exchange.request_headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  return declared === undefined || Number(declared) === new TextEncoder().encode(exchange.request_body).length;
}

function parts(exchange) {
  const url = `${location.origin}${encodeURI(exchange.path)}${exchange.query ? `?${exchange.query}` : ""}`;
  const sent = exchange.request_headers.filter(([name]) => !SET_BY_CLIENTS.has(name.toLowerCase()) && !name.toLowerCase().startsWith("sec-"));
  const hasKey = sent.some(([name]) => name.toLowerCase() === "authorization");
  const headers = sent.filter(([name, value]) => name.toLowerCase() !== "authorization" && value !== "***");
  let json;
  try {
    json = exchange.request_body && wholeBody(exchange) ? JSON.parse(exchange.request_body) : undefined;
  } catch {
    json = undefined;
  }
  return { url, headers, hasKey, json, body: exchange.request_body };
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const text = (value) => JSON.stringify(value);

export function python(value, indent = "") {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return text(value);
  const inner = `${indent}    `;
  const items = Array.isArray(value) ? value.map((item) => python(item, inner)) : Object.entries(value).map(([name, item]) => `${text(name)}: ${python(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return items.length ? `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}${close}` : open + close;
}

function curl(exchange) {
  const { url, headers, hasKey, body } = parts(exchange);
  const lines = [`curl -X ${exchange.method} ${shell(url)}`];
  if (hasKey) lines.push(`-H "Authorization: Bearer $${VARIABLE}"`);
  headers.forEach(([name, value]) => lines.push(`-H ${shell(`${name}: ${value}`)}`));
  if (body) lines.push(`--data-raw ${shell(body)}`);
  return lines.join(" \\\n  ");
}

const pairs = (entries) => `{${entries.join(", ")}}`;

function httpx(exchange) {
  const { url, headers, hasKey, json, body } = parts(exchange);
  const given = headers.filter(([name]) => !(json !== undefined && name.toLowerCase() === "content-type")).map(([name, value]) => `${text(name)}: ${text(value)}`);
  if (hasKey) given.unshift(`"Authorization": f"Bearer {os.environ['${VARIABLE}']}"`);
  const content = json !== undefined ? `\n    json=${python(json, "    ")},` : body ? `\n    content=${text(body)},` : "";
  return `import os\n\nimport httpx\n\nresponse = httpx.request(\n    ${text(exchange.method)},\n    ${text(url)},\n    headers=${pairs(given)},${content}\n)\nprint(response.status_code, response.text)\n`;
}

function openai(exchange) {
  const { url, headers, json } = parts(exchange);
  const { origin, pathname, search } = new URL(url);
  const given = headers.filter(([name]) => name.toLowerCase() !== "content-type").map(([name, value]) => `${text(name)}: ${text(value)}`);
  const options = given.length ? `\n    options={"headers": ${pairs(given)}},` : "";
  const content = json === undefined ? "" : `\n    body=${python(json, "    ")},`;
  return `import os\n\nimport httpx\nfrom openai import OpenAI\n\nclient = OpenAI(base_url=${text(origin)}, api_key=os.environ["${VARIABLE}"])\nresponse = client.${exchange.method.toLowerCase()}(\n    ${text(pathname + search)},\n    cast_to=httpx.Response,${content}${options}\n)\nprint(response.status_code, response.text)\n`;
}

function fetchCode(exchange) {
  const { url, headers, hasKey, json, body } = parts(exchange);
  const given = headers.map(([name, value]) => `    ${text(name)}: ${text(value)},\n`);
  if (hasKey) given.unshift(`    "Authorization": \`Bearer \${process.env.${VARIABLE}}\`,\n`);
  const indented = json === undefined ? "" : JSON.stringify(json, null, 2).replaceAll("\n", "\n  ");
  const content = json !== undefined ? `\n  body: JSON.stringify(${indented}),` : body ? `\n  body: ${text(body)},` : "";
  return `const response = await fetch(${text(url)}, {\n  method: ${text(exchange.method)},\n  headers: {\n${given.join("")}  },${content}\n});\nconsole.log(response.status, await response.text());\n`;
}

export const LANGUAGES = [["curl", "curl", curl], ["httpx", "httpx", httpx], ["openai", "openai-python", openai], ["fetch", "fetch", fetchCode]];
