#!/usr/bin/env bash
# openai-node: `videos.create` sends an order without its picture when `input_reference` is a Blob.
#
# One would expect: a Blob is uploaded as a File is (the form of the browser takes both), or is refused.
# What happens:     the SDK takes a Blob without a name for an object, finds no fields in it, and sends none: the form has
#                   model and prompt alone, and nothing is thrown. `toFile(blob, "a.png")` or a File is uploaded.
# Versions:         openai 6.49.0, Node 18 or newer. Looked at on 2026-11-29.
# Why it matters:   `await (await fetch(url)).blob()` is the shortest way to a picture in JavaScript. The order becomes
#                   text-to-video and is charged in full, and no server can tell: nothing of the picture is on the wire.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit "openai@6.49.0" > /dev/null
cat > show.mjs <<'JS'
import { createServer } from 'node:http';
import OpenAI, { toFile } from 'openai';
import { VERSION } from 'openai/version';

const bodies = [];
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    bodies.push(Buffer.concat(chunks).toString('latin1'));
    response.setHeader('content-type', 'application/json');
    response.end('{"id": "video_1", "object": "video", "status": "queued"}');
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new OpenAI({ apiKey: 'sk-test', baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 });
const blob = new Blob(['picture'], { type: 'image/png' });
for (const input_reference of [blob, await toFile(blob, 'a.png')]) {
  await client.videos.create({ model: 'sora-2', prompt: 'A kite', input_reference });
}
server.close();
const [asBlob, asFile] = bodies.map((body) => body.includes('name="input_reference"'));
console.log(`openai ${VERSION}, Node ${process.version}`);
console.log(`input_reference is in the form: ${asBlob} for a Blob, ${asFile} for toFile(blob)`);
process.exit(!asBlob && asFile ? 0 : 1);
JS
node show.mjs
