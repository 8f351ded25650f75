"use strict";
/** Fixtures for Vitest, under the names of the pytest plugin: `const test = base.extend(seedmockFixtures)`. */

const { sharedSeedmock } = require("../start.js");

/** @typedef {import("../emulated-upstreams.js").EmulatedUpstreams} EmulatedUpstreams */
/** @typedef {{ name: string, file: { name: string }, suite?: Parent }} Parent */

/**
 * @template T
 * @typedef {(value: T) => Promise<void>} Use
 */

/**
 * Each test that names one of them has a key of its own on the shared emulator; its state is deleted afterwards.
 * A test with `mockClock` has a frozen clock; without it time passes by itself.
 */
const seedmockFixtures = {
  /**
   * @param {{ task: Parent }} context
   * @param {Use<EmulatedUpstreams>} use
   */
  async mockUpstreams({ task }, use) {
    const seedmock = await sharedSeedmock();
    const upstreams = seedmock.upstreams(`${task.file.name} ${fullName(task)}`);
    await upstreams.reset();
    await use(upstreams);
    await upstreams.reset();
  },
  /**
   * @param {{ mockUpstreams: EmulatedUpstreams }} context
   * @param {Use<EmulatedUpstreams["clock"]>} use
   */
  async mockClock({ mockUpstreams }, use) {
    await mockUpstreams.clock.freezeAt();
    await use(mockUpstreams.clock);
  },
  /**
   * @param {{ mockUpstreams: EmulatedUpstreams }} context
   * @param {Use<EmulatedUpstreams["fates"]>} use
   */
  async mockFates({ mockUpstreams }, use) {
    await use(mockUpstreams.fates);
  },
  /**
   * @param {{ mockUpstreams: EmulatedUpstreams }} context
   * @param {Use<EmulatedUpstreams["faults"]>} use
   */
  async mockFaults({ mockUpstreams }, use) {
    await use(mockUpstreams.faults);
  },
  /**
   * @param {{ mockUpstreams: EmulatedUpstreams }} context
   * @param {Use<EmulatedUpstreams["journal"]>} use
   */
  async mockJournal({ mockUpstreams }, use) {
    await use(mockUpstreams.journal);
  },
  /**
   * @param {{ mockUpstreams: EmulatedUpstreams }} context
   * @param {Use<EmulatedUpstreams["ledger"]>} use
   */
  async mockLedger({ mockUpstreams }, use) {
    await use(mockUpstreams.ledger);
  },
};

/**
 * @param {Parent} task
 * @returns {string}
 */
function fullName(task) {
  return task.suite ? `${fullName(task.suite)} > ${task.name}` : task.name;
}

exports.seedmockFixtures = seedmockFixtures;
