#!/usr/bin/env bash
# orval: where an operation takes JSON or a form, the generated client sends the form as JSON, without its file.
#
# One would expect: a body of the form's type, which holds a File, goes out as multipart/form-data, as it does where the
#                   operation takes a form alone, or is refused when the client is generated or compiled.
# What happens:     the function takes `CreateRequest | CreateForm`, compiles, and calls JSON.stringify on either: the
#                   file becomes {}. The client of fetch labels that text/plain, that of axios application/json. The
#                   order of the two types makes no difference. The option override.splitByContentType makes two
#                   functions (orval-labs/orval#2921), but is off by default, and nothing points to it.
# Versions:         orval 8.38.0, axios 1.21.1, Node 20.20. Looked at on 2026-11-30.
# Why it matters:   `POST /videos` of opeai is such an operation, in seedmock's OpenAPI document as in its API. Labelled as
#                   JSON the order has `"input_reference": {}`, becomes text-to-video, and is charged in full. seedmock
#                   refuses text/plain (415), and takes the other as an order without references.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit "orval@8.38.0" "axios@1.21.1" "jiti@2.6.1" > /dev/null
document() {  # content of the request's body
  cat <<JSON
{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/videos": {"post": {
  "operationId": "create", "requestBody": {"required": true, "content": {$1}},
  "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}}}},
 "components": {"schemas": {
  "CreateRequest": {"type": "object", "required": ["prompt"],
   "properties": {"prompt": {"type": "string"}, "input_reference": {"type": "object"}}},
  "CreateForm": {"type": "object", "required": ["prompt"],
   "properties": {"prompt": {"type": "string"}, "input_reference": {"type": "string", "format": "binary"}}}}}}
JSON
}
json='"application/json": {"schema": {"$ref": "#/components/schemas/CreateRequest"}}'
form='"multipart/form-data": {"schema": {"$ref": "#/components/schemas/CreateForm"}}'
document "$json, $form" > either.json
document "$form, $json" > form-first.json
document "$form" > form.json
cat > orval.config.cjs <<'JS'
const generate = (name, client) => ({ input: `./${name}.json`, output: { target: `./${name}-${client}.ts`, client } });
module.exports = Object.fromEntries(
  ['either', 'form-first', 'form'].flatMap((name) =>
    ['fetch', 'axios-functions'].map((client) => [`${name} ${client}`, generate(name, client)]),
  ),
);
JS
npx orval --config orval.config.cjs > output 2>&1 || { cat output; exit 1; }
cat > show.ts <<'TS'
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import axios from 'axios';

const seen: { type: string; body: string }[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    seen.push({ type: request.headers['content-type'] ?? '', body: Buffer.concat(chunks).toString('latin1') });
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
axios.defaults.baseURL = base;
const overNetwork = globalThis.fetch;
globalThis.fetch = (path, options) => overNetwork(`${base}${path}`, options);

const picture = new File(['bytes of the picture'], 'a.png', { type: 'image/png' });
const outcomes: string[] = [];
for (const client of ['fetch', 'axios-functions']) {
  for (const name of ['either', 'form-first', 'form']) {
    const { create } = await import(`./${name}-${client}.ts`);
    await create({ prompt: 'A kite', input_reference: picture });
    const { type, body } = seen.at(-1)!;
    const outcome = body.includes('bytes of the picture') ? 'a form with the picture' : body;
    console.log(`${client}, document ${name}: ${type.split(';')[0]}, ${outcome}`);
    outcomes.push(`${type.split(';')[0]} ${outcome}`);
  }
}
server.close();
const version = (name: string) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`orval ${version('orval')}, axios ${version('axios')}, Node ${process.version}`);
const lost = '{"prompt":"A kite","input_reference":{}}';
const sent = 'multipart/form-data a form with the picture';
const expected = [
  `text/plain ${lost}`, `text/plain ${lost}`, sent,
  `application/json ${lost}`, `application/json ${lost}`, sent,
];
process.exit(JSON.stringify(outcomes) === JSON.stringify(expected) ? 0 : 1);
TS
npx jiti show.ts
