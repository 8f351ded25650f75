// What can go wrong with a paid order, in no time and for nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import OpenAI from "openai";
import { mockUpstreams } from "seedmock/node-test";
import { ClipFailed, makeClip } from "./make-clip.mjs";

async function prepare(t) {
  const mock = await mockUpstreams(t, { frozen: true });
  return [mock, { baseURL: mock.baseUrl("opeai"), apiKey: mock.apiKey, sleep: mock.clock.sleep }];
}

test("a clip is ordered once, polled no longer than needed, and paid once", async (t) => {
  const [mock, options] = await prepare(t);
  const clip = await makeClip("A paper boat", options);
  assert.equal(clip.toString("latin1", 4, 8), "ftyp");
  await mock.journal.assertSubmittedOnce();
  await mock.journal.assertPolls({ atMost: 2 });
  await mock.journal.assertNeverPolledAfterEnd();
  await mock.journal.assertNoViolations({ strict: true });
  await mock.ledger.assertChargedOnce();
});

test("moderation that objects after a quarter of an hour costs nothing", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.fates.moderated({ after: "15m" });
  await assert.rejects(makeClip("A paper boat", options), ClipFailed);
  await mock.ledger.assertSpend("0.00");
});

test("an order whose response is lost is not repeated", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.faults.responseLost({}, { operation: "create" });
  await assert.rejects(makeClip("A paper boat", options), OpenAI.APIConnectionError);
  await mock.journal.assertSubmittedOnce();
});

test("a gateway that fails for a moment does not lose the clip", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.faults.status({ code: 502, retryAfter: 0 }, { operation: "query", times: 1 });
  assert.ok((await makeClip("A paper boat", options)).length > 1000);
  await mock.journal.assertSubmittedOnce();
});

test("a task that never ends is given up", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.fates.stuck({ status: "in_progress" });
  await assert.rejects(makeClip("A paper boat", options), /not ready after 30 minutes/);
});

test("the program writes a file", async (t) => {
  const mock = await mockUpstreams(t);
  const folder = await mkdtemp(join(tmpdir(), "example-"));
  t.after(() => rm(folder, { recursive: true }));
  await mock.fates.succeed({ after: "1s" });
  await mock.clock.setRate(1000);
  const program = new URL("make-clip.mjs", import.meta.url).pathname;
  const file = join(folder, "boat.mp4");
  const env = { ...process.env, OPEAI_BASE_URL: mock.baseUrl("opeai"), OPEAI_API_KEY: mock.apiKey };
  delete env.NODE_TEST_CONTEXT;
  const { stdout } = await promisify(execFile)(process.execPath, [program, "A paper boat", file], { env });
  assert.equal(stdout, `${file} written\n`);
  assert.equal((await readFile(file)).toString("latin1", 4, 8), "ftyp");
});
