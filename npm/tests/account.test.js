"use strict";
/** One test's view of the emulator: clock, fates, faults, journal and ledger of a key. */

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const { startSeedmock } = require("seedmock");
const { equalsRounded } = require("../src/account-ledger.js");
const { createVideo, queryStatus, send } = require("./orders.js");

/** @type {import("seedmock").Seedmock} */
let mock;
before(async () => {
  mock = await startSeedmock();
});
after(() => mock.stop());

/** @param {import("node:test").TestContext} t */
async function frozenUpstreams(t) {
  const upstreams = mock.upstreams(t.name);
  await upstreams.clock.freezeAt();
  return upstreams;
}

describe("clock", () => {
  test("starts at the same time in each run, and moves when it is told to", async (t) => {
    const { clock } = await frozenUpstreams(t);
    assert.equal(await clock.now(), 1_780_000_000);
    assert.equal(await clock.advance("15m"), 1_780_000_900);
    assert.equal(await clock.set(new Date(1_780_001_000_000)), 1_780_001_000);
    assert.equal(await clock.set("2026-05-28T20:50:00Z"), 1_780_001_400);
    await clock.sleep(5);
    assert.equal(await clock.now(), 1_780_001_405);
    await clock.freezeAt("2026-05-28T20:26:40Z");
    assert.equal(await clock.now(), 1_780_000_000);
  });

  test("moves for its own key alone, and to the next event", async (t) => {
    const [mine, theirs] = [await frozenUpstreams(t), mock.upstreams("another test")];
    await theirs.clock.freezeAt();
    const id = await createVideo(mine);
    await mine.clock.next();
    assert.equal(await queryStatus(mine, id), "IN_PROGRESS");
    assert.equal(await theirs.clock.now(), 1_780_000_000);
    await assert.rejects(theirs.clock.next(), { name: "RequestRejected", status: 409, message: /nothing is due/ });
  });

  test("runs at a rate, and freezes", async (t) => {
    const { clock } = await frozenUpstreams(t);
    await clock.setRate(1e6);
    assert.ok((await clock.now()) > 1_780_000_000);
    await clock.freeze();
    assert.equal(await clock.now(), await clock.now());
  });
});

describe("fates and faults", () => {
  test("a fate has a method of its name, with names in camelCase", async (t) => {
    const upstreams = await frozenUpstreams(t);
    const rule = await upstreams.fates.unknownStatus({ rawStatus: "PAUSED", after: "1h" }, { times: 1, prompt: "boat" });
    assert.deepEqual(rule.fate, [{ fate: "unknown_status after=3600s raw_status=PAUSED", weight: 1 }]);
    const id = await createVideo(upstreams);
    await upstreams.clock.advance("1h");
    assert.equal(await queryStatus(upstreams, id), "PAUSED");
    const { rules } = await upstreams.fates.rules();
    assert.deepEqual(rules.map(({ matched, applied }) => [matched, applied]), [[1, 1]]);
    assert.deepEqual(await upstreams.fates.remove(rule.id), { removed: 1 });
  });

  test("a rule of one key leaves the others, as text, table and weighted list", async (t) => {
    const [mine, theirs] = [await frozenUpstreams(t), mock.upstreams("others")];
    await mine.fates.add("stuck status=queued");
    await mine.fates.setDefault([{ fate: "failed", weight: 1 }]);
    await theirs.clock.freezeAt();
    const [stuck, success] = [await createVideo(mine), await createVideo(theirs)];
    for (const upstreams of [mine, theirs]) await upstreams.clock.advance("1h");
    assert.deepEqual([await queryStatus(mine, stuck), await queryStatus(theirs, success)], ["QUEUED", "SUCCESS"]);
    await mine.fates.clear();
    const failed = await createVideo(mine);
    await mine.clock.advance("1h");
    assert.equal(await queryStatus(mine, failed), "SUCCESS");
  });

  test("a fault has a method of its name", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await upstreams.faults.status({ code: 502, retryAfter: 3 }, { operation: "create", nth: 1 });
    const response = await send(upstreams, "/videos", {});
    assert.deepEqual([response.status, response.headers.get("retry-after")], [502, "3"]);
    await createVideo(upstreams);
    assert.equal((await upstreams.faults.rules()).rules.length, 1);
    assert.deepEqual(await upstreams.faults.clear(), { removed: 1 });
  });

  test("a fault that can harm other calls warns", async (t) => {
    const upstreams = await frozenUpstreams(t);
    const warned = new Promise((resolve) => process.once("warning", resolve));
    await upstreams.faults.duplicate({ connection: "keep" });
    assert.equal((await warned).name, "SeedmockWarning");
  });

  test("an unknown kind or criterion is rejected with what is allowed", async (t) => {
    const { fates, faults } = await frozenUpstreams(t);
    await assert.rejects(fates.moderatd(), { name: "RequestRejected", message: /'moderatd'; allowed: .*moderated/ });
    await assert.rejects(faults.status({ code: 502 }, { promt: "cat" }), { message: /promt.*allowed|available/ });
    await assert.rejects(faults.reset({ wen: "after" }), { message: /wen/ });
  });

  test("handles can be awaited, printed and compared", async (t) => {
    const { fates } = await frozenUpstreams(t);
    assert.equal(await fates, fates);
    assert.equal(typeof JSON.stringify(Object.keys(fates)), "string");
    assert.equal(/** @type {any} */ (fates).then, undefined);
    assert.equal(/** @type {any} */ (fates)["not a name"], undefined);
  });
});

