"use strict";
/** The server of a whole test run, which the processes of the runner find by their variables. */

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { connectSeedmock, startSeedmock } = require("seedmock");
const { startForWorkers } = require("../src/global-server.js");

/**
 * Set variables during a test.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string>} variables
 */
function setVariables(t, variables) {
  const previous = { ...process.env };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(process.env)) if (!(name in previous)) delete process.env[name];
    Object.assign(process.env, previous);
  });
}

test("is found with its token, and leaves no variable behind", async (t) => {
  setVariables(t, { SEEDMOCK_SERVE_CONTROL_TOKEN: "of the server", SEEDMOCK_CONTROL_TOKEN: "of another one" });
  const stop = await startForWorkers();
  const mock = await startSeedmock();
  assert.ok((await mock.clock.read()).now > 0);
  await mock.stop();
  await stop();
  assert.equal(process.env["SEEDMOCK_URL"], undefined);
  assert.equal(process.env["SEEDMOCK_CONTROL_TOKEN"], "of another one");
  await assert.rejects(connectSeedmock({ url: mock.url }), { name: "EmulatorNotRunning" });
});

test("is the one that SEEDMOCK_URL names, if it answers", async (t) => {
  const server = await startSeedmock();
  t.after(() => server.stop());
  setVariables(t, { SEEDMOCK_URL: server.url });
  await (await startForWorkers())();
  assert.equal((await server.health()).status, "ok");
  assert.equal(process.env["SEEDMOCK_URL"], server.url);
  process.env["SEEDMOCK_URL"] = "http://127.0.0.1:9";
  await assert.rejects(startForWorkers(), { name: "EmulatorNotRunning" });
});
