// Make a clip with the AI SDK: node make-clip.mjs "A paper boat" boat.mp4
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { experimental_generateVideo as generateVideo } from "ai";
import { createSeedance } from "./seedance-provider.mjs";

const LIVE = "https://api-platform.ope.ai/v1";

/** Return the bytes of a clip, and the id of the task that made it. */
export async function makeClip(prompt, options) {
  const seedance = createSeedance(options);
  const { video, providerMetadata } = await generateVideo({
    model: seedance.video("seedance-2-0"),
    prompt,
    resolution: "1280x720",
    duration: 4,
  });
  return { bytes: video.uint8Array, id: providerMetadata.seedance.videos[0].id };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , prompt, file] = process.argv;
  const { OPEAI_BASE_URL = LIVE, OPEAI_API_KEY } = process.env;
  const { bytes, id } = await makeClip(prompt, { baseURL: OPEAI_BASE_URL, apiKey: OPEAI_API_KEY });
  await writeFile(file, bytes);
  console.log(`${file} written, by ${id}`);
}
