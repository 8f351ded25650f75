"use strict";
/** Clocks of a running emulator: the shared one, and those of single keys. */

/** @typedef {import("./control-transport.js").ControlTransport} ControlTransport */
/** @typedef {import("../types/api.js").ClockResponse} ClockResponse */
/** @typedef {number | string} Duration Seconds, or a text such as `15m`. */
/** @typedef {number | string | Date} Time Epoch seconds, ISO 8601, or a Date. */

/** Time at which a frozen clock starts, as in the pytest plugin: 2026-05-28 20:26:40 UTC, in each test and each run. */
const START = 1_780_000_000;

/** The shared clock or, with `key`, that key's own. Every method rejects with a ControlClientError. */
class ClockControl {
  /** @param {ControlTransport} transport */
  constructor(transport) {
    this._transport = transport;
  }

  /**
   * Read the time.
   * @param {{ key?: string }} [options]
   * @returns {Promise<ClockResponse>}
   */
  read({ key } = {}) {
    return this._transport.call("GET", "clock", { key });
  }

  /**
   * Advance by a duration.
   * @param {Duration} by
   * @param {{ key?: string }} [options]
   */
  advance(by, options) {
    return this._change({ advance: by }, options);
  }

  /**
   * Advance to a time.
   * @param {Time} at
   * @param {{ key?: string }} [options]
   */
  set(at, options) {
    return this._change({ set: plainTime(at) }, options);
  }

  /**
   * Run this many times as fast as the system's clock; 0 freezes it.
   * @param {number} rate
   * @param {{ key?: string }} [options]
   */
  setRate(rate, options) {
    return this._change({ rate }, options);
  }

  /**
   * Freeze the clock until it is advanced.
   * @param {{ key?: string }} [options]
   */
  freeze(options) {
    return this._change({ freeze: true }, options);
  }

  /**
   * Freeze the clock at a time, which may be an earlier one.
   * @param {Time} at
   * @param {{ key?: string }} [options]
   */
  freezeAt(at, options) {
    return this._change({ freeze_at: plainTime(at) }, options);
  }

  /**
   * Advance to the next event. Rejects with RequestRejected (409) when nothing is due.
   * @param {{ key?: string }} [options]
   */
  next(options) {
    return this._change({ next: true }, options);
  }

  /**
   * @param {Record<string, unknown>} change
   * @param {{ key?: string }} [options]
   * @returns {Promise<ClockResponse>}
   */
  _change(change, { key } = {}) {
    return this._transport.call("POST", "clock", { body: change, key });
  }
}

/** Clock of one key, in seconds since the epoch. Other keys, and the shared clock, are not affected. */
class AccountClock {
  /**
   * @param {ControlTransport} transport
   * @param {string} key
   */
  constructor(transport, key) {
    this._clock = new ClockControl(transport);
    this._options = { key };
    /** Advance without waiting, by seconds: for a function of yours that sleeps. @param {number} seconds */
    this.sleep = async (seconds) => {
      await this.advance(Math.max(0, seconds));
    };
  }

  /** Return the time. */
  async now() {
    return (await this._clock.read(this._options)).now;
  }

  /**
   * Advance by seconds, or by a text such as "15m"; return the new time.
   * @param {Duration} by
   */
  async advance(by) {
    return (await this._clock.advance(by, this._options)).now;
  }

  /**
   * Advance to a time; return it.
   * @param {Time} at
   */
  async set(at) {
    return (await this._clock.set(at, this._options)).now;
  }

  /**
   * Run at a rate: 1 is real time, 60 a minute each second, 0 frozen.
   * @param {number} rate
   */
  async setRate(rate) {
    await this._clock.setRate(rate, this._options);
  }

  /** Freeze the clock until it is advanced. */
  async freeze() {
    await this._clock.freeze(this._options);
  }

  /**
   * Freeze the clock at a time, which may be an earlier one.
   * @param {Time} [at]
   */
  async freezeAt(at = START) {
    await this._clock.freezeAt(at, this._options);
  }

  /** Advance to the next event of this key; return the new time. Rejects with RequestRejected when nothing is due. */
  async next() {
    return (await this._clock.next(this._options)).now;
  }
}

/** @param {Time} at */
function plainTime(at) {
  return at instanceof Date ? at.getTime() / 1000 : at;
}

exports.ClockControl = ClockControl;
exports.AccountClock = AccountClock;
