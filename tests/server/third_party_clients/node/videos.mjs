// Program that uses OpenAI's Node client with opeai. Takes the emulator's address and a picture; prints the results as JSON.
import { readFileSync } from 'node:fs';
import OpenAI, { toFile } from 'openai';

const [, , url, picture] = process.argv;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk_test' });
const boat = { model: 'seedance-2-0-fast', prompt: 'A paper boat on a canal', size: '640x640', seconds: '4', generate_audio: false, seed: 3 };
const item = (type, role, url) => ({ type, role, [type]: { url } });
const references = { content: [
  item('image_url', 'reference_image', 'https://example.com/kite.png'),
  item('video_url', 'reference_video', 'https://example.com/kite.mp4'),
  item('image_url', 'reference_image', 'https://example.com/dune.png'),
  item('audio_url', 'reference_audio', 'https://example.com/wind.mp3'),
] };

const errorOf = (promise) => promise.then(
  () => 'no error',
  (error) => [error.constructor.name, error.status],
);

async function pollToEnd(id) {
  const states = [];
  do states.push((await client.videos.retrieve(id)).status);
  while (['QUEUED', 'IN_PROGRESS', 'queued', 'in_progress'].includes(states.at(-1)));
  return states;
}

async function download(id) {
  const response = await client.videos.downloadContent(id);
  return Buffer.from(await response.arrayBuffer()).toString('base64');
}

async function noticeOf(input_reference) {
  const { response } = await client.videos.create({ ...boat, input_reference }).withResponse();
  return response.headers.get('x-mock-notice');
}

const created = await client.videos.create(boat);
const early = await errorOf(client.videos.downloadContent(created.id));
const states = await pollToEnd(created.id);
const file = await toFile(readFileSync(picture), 'boat.png', { type: 'image/png' });
const framed = await client.videos.create({ ...boat, input_reference: file });
await pollToEnd(framed.id);

console.log(JSON.stringify({
  created,
  early,
  states,
  last: await client.videos.retrieve(created.id),
  clip: await download(created.id),
  framed: await download(framed.id),
  references: (await client.videos.create({ ...boat, input_reference: references })).status,
  json: (await client.post('/videos', { body: { ...boat, input_reference: references } })).status,
  alone: await errorOf(client.videos.create({ ...boat, input_reference: { content: references.content.slice(3) } })),
  long: await errorOf(client.videos.create({ ...boat, seconds: '40' })),
  lost: [
    await noticeOf({ image_url: 'https://example.com/kite.png' }),
    await noticeOf({ file_id: 'file-1' }),
    await noticeOf([file]),
    await noticeOf(file),
  ],
  unknown: await errorOf(client.videos.retrieve('cgt-20260601090000-k3v7p')),
}));
