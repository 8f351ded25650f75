"use strict";
/** Ledger of one API key, with assertions that show its statement when they fail. */

const { assertionFailure } = require("./errors.js");

/** @typedef {import("./control-transport.js").ControlTransport} ControlTransport */
/** @typedef {import("../types/api.js").StatementResponse} Statement */
/** @typedef {import("../types/api.js").LedgerLine} LedgerLine */

const MAX_ORDERS = 100_000; // most that the control API lists
const ASSET = "asset"; // kind of a line that is neither a generation nor an upscale

/** Money of one key in USD, as it is now on that key's clock. Amounts are texts, exact to the last digit. */
class AccountLedger {
  /**
   * @param {ControlTransport} transport
   * @param {string} key
   */
  constructor(transport, key) {
    this._transport = transport;
    this._key = key;
  }

  /**
   * Return all orders with what is on hold, charged and refunded.
   * @returns {Promise<Statement>}
   */
  async statement() {
    const options = { query: { limit: MAX_ORDERS }, key: this._key };
    return (await this._transport.call("GET", "ledger", options)).statements[0];
  }

  /** List the orders: the lines of the statement. */
  async orders() {
    return (await this.statement()).lines;
  }

  /** Return the charges that were not refunded. */
  async charged() {
    return (await this.statement()).totals.charged;
  }

  /** Return the amount on hold for tasks that run. */
  async onHold() {
    return (await this.statement()).totals.on_hold;
  }

  /**
   * Set the credit of the key at an upstream, or at each.
   * @param {string | number} amount
   * @param {string} [upstream]
   */
  async grant(amount, upstream) {
    await this._transport.call("PUT", "credit", { body: { amount, upstream, key: this._key } });
  }

  /**
   * Assert the sum of the charges, rounded to the digits of `amount`: "0.59" accepts 0.588.
   * @param {string} amount
   */
  async assertSpend(amount) {
    const fail = assertionFailure(this.assertSpend);
    if (typeof amount !== "string" || !AMOUNT.test(amount)) {
      throw new TypeError(`the amount is ${JSON.stringify(amount)}; write USD as a string: assertSpend("0.59")`);
    }
    const statement = await this.statement();
    if (equalsRounded(statement.totals.charged, amount)) return;
    fail(withListing(`expected charges of ${amount} USD, found ${statement.totals.charged}`, statement));
  }

  /** Assert that exactly one generation or upscale was charged. */
  async assertChargedOnce() {
    const fail = assertionFailure(this.assertChargedOnce);
    const statement = await this.statement();
    const charges = statement.lines.filter((line) => !isZero(line.charged) && line.kind !== ASSET);
    if (charges.length !== 1) fail(withListing(`expected one charge, found ${charges.length}`, statement));
  }
}

const AMOUNT = /^-?\d+(\.\d+)?$/;

/**
 * Compare an exact amount, rounded half up, with one that is written in fewer digits.
 * @param {string} exact
 * @param {string} amount
 */
function equalsRounded(exact, amount) {
  const digits = Math.max(fraction(exact).length, fraction(amount).length);
  const unit = 10n ** BigInt(digits - fraction(amount).length);
  const double = 2n * (scaled(exact, digits) - scaled(amount, digits));
  return -unit <= double && double < unit;
}

/** @param {string} amount */
function fraction(amount) {
  return amount.split(".")[1] ?? "";
}

/**
 * @param {string} amount
 * @param {number} digits
 */
function scaled(amount, digits) {
  return BigInt(amount.replace(".", "") + "0".repeat(digits - fraction(amount).length));
}

/** @param {string} amount */
function isZero(amount) {
  return !/[1-9]/.test(amount);
}

/**
 * @param {string} message
 * @param {Statement} statement
 */
function withListing(message, statement) {
  const lines = statement.lines.map(describeLine);
  return `${message}\n${lines.length ? ["statement:", ...lines].join("\n  ") : "no orders with this test's key"}`;
}

/** @param {LedgerLine} line */
function describeLine(line) {
  const amounts = { "on hold": line.on_hold, charged: line.charged, refunded: line.refunded };
  const parts = Object.entries(amounts).filter(([, amount]) => !isZero(amount));
  return `${line.upstream} ${line.kind} ${line.id}: ${parts.map((part) => part.join(" ")).join(", ") || "free"}`;
}

exports.AccountLedger = AccountLedger;
exports.equalsRounded = equalsRounded;
