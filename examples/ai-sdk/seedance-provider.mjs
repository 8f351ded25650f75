// Provider of the AI SDK for the Seedance models of opeai: createSeedance({ baseURL, apiKey }).video("seedance-2-0").
import { setTimeout as pause } from "node:timers/promises";
import { APICallError } from "ai";

const POLL_SECONDS = 15;
const MAX_POLLS = 120; // half an hour
const POLL_ATTEMPTS = 5;

export function createSeedance({ baseURL, apiKey, sleep = (seconds) => pause(seconds * 1000) }) {
  async function call(path, { body, isRetryable, signal }) {
    const url = baseURL + path;
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal,
    });
    if (response.ok) return response;
    const { status: statusCode } = response;
    const responseBody = await response.text();
    throw new APICallError({
      message: `${url} was answered with HTTP ${statusCode}: ${responseBody.slice(0, 500)}`,
      ...{ url, requestBodyValues: body, statusCode, responseBody, isRetryable: isRetryable(statusCode) },
    });
  }

  // generateVideo repeats the whole of doGenerate after an error that is retryable: the order too, which is paid. So an
  // order is retryable only if it was refused for its rate, and no error after it is.
  const refusedForNow = (status) => status === 429;
  const never = () => false;

  async function read(path, signal) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(path, { isRetryable: never, signal });
      } catch (error) {
        const isFinal = APICallError.isInstance(error) && error.statusCode < 500 && error.statusCode !== 429;
        if (isFinal || signal?.aborted || attempt === POLL_ATTEMPTS) throw error;
        await sleep(attempt);
      }
    }
  }

  async function waitForEnd(id, signal) {
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const video = await (await read(`/videos/${id}`, signal)).json();
      if (video.status === "SUCCESS") return;
      if (video.status === "FAILURE") throw new Error(`${id} has failed: ${video.error?.message ?? "no reason given"}`);
      await sleep(POLL_SECONDS);
    }
    throw new Error(`${id} is not ready after ${(MAX_POLLS * POLL_SECONDS) / 60} minutes`);
  }

  function video(modelId) {
    return {
      specificationVersion: "v3",
      provider: "seedance",
      modelId,
      maxVideosPerCall: 1,
      async doGenerate({ prompt, resolution, duration, seed, generateAudio, aspectRatio, fps, abortSignal, ...options }) {
        const optional = { size: resolution, seconds: duration?.toString(), seed, generate_audio: generateAudio };
        const body = { model: modelId, prompt, ...withoutUndefined(optional), ...options.providerOptions?.seedance };
        const timestamp = new Date();
        const created = await call("/videos", { body, isRetryable: refusedForNow, signal: abortSignal });
        const { id } = await created.json();
        await waitForEnd(id, abortSignal);
        const content = await read(`/videos/${id}/content`, abortSignal);
        const data = new Uint8Array(await content.arrayBuffer());
        return {
          // Bytes, because the link needs the key.
          videos: [{ type: "binary", data, mediaType: "video/mp4" }],
          warnings: Object.keys(withoutUndefined({ aspectRatio, fps })).map((feature) => ({ type: "unsupported", feature })),
          providerMetadata: { seedance: { videos: [{ id }] } },
          response: { timestamp, modelId, headers: Object.fromEntries(created.headers) },
        };
      },
    };
  }

  return { video };
}

function withoutUndefined(record) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
