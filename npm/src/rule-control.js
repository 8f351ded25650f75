"use strict";
/**
 * Rules of fates and faults of a running emulator. Which kinds there are, and what they allow, only the server knows:
 * a method that is not defined here adds a rule of the kind of its name.
 */

/** @typedef {import("./control-transport.js").ControlTransport} ControlTransport */
/** @typedef {import("../types/api.js").MatchCriteria} MatchCriteria */
/** @typedef {import("../types/api.js").FateRuleResponse} FateRuleResponse */
/** @typedef {import("../types/api.js").FateRulesResponse} FateRulesResponse */
/** @typedef {import("../types/api.js").FaultRuleResponse} FaultRuleResponse */
/** @typedef {import("../types/api.js").FaultRulesResponse} FaultRulesResponse */
/** @typedef {string | Record<string, unknown> | Record<string, unknown>[]} FateSpec A text such as `moderated after=120s`, a table, or a list of tables with weights. */
/** @typedef {string | Record<string, unknown>} FaultSpec A text such as `status code=502`, or a table. */

class RuleControl {
  /**
   * @param {ControlTransport} transport
   * @param {string} noun `fate` or `fault`.
   * @param {string} [key]
   */
  constructor(transport, noun, key) {
    this._transport = transport;
    this._noun = noun;
    this._key = key;
  }

  /**
   * @param {unknown} spec
   * @param {MatchCriteria} match
   * @returns {Promise<any>}
   */
  _add(spec, match) {
    const criteria = this._key === undefined ? match : { ...match, key: this._key };
    return this._transport.call("POST", `${this._noun}s`, { body: { [this._noun]: spec, match: criteria } });
  }

  /**
   * Remove a rule by its id. Rejects with RequestRejected (404) for an unknown one.
   * @param {string} ruleId
   * @returns {Promise<{ removed: number }>}
   */
  remove(ruleId) {
    return this._transport.call("DELETE", `${this._noun}s/${encodeURIComponent(ruleId)}`);
  }

  /**
   * Remove all rules and defaults, or those of a key.
   * @param {{ key?: string }} [options]
   * @returns {Promise<{ removed: number }>}
   */
  clear({ key = this._key } = {}) {
    return this._transport.call("DELETE", `${this._noun}s`, { key });
  }
}

/**
 * Rules for the outcome of tasks: of all calls or, with a key of its own, of that key's.
 *
 * `moderated({ after: "120s" }, { times: 1 })` is `add("moderated after=120s", { times: 1 })`. The first rule that
 * matches a call applies. Every method rejects with a ControlClientError.
 */
class FateControl extends RuleControl {
  /**
   * @param {ControlTransport} transport
   * @param {string} [key]
   */
  constructor(transport, key) {
    super(transport, "fate", key);
  }

  /**
   * List the rules and the defaults.
   * @returns {Promise<FateRulesResponse>}
   */
  rules() {
    return this._transport.call("GET", "fates");
  }

  /**
   * Add a rule behind the others: calls that match get this fate.
   * @param {FateSpec} fate
   * @param {MatchCriteria} [match]
   * @returns {Promise<FateRuleResponse>}
   */
  add(fate, match = {}) {
    return this._add(fate, match);
  }

  /**
   * Set the fate of calls that no rule matches.
   * @param {FateSpec} fate
   * @param {{ key?: string }} [options]
   * @returns {Promise<FateRulesResponse>}
   */
  setDefault(fate, { key = this._key } = {}) {
    return this._transport.call("PUT", "fates/default", { body: { fate, key } });
  }
}

/**
 * Rules for misbehaviour on the wire: of all calls or, with a key of its own, of that key's.
 *
 * `status({ code: 502 }, { operation: "query", nth: 2 })` is `add("status code=502", { operation: "query", nth: 2 })`.
 * Every method rejects with a ControlClientError. A fault that can harm other calls than it matches is reported by
 * `process.emitWarning`.
 */
class FaultControl extends RuleControl {
  /**
   * @param {ControlTransport} transport
   * @param {string} [key]
   */
  constructor(transport, key) {
    super(transport, "fault", key);
  }

  /**
   * List the rules.
   * @returns {Promise<FaultRulesResponse>}
   */
  rules() {
    return this._transport.call("GET", "faults");
  }

  /**
   * Add a rule behind the others: calls that match get this fault.
   * @param {FaultSpec} fault
   * @param {MatchCriteria} [match]
   * @returns {Promise<FaultRuleResponse>}
   */
  async add(fault, match = {}) {
    const rule = await this._add(fault, match);
    if (rule.warning) process.emitWarning(rule.warning, "SeedmockWarning");
    return rule;
  }
}

/**
 * Give rules a method for each kind that the server knows. Typed by what the server's contract lists.
 * @template {FateControl | FaultControl} T
 * @param {T} rules
 */
function withKinds(rules) {
  return new Proxy(rules, {
    get(target, name, receiver) {
      const isOther = typeof name === "symbol" || name in target || !/^[a-z]+([A-Z][a-z]+)*$/.test(name);
      // `then` would make every await take the rules for a promise; toJSON and asymmetricMatch are asked by printers.
      if (isOther || ["then", "toJSON", "asymmetricMatch", "nodeType"].includes(name)) {
        return Reflect.get(target, name, receiver);
      }
      return (/** @type {Record<string, unknown>} */ parameters = {}, /** @type {MatchCriteria} */ match = {}) =>
        target.add({ [target._noun]: snakeCase(name), ...withSnakeCaseNames(parameters) }, match);
    },
  });
}

/** @param {Record<string, unknown>} table */
function withSnakeCaseNames(table) {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [snakeCase(name), value]));
}

/** @param {string} name */
function snakeCase(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * @param {ControlTransport} transport
 * @param {string} [key]
 * @returns {FateControl & import("../types/api.js").FateKinds}
 */
function fateControl(transport, key) {
  return /** @type {any} */ (withKinds(new FateControl(transport, key)));
}

/**
 * @param {ControlTransport} transport
 * @param {string} [key]
 * @returns {FaultControl & import("../types/api.js").FaultKinds}
 */
function faultControl(transport, key) {
  return /** @type {any} */ (withKinds(new FaultControl(transport, key)));
}

exports.FateControl = FateControl;
exports.FaultControl = FaultControl;
exports.fateControl = fateControl;
exports.faultControl = faultControl;
