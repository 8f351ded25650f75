"use strict";
/** One server for all processes of a test run. */

const { startSeedmock } = require("./start.js");

/**
 * Start a server that the processes started from now on find by their variables; return what stops it. Settings of the
 * server are variables, too: SEEDMOCK_SERVE_PACE=instant. Where SEEDMOCK_URL is set already, nothing is started.
 * @returns {Promise<() => Promise<void>>}
 */
async function startForWorkers() {
  if (process.env["SEEDMOCK_URL"]) {
    await (await startSeedmock()).stop(); // only checks that it answers: better one error here than one in each test
    return async () => undefined;
  }
  const seedmock = await startSeedmock();
  const token = process.env["SEEDMOCK_SERVE_CONTROL_TOKEN"];
  const previous = { ...process.env };
  // The server is this run's own, so that the keys of tests may be the same in each run.
  const job = process.env["SEEDMOCK_JOB"] || "own";
  const variables = { SEEDMOCK_URL: seedmock.url, SEEDMOCK_JOB: job, ...(token ? { SEEDMOCK_CONTROL_TOKEN: token } : {}) };
  Object.assign(process.env, variables);
  return async () => {
    for (const name of Object.keys(variables)) {
      if (previous[name] === undefined) delete process.env[name];
      else process.env[name] = previous[name];
    }
    await seedmock.stop();
  };
}

exports.startForWorkers = startForWorkers;
