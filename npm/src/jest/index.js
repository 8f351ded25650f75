"use strict";
/** The upstreams of each test of Jest, or of any runner with global `beforeEach` and `afterEach`. */

const { SeedmockError } = require("../errors.js");
const { sharedSeedmock } = require("../start.js");

/** @typedef {import("../emulated-upstreams.js").EmulatedUpstreams} EmulatedUpstreams */
/** @typedef {(action: () => Promise<void>) => void} Hook */
/** @typedef {{ beforeEach: Hook, afterEach: Hook, expect?: { getState?(): { currentTestName?: string, testPath?: string } } }} Globals */

/**
 * Give each test of this file, or of this `describe`, the upstreams with a key of its own; its state is deleted
 * before and after the test. The result has the members of the current test's upstreams.
 * @param {{ frozen?: boolean }} [options] `frozen` freezes each test's clock until it is advanced.
 * @returns {EmulatedUpstreams}
 */
function useSeedmock({ frozen = false } = {}) {
  const { beforeEach, afterEach, expect } = /** @type {Globals} */ (/** @type {unknown} */ (globalThis));
  /** @type {EmulatedUpstreams | undefined} */
  let current;
  beforeEach(async () => {
    const { testPath, currentTestName } = expect?.getState?.() ?? {};
    current = (await sharedSeedmock()).upstreams(testPath && `${testPath} ${currentTestName}`);
    await current.reset();
    if (frozen) await current.clock.freezeAt();
  });
  afterEach(async () => {
    await current?.reset();
    current = undefined;
  });
  return /** @type {EmulatedUpstreams} */ (
    new Proxy(
      {},
      {
        get(_, name) {
          if (current === undefined) throw new SeedmockError(`useSeedmock().${String(name)} is there during a test only`);
          const value = Reflect.get(current, name, current);
          return typeof value === "function" ? value.bind(current) : value;
        },
      },
    )
  );
}

exports.useSeedmock = useSeedmock;
