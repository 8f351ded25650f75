// The provider behind generateVideo, which repeats a whole generation after errors that it takes for passing.
import assert from "node:assert/strict";
import test from "node:test";
import { APICallError } from "ai";
import { mockUpstreams } from "seedmock/node-test";
import { makeClip } from "./make-clip.mjs";

async function prepare(t) {
  const mock = await mockUpstreams(t, { frozen: true });
  return [mock, { baseURL: mock.baseUrl("opeai"), apiKey: mock.apiKey, sleep: mock.clock.sleep }];
}

test("a clip is ordered and paid once, by a request without a fault", async (t) => {
  const [mock, options] = await prepare(t);
  const { bytes, id } = await makeClip("A paper boat", options);
  assert.equal(Buffer.from(bytes).toString("latin1", 4, 8), "ftyp");
  assert.deepEqual((await mock.journal.tasks()).map((task) => [task.id, task.size, task.seconds]), [[id, "1280x720", 4]]);
  await mock.journal.assertNeverPolledAfterEnd();
  await mock.journal.assertNoViolations({ strict: true });
  await mock.ledger.assertChargedOnce();
});

test("an error while the clip is made orders no second one", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.faults.status({ code: 502 }, { operation: "query" });
  await assert.rejects(makeClip("A paper boat", options), (error) => APICallError.isInstance(error) && !error.isRetryable);
  await mock.journal.assertSubmittedOnce();
});

test("an order whose response is lost is not repeated", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.faults.responseLost({}, { operation: "create" });
  await assert.rejects(makeClip("A paper boat", options));
  await mock.journal.assertSubmittedOnce();
});

test("a gateway that fails for a moment does not lose the clip", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.faults.status({ code: 503 }, { operation: "query", times: 2 });
  assert.ok((await makeClip("A paper boat", options)).bytes.length > 1000);
  await mock.journal.assertSubmittedOnce();
  await mock.ledger.assertChargedOnce();
});

test("a refused order says why, and is not repeated", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.fates.refused({ why: "text" });
  await assert.rejects(makeClip("A paper boat", options), /HTTP 400/);
  assert.equal((await mock.journal.submissions()).length, 1);
  await mock.ledger.assertSpend("0.00");
});

test("moderation that objects after a quarter of an hour costs nothing", async (t) => {
  const [mock, options] = await prepare(t);
  await mock.fates.moderated({ after: "15m" });
  await assert.rejects(makeClip("A paper boat", options), /has failed/);
  await mock.ledger.assertSpend("0.00");
});
