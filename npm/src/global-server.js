"use strict";
/** One server for all processes of a test run. */

const { startSeedmock } = require("./start.js");

/**
 * Start a server whose address the processes started from now on inherit; return what stops it. Settings of the server
 * are variables: SEEDMOCK_SERVE_PACE=instant.
 * @returns {Promise<() => Promise<void>>}
 */
async function startForWorkers() {
  const seedmock = await startSeedmock();
  const before = process.env["SEEDMOCK_URL"];
  const token = process.env["SEEDMOCK_SERVE_CONTROL_TOKEN"];
  process.env["SEEDMOCK_URL"] = seedmock.url;
  if (token !== undefined) process.env["SEEDMOCK_CONTROL_TOKEN"] ??= token;
  return async () => {
    if (before === undefined) delete process.env["SEEDMOCK_URL"];
    await seedmock.stop();
  };
}

exports.startForWorkers = startForWorkers;