describe("journal", () => {
  test("assertions pass for a client that behaves", async (t) => {
    const { clock, journal, ...upstreams } = await frozenUpstreams(t);
    const id = await createVideo(mock.upstreams(t.name));
    await clock.advance("1h");
    assert.equal(await queryStatus(mock.upstreams(t.name), id), "SUCCESS");
    await journal.assertSubmittedOnce();
    await journal.assertPolls({ atLeast: 1, atMost: 1 });
    await journal.assertNeverPolledAfterEnd();
    await journal.assertNoViolations({ strict: true });
    assert.deepEqual((await journal.exchanges()).map(({ operation }) => operation), ["create", "query"]);
    assert.equal((await journal.submissions()).length, 1);
    assert.deepEqual((await journal.tasks()).map((task) => task.id), [id]);
    assert.ok(!JSON.stringify(await journal.exchanges()).includes(upstreams.apiKey));
  });

  test("assertSubmittedOnce lists the exchanges when it fails, at the line of the test", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await assert.rejects(upstreams.journal.assertSubmittedOnce(), {
      message: "expected one task, found 0: none\nno exchanges with this test's key",
    });
    const ids = [await createVideo(upstreams), await createVideo(upstreams)];
    const error = await upstreams.journal.assertSubmittedOnce().catch((reason) => reason);
    assert.equal(error.name, "AssertionError");
    const line = "  +0.0s opeai POST /v1/videos -> 200 (QUEUED)";
    assert.equal(error.message, [`expected one task, found 2: ${ids.join(", ")}`, "exchanges:", line, line].join("\n"));
    assert.match(error.stack.split("\n").find((/** @type {string} */ frame) => /^ +at /.test(frame)), /account\.test\.js/);
  });

  test("assertPolls fails for too many and too few", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await assert.rejects(upstreams.journal.assertPolls({ atMost: 1 }), /expected a task, found none/);
    const id = await createVideo(upstreams);
    await assert.rejects(upstreams.journal.assertPolls({ atLeast: 1 }), /at least 1 polls of cgt-.*, found 0/);
    for (let poll = 0; poll < 41; poll++) await queryStatus(upstreams, id);
    await assert.rejects(upstreams.journal.assertPolls({ atMost: 40 }), /at most 40 polls of cgt-[^]*\n {2}\.\.\. 2 more \.\.\.\n/);
    await assert.rejects(upstreams.journal.assertPolls({}), TypeError);
  });

  test("assertNeverPolledAfterEnd fails for one poll too many", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await upstreams.fates.moderated({ after: "15m" });
    const id = await createVideo(upstreams);
    await upstreams.clock.advance("15m");
    for (const times of [0, 1]) {
      assert.equal(await queryStatus(upstreams, id), "FAILURE");
      const assertion = upstreams.journal.assertNeverPolledAfterEnd();
      if (times === 0) await assertion;
      else await assert.rejects(assertion, /expected no poll of cgt-.* after it was FAILURE, found 1\nexchanges:/);
    }
  });

  test("assertDownloaded accepts a whole clip, and one in parts; it lists what was sent of another", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await assert.rejects(upstreams.journal.assertDownloaded(), /expected a task, found none/);
    const id = await createVideo(upstreams);
    await assert.rejects(upstreams.journal.assertDownloaded(), new RegExp(`no task has succeeded: ${id} is QUEUED`));
    await upstreams.clock.advance("1h");
    await assert.rejects(upstreams.journal.assertDownloaded(), new RegExp(`clip of ${id}, found: no download`));
    const url = `${upstreams.baseUrl("opeai")}/videos/${id}/content`;
    /** @param {string} range */
    const part = async (range) => (await fetch(url, { headers: { ...upstreams.headers, Range: range } })).arrayBuffer();
    await part("bytes=100-");
    await part("bytes=100-");
    await assert.rejects(upstreams.journal.assertDownloaded(), /found: 206, (\d+) of \d+ bytes from 100 on; 206, \1 of/);
    await part("bytes=0-99");
    await upstreams.journal.assertDownloaded();

    const whole = await createVideo(upstreams);
    await upstreams.clock.advance("1h");
    await upstreams.faults.bodyCut({ at: 1000 }, { operation: "content", times: 1 });
    await assert.rejects(send(upstreams, `/videos/${whole}/content`).then((response) => response.arrayBuffer()));
    await assert.rejects(upstreams.journal.assertDownloaded(), /found: 200, 1000 of \d+ bytes\nexchanges:/);
    const { byteLength } = await (await send(upstreams, `/videos/${whole}/content`)).arrayBuffer();
    await upstreams.journal.assertDownloaded();
    const download = { task: whole, start: 0, sent: byteLength, size: byteLength, whole: true };
    assert.deepEqual((await upstreams.journal.downloads(whole)).at(-1)?.download, download);
  });

  test("assertNoViolations fails for a rejected order, and strict for an unknown field", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await createVideo(upstreams, { colour: "red" });
    await upstreams.journal.assertNoViolations();
    await assert.rejects(upstreams.journal.assertNoViolations({ strict: true }), /found 1:\n.*colour/);
    await assert.rejects(createVideo(upstreams, { seconds: "40" }), /HTTP 400/);
    const message = /found 1:\n {2}opeai POST \/v1\/videos -> 400: .*seconds.* \(opeai\.[\w.]+\)\nexchanges:/;
    await assert.rejects(upstreams.journal.assertNoViolations(), message);
  });
});

