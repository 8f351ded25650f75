"use strict";
/** The upstreams as one test sees them: base URLs, an API key, and handles on the emulator. */

const { AccountClock } = require("./clock-control.js");
const { AccountJournal } = require("./account-journal.js");
const { AccountLedger } = require("./account-ledger.js");
const { fateControl, faultControl } = require("./rule-control.js");

/** One test's view of an emulator: an account that no other test sees. */
class EmulatedUpstreams {
  /**
   * @param {import("./seedmock.js").Seedmock} emulator
   * @param {import("./control-transport.js").ControlTransport} transport
   * @param {string} apiKey
   */
  constructor(emulator, transport, apiKey) {
    this._emulator = emulator;
    this.url = emulator.url;
    this.apiKey = apiKey;
    this.clock = new AccountClock(transport, apiKey);
    this.fates = fateControl(transport, apiKey);
    this.faults = faultControl(transport, apiKey);
    this.journal = new AccountJournal(transport, apiKey);
    this.ledger = new AccountLedger(transport, apiKey);
  }

  /**
   * Return the base URL of an upstream, with its path prefix, for use in place of the real one.
   * @param {string} upstream
   */
  baseUrl(upstream) {
    return this._emulator.baseUrl(upstream);
  }

  /** Headers of requests to any upstream. */
  get headers() {
    return { Authorization: `Bearer ${this.apiKey}` };
  }

  /** The variables that the commands and the Python client read. */
  get environment() {
    return { SEEDMOCK_BASE_URL: this.url, SEEDMOCK_API_KEY: this.apiKey };
  }

  /** Delete the state of this key: tasks, charges, exchanges, rules, limits, credit and clock. */
  async reset() {
    await this._emulator.reset({ key: this.apiKey });
  }
}

exports.EmulatedUpstreams = EmulatedUpstreams;
