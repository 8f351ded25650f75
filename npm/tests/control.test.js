"use strict";
/** Everything that the control API does for all keys, against a server of its own. */

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { startSeedmock } = require("seedmock");
const { createVideo, queryStatus } = require("./orders.js");

/** @type {import("seedmock").Seedmock} */
let mock;
before(async () => {
  mock = await startSeedmock({ pace: "instant", variant: { "opeai.status": "openai" } });
});
after(() => mock.stop());

test("the server describes itself", async () => {
  assert.equal((await mock.health()).pace, "instant");
  assert.ok((await mock.basis())["opeai"]?.every((fact) => fact.source));
  const variants = await mock.variants();
  assert.equal(variants.find((variant) => variant.id === "opeai.status")?.option, "openai");
  assert.equal((await mock.openapi())["openapi"], "3.1.0");
});

test("the shared clock moves", async () => {
  const { now } = await mock.clock.read();
  assert.equal((await mock.clock.freezeAt(now)).rate, 0);
  assert.equal((await mock.clock.advance("15m")).now, now + 900);
  assert.equal((await mock.clock.set(now + 1000)).now, now + 1000);
  assert.equal((await mock.clock.setRate(2)).rate, 2);
  assert.equal((await mock.clock.freeze()).rate, 0);
  const own = await mock.clock.advance(5, { key: mock.key("of its own") });
  assert.equal(Object.keys(own.accounts).length, 1);
});

test("tasks, money and limits of all keys", async () => {
  const upstreams = mock.upstreams("a task");
  const id = await createVideo(upstreams);
  assert.deepEqual((await mock.tasks({ key: upstreams.apiKey, limit: 1 })).tasks.map((task) => task.id), [id]);
  assert.equal((await mock.task(id)).upstream, "opeai");
  assert.equal((await mock.timeline(id)).exchanges[0]?.operation, "create");
  assert.equal((await mock.ledger({ key: upstreams.apiKey })).statements[0]?.total, 1);
  await mock.setCredit("5", { key: upstreams.apiKey });
  await mock.setLimit({ rate: 100, key: upstreams.apiKey });
  assert.ok((await mock.limits()).limits.some((limit) => limit.rate === 100));
  await assert.rejects(mock.task("cgt-none"), { name: "RequestRejected", status: 404, field: "id", message: /unknown task/ });
});

test("media are declared and removed", async () => {
  const url = "https://example.com/a.mp4";
  await mock.declareMedia({ url, kind: "video", seconds: 4 });
  assert.equal((await mock.media()).media[0]?.seconds, 4);
  assert.deepEqual(await mock.removeMedia(url), { removed: 1 });
});

test("the journal is exported, and violations are listed", async () => {
  const upstreams = mock.upstreams("an export");
  await assert.rejects(createVideo(upstreams, { seconds: "40" }));
  const query = { key: upstreams.apiKey };
  assert.equal((await mock.journal(query)).total, 1);
  assert.equal((await mock.journalHar(query))["log"].entries.length, 1);
  assert.match(await mock.journalCurl(query), /^curl -X POST [^]*\$SEEDMOCK_API_KEY/m);
  assert.match(await mock.journalJsonl(query), /^\{/);
  assert.equal((await mock.violations({ ...query, advice: false })).total, 1);
  assert.equal((await mock.violations({ ...query, severity: "advice" })).total, 0);
});

test("scenarios, snapshots and reset", async () => {
  const names = (await mock.scenarios()).scenarios.map(({ name }) => name);
  const name = names[0] ?? "";
  assert.equal((await mock.activateScenario(name)).scenario?.name, name);
  assert.equal((await mock.activeScenario()).scenario?.name, name);
  assert.equal((await mock.deactivateScenario()).scenario, null);
  const text = '[scenario]\ntitle = "Own"\ndescription = "Every task fails."\n\n[[fates]]\nfate = "failed"\n';
  assert.equal((await mock.activateScenario(text)).scenario?.title, "Own");
  assert.equal((await mock.fates.rules()).scenario_rules.length, 1);
  await mock.deactivateScenario();
  await assert.rejects(mock.activateScenario("no-such"), { name: "RequestRejected", message: /unknown scenario 'no-such'/ });

  const upstreams = mock.upstreams("a snapshot");
  const id = await createVideo(upstreams);
  const snapshot = await mock.snapshot();
  assert.ok((await mock.reset()).tasks > 0);
  assert.deepEqual((await mock.tasks()).tasks, []);
  assert.ok((await mock.restore(snapshot)).tasks > 0);
  assert.equal(await queryStatus(upstreams, id), "completed");
  await assert.rejects(mock.restore("{}"), { name: "RequestRejected" });
});

test("rules without a key are for all", async () => {
  await mock.fates.failed({}, { prompt: "storm" });
  await mock.faults.status({ code: 500 }, { prompt: "hail" });
  const upstreams = mock.upstreams("all keys");
  assert.equal(await queryStatus(upstreams, await createVideo(upstreams, { prompt: "A storm" })), "failed");
  await assert.rejects(createVideo(upstreams, { prompt: "hail" }), /HTTP 500/);
  await mock.reset();
});
