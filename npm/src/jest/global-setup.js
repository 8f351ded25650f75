"use strict";
/** Global set-up of Jest: one server for all test files, which find it by SEEDMOCK_URL. */

const { startForWorkers } = require("../global-server.js");

const STOP = Symbol.for("seedmock.stop");

module.exports = async () => {
  Object.assign(globalThis, { [STOP]: await startForWorkers() });
};
