"use strict";
/** The upstreams of one test of node:test. */

const { sharedSeedmock } = require("./start.js");

/** @typedef {import("./emulated-upstreams.js").EmulatedUpstreams} EmulatedUpstreams */
/** @typedef {{ name: string, fullName?: string, filePath?: string, after(action: () => Promise<void>): void }} TestContext */

/**
 * Return the upstreams of a test, with a key of its own. Its state is deleted before and after the test.
 * @param {TestContext} t The context that node:test gives to the test.
 * @param {{ frozen?: boolean }} [options] `frozen` freezes this test's clock until it is advanced.
 * @returns {Promise<EmulatedUpstreams>}
 */
async function mockUpstreams(t, { frozen = false } = {}) {
  const seedmock = await sharedSeedmock();
  const upstreams = seedmock.upstreams(`${t.filePath ?? process.argv[1]} ${t.fullName ?? t.name}`);
  await upstreams.reset();
  t.after(() => upstreams.reset());
  if (frozen) await upstreams.clock.freezeAt();
  return upstreams;
}

exports.mockUpstreams = mockUpstreams;
