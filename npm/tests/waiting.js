"use strict";

const { setTimeout: sleep } = require("node:timers/promises");

const SECONDS = 20;

/**
 * Wait for what another process does soon; return false if it does not.
 * @param {() => boolean | Promise<boolean>} condition
 */
exports.eventually = async (condition) => {
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(50)) if (await condition()) return true;
  return false;
};
