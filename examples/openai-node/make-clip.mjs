// Make a clip at opeai with OpenAI's library: node make-clip.mjs "A paper boat" boat.mp4
import { writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import OpenAI from "openai";

const LIVE = "https://api-platform.ope.ai/v1";
const POLL_SECONDS = 15;
const MAX_POLLS = 120; // half an hour

export class ClipFailed extends Error {}

/** Order a clip, wait for it, and return its bytes. `sleep` is a parameter so that a test need not wait. */
export async function makeClip(prompt, { baseURL, apiKey, sleep = (seconds) => pause(seconds * 1000) }) {
  const client = new OpenAI({ baseURL, apiKey });
  const order = { model: "seedance-2-0", prompt, size: "1280x720", seconds: "4" };
  // An order whose response is lost has been carried out, and is paid: the library would repeat it twice.
  const { id } = await client.videos.create(order, { maxRetries: 0 });
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    // Not videos.poll(), which knows the statuses of OpenAI alone and returns at once.
    const video = await client.videos.retrieve(id);
    if (video.status === "SUCCESS") return Buffer.from(await (await client.videos.downloadContent(id)).arrayBuffer());
    if (video.status === "FAILURE") throw new ClipFailed(`${id}: ${video.error?.message ?? "no reason given"}`);
    await sleep(POLL_SECONDS);
  }
  throw new ClipFailed(`${id} is not ready after ${(MAX_POLLS * POLL_SECONDS) / 60} minutes`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , prompt, file] = process.argv;
  const { OPEAI_BASE_URL = LIVE, OPEAI_API_KEY } = process.env;
  await writeFile(file, await makeClip(prompt, { baseURL: OPEAI_BASE_URL, apiKey: OPEAI_API_KEY }));
  console.log(`${file} written`);
}
