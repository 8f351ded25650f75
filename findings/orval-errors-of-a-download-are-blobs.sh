#!/usr/bin/env bash
# orval: the errors of an operation that answers with a file are Blobs, whatever their type says.
#
# One would expect: an answer 404 of application/json is read as JSON, as the type of the generated function has it.
# What happens:     the client reads each answer as a Blob because that of 200 is a video. Its type says
#                   `{data: Problem; status: 404}`, so that `answer.data.error.message` compiles and throws a TypeError.
#                   Operations that answer with JSON alone are not affected. Known for axios as orval-labs/orval#1988.
# Versions:         orval 8.38.0, typescript 5.9.3, Node 20.20. Looked at on 2026-11-30.
# Why it matters:   a download of a clip is such an operation: not ready yet, expired, no longer kept, too many requests.
#                   Code for these cases runs first when one of them happens, and then hides what has happened. A test
#                   with a fault of seedmock meets it: its errors are application/json.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit "orval@8.38.0" "typescript@5.9.3" "jiti@2.6.1" > /dev/null
cat > api.json <<'JSON'
{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {
  "/clip": {"get": {"operationId": "download", "responses": {
    "200": {"description": "the clip", "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}},
    "404": {"$ref": "#/components/responses/NotFound"}}}},
  "/task": {"get": {"operationId": "query", "responses": {
    "200": {"description": "the task", "content": {"application/json": {"schema": {"type": "object"}}}},
    "404": {"$ref": "#/components/responses/NotFound"}}}}},
 "components": {
  "responses": {"NotFound": {"description": "none", "content": {"application/json": {
    "schema": {"$ref": "#/components/schemas/Problem"}}}}},
  "schemas": {"Problem": {"type": "object", "required": ["error"], "properties": {
    "error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}}}}}}
JSON
cat > orval.config.cjs <<'JS'
module.exports = { api: { input: './api.json', output: { target: './api.ts', client: 'fetch' } } };
JS
npx orval --config orval.config.cjs > output 2>&1 || { cat output; exit 1; }
cat > show.ts <<'TS'
import { download, query } from './api';

globalThis.fetch = async () => Response.json({ error: { message: 'video not found' } }, { status: 404 });

async function read(problem: () => Promise<string>): Promise<string> {
  return problem().catch((error: Error) => `${error.name}: ${error.message}`);
}

export const ofQuery = await read(async () => {
  const answer = await query();
  return answer.status === 404 ? answer.data.error.message : 'a task';
});
export const ofDownload = await read(async () => {
  const answer = await download();
  return answer.status === 404 ? answer.data.error.message : 'a clip';
});
export const dataOfDownload = (await download()).data;
TS
npx tsc --noEmit --strict --target es2022 --module esnext --moduleResolution bundler --skipLibCheck show.ts
cat > print.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createJiti } from 'jiti';

const { ofQuery, ofDownload, dataOfDownload } = await createJiti(import.meta.url).import('./show.ts');
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`orval ${version('orval')}, typescript ${version('typescript')}, Node ${process.version}: show.ts compiles`);
console.log(`error of a query:    ${ofQuery}`);
console.log(`error of a download: ${ofDownload}; data is ${dataOfDownload}`);
const isAsDescribed = ofQuery === 'video not found' && ofDownload.startsWith('TypeError') && dataOfDownload instanceof Blob;
process.exit(isAsDescribed ? 0 : 1);
JS
node print.mjs