test("forget begins anew, with the same rules, draws and time", async (t) => {
  const upstreams = await frozenUpstreams(t);
  await upstreams.fates.failed({}, { nth: 1 });
  const runs = [];
  for (let run = 0; run < 2; run++) {
    const id = await createVideo(upstreams);
    runs.push([id, (await mock.task(id)).fate, await upstreams.clock.now()]);
    await upstreams.journal.assertSubmittedOnce();
    await upstreams.journal.forget();
  }
  assert.deepEqual(runs[1], runs[0]);
  assert.match(String(runs[0]?.[1]), /^failed/);
  assert.deepEqual(await upstreams.journal.exchanges(), []);
  assert.equal((await mock.forget({ key: upstreams.apiKey })).tasks, 0);
});

describe("ledger", () => {
  test("a success is charged once, a failure not at all", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await createVideo(upstreams);
    const held = await upstreams.ledger.onHold();
    assert.ok(Number(held) > 0);
    await upstreams.clock.advance("1h");
    await upstreams.ledger.assertChargedOnce();
    await upstreams.ledger.assertSpend(held);
    assert.equal(await upstreams.ledger.charged(), held);
    assert.equal((await upstreams.ledger.orders()).length, 1);
    await upstreams.fates.failed();
    await createVideo(upstreams);
    await upstreams.clock.advance("1h");
    await upstreams.ledger.assertChargedOnce();
    await upstreams.ledger.assertSpend(held);
  });

  test("assertions show the statement when they fail", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await assert.rejects(upstreams.ledger.assertChargedOnce(), {
      message: "expected one charge, found 0\nno orders with this test's key",
    });
    await createVideo(upstreams);
    await assert.rejects(upstreams.ledger.assertChargedOnce(), /found 0\nstatement:\n {2}opeai generation cgt-.*: on hold 0\.\d+/);
    await upstreams.clock.advance("1h");
    await assert.rejects(upstreams.ledger.assertSpend("0.00"), /expected charges of 0.00 USD, found 0\.\d+\nstatement:/);
    await assert.rejects(upstreams.ledger.assertSpend(/** @type {any} */ (0.59)), /write USD as a string/);
  });

  test("credit runs out", async (t) => {
    const upstreams = await frozenUpstreams(t);
    await upstreams.ledger.grant("0.01", "opeai");
    await assert.rejects(createVideo(upstreams), /HTTP 403/);
    await assert.rejects(upstreams.ledger.grant("much"), { name: "RequestRejected", field: "amount" });
  });

  test("an amount equals one that is written in fewer digits", () => {
    for (const amount of ["0.588", "0.59", "0.6", "1"]) assert.ok(equalsRounded("0.588", amount), amount);
    for (const amount of ["0.58", "0.590", "0.5881", "0"]) assert.ok(!equalsRounded("0.588", amount), amount);
    assert.ok(equalsRounded("0.5", "1") && !equalsRounded("0.5", "0") && equalsRounded("0", "0.00"));
  });
});

test("upstreams have base URLs, headers and variables of one key, and reset", async (t) => {
  const upstreams = mock.upstreams(t.name);
  assert.deepEqual(upstreams.environment, { SEEDMOCK_BASE_URL: mock.url, SEEDMOCK_API_KEY: upstreams.apiKey });
  assert.equal(upstreams.baseUrl("opeai"), `${mock.url}/v1`);
  assert.throws(() => upstreams.baseUrl("openai"), { message: 'unknown upstream "openai"; available: apimodels, opeai' });
  assert.equal(upstreams.apiKey, mock.key(t.name));
  assert.notEqual(mock.key(), mock.key());
  await upstreams.fates.failed();
  await createVideo(upstreams);
  await upstreams.reset();
  assert.deepEqual([await upstreams.journal.tasks(), await upstreams.journal.exchanges()], [[], []]);
});
