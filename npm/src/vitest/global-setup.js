"use strict";
/** Global set-up of Vitest: one server for all test files, which find it by SEEDMOCK_URL. */

const { startForWorkers } = require("../global-server.js");

/** @returns {Promise<() => Promise<void>>} */
exports.default = () => startForWorkers();
