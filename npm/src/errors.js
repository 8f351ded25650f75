"use strict";
/** Errors of this package. Each message says what was wrong and what to do; none contains an API key or a token. */

const { ERROR_GUIDES } = require("./error-guides.js");

/** Base of this package's errors. Where a guide helps, the last line of the message names its page. */
class SeedmockError extends Error {
  /** @param {string} message */
  constructor(message) {
    const guide = ERROR_GUIDES[new.target.name];
    super(guide === undefined ? message : `${message}\n${guide}`);
    this.name = new.target.name;
  }
}

/** The server could not be started; the message ends in the last lines that it wrote. */
class ServerStartError extends SeedmockError {}

/** A call of the control API failed. `status` is that of the HTTP response, 0 without one. */
class ControlClientError extends SeedmockError {
  /**
   * @param {string} message
   * @param {number} [status]
   */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** The control API rejected a request. `field` and `allowed` say in data what the message says in words. */
class RequestRejected extends ControlClientError {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string | null} field
   * @param {string[]} allowed
   */
  constructor(message, status, field, allowed) {
    super(message, status);
    this.field = field;
    this.allowed = allowed;
  }
}

/** No emulator answers at the address. */
class EmulatorNotRunning extends ControlClientError {}

/** An assertion on the journal or the ledger failed. */
class MockAssertionError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "AssertionError"; // the name by which test runners tell a failed assertion from a crash
  }
}

/**
 * Return a function that fails an assertion. Called first thing in an asynchronous method, it keeps the caller's stack,
 * which is lost after the first await: a failure points at the line of the test.
 * @param {Function} method The assertion, which is left out of the stack.
 * @returns {(message: string) => never}
 */
function assertionFailure(method) {
  const error = new MockAssertionError("");
  Error.captureStackTrace(error, method);
  const frames = (error.stack ?? "").split("\n").slice(1);
  return (message) => {
    error.message = message;
    error.stack = [`${error.name}: ${message}`, ...frames].join("\n");
    throw error;
  };
}

exports.SeedmockError = SeedmockError;
exports.ServerStartError = ServerStartError;
exports.ControlClientError = ControlClientError;
exports.RequestRejected = RequestRejected;
exports.EmulatorNotRunning = EmulatorNotRunning;
exports.MockAssertionError = MockAssertionError;
exports.assertionFailure = assertionFailure;
