"use strict";
/** Journal of one API key, with assertions that list its exchanges when they fail. */

const { assertionFailure } = require("./errors.js");

/** @typedef {import("./control-transport.js").ControlTransport} ControlTransport */
/** @typedef {import("../types/api.js").ExchangeResponse} Exchange */
/** @typedef {import("../types/api.js").TaskResponse} Task */
/** @typedef {import("../types/api.js").ViolationResponse} Violation */

const MAX_LINES = 40;
const MAX_TASKS = 1000; // most that the control API lists
const MAX_EXCHANGES = 10_000;

/** Exchanges of one key, oldest first. Its assertions reject with an AssertionError. */
class AccountJournal {
  /**
   * @param {ControlTransport} transport
   * @param {string} key
   */
  constructor(transport, key) {
    this._transport = transport;
    this._key = key;
  }

  /**
   * List all exchanges; headers that authenticate are redacted.
   * @returns {Promise<Exchange[]>}
   */
  exchanges() {
    return this._exchanges({});
  }

  /** List the orders, accepted or not. */
  async submissions() {
    return (await this.exchanges()).filter((exchange) => exchange.is_order);
  }

  /**
   * List the tasks that were created.
   * @returns {Promise<Task[]>}
   */
  async tasks() {
    const query = { limit: MAX_TASKS };
    return (await this._transport.call("GET", "tasks", { query, key: this._key })).tasks;
  }

  /**
   * List the queries of a task.
   * @param {string} taskId
   */
  polls(taskId) {
    return this._exchanges({ task: taskId, operation: "query" });
  }

  /**
   * List the requests for a task's clip, by its content endpoint or its result link, errors included.
   * @param {string} taskId
   */
  downloads(taskId) {
    return this._exchanges({ task: taskId, operation: "content" });
  }

  /**
   * List the contract violations in requests, each with its fact, basis and source.
   * @param {{ strict?: boolean }} [options] `strict` lists unknown fields and advice too.
   * @returns {Promise<Violation[]>}
   */
  async violations({ strict = false } = {}) {
    const query = { limit: MAX_EXCHANGES, advice: strict ? undefined : false };
    return (await this._transport.call("GET", "violations", { query, key: this._key })).violations;
  }

  /**
   * Begin anew, as for the next example of a property: delete this test's exchanges, tasks and charges. Its draws, and
   * the requests that its rules match, count from 0 again. Rules, credit and the clock remain.
   */
  async forget() {
    await this._transport.call("POST", "forget", { body: {}, key: this._key });
  }

  // --- assertions ---

  /** Assert that exactly one order was accepted; rejected ones do not count. */
  async assertSubmittedOnce() {
    const fail = assertionFailure(this.assertSubmittedOnce);
    const tasks = await this.tasks();
    if (tasks.length === 1) return;
    const ids = tasks.map((task) => task.id).join(", ") || "none";
    fail(await this._withExchanges(`expected one task, found ${tasks.length}: ${ids}`));
  }

  /**
   * Assert how often each task was queried.
   * @param {{ atMost?: number, atLeast?: number }} bounds
   */
  async assertPolls({ atMost, atLeast }) {
    const fail = assertionFailure(this.assertPolls);
    if (atMost === undefined && atLeast === undefined) throw new TypeError("assertPolls needs atMost, atLeast or both");
    for (const task of await this._tasksOrFail(fail)) {
      const count = (await this.polls(task.id)).length;
      const problem =
        atMost !== undefined && count > atMost ? `at most ${atMost}`
        : atLeast !== undefined && count < atLeast ? `at least ${atLeast}`
        : "";
      if (problem) fail(await this._withExchanges(`expected ${problem} polls of ${task.id}, found ${count}`));
    }
  }

  /** Assert that no task was queried again after a response with a terminal status. */
  async assertNeverPolledAfterEnd() {
    const fail = assertionFailure(this.assertNeverPolledAfterEnd);
    for (const task of await this._tasksOrFail(fail)) {
      const polls = await this.polls(task.id);
      const end = polls.findIndex((poll) => poll.task_ended);
      const more = end < 0 ? 0 : polls.length - end - 1;
      if (more === 0) continue;
      const message = `expected no poll of ${task.id} after it was ${polls[end]?.task_status}, found ${more}`;
      fail(withListing(message, polls));
    }
  }

  /** Assert that a task has succeeded, and that the clip of each such task was downloaded completely. */
  async assertDownloaded() {
    const fail = assertionFailure(this.assertDownloaded);
    const tasks = await this._tasksOrFail(fail);
    const successes = tasks.filter((task) => task.status === "SUCCESS");
    if (successes.length === 0) {
      const listed = tasks.map((task) => `${task.id} is ${task.status}`).join(", ");
      fail(await this._withExchanges(`expected a download, but no task has succeeded: ${listed}`));
    }
    for (const { id } of successes) {
      const exchanges = await this.downloads(id);
      if (isCovered(exchanges.flatMap(({ download }) => download ?? []))) continue;
      const found = exchanges.map(describeDownload).join("; ") || "no download";
      fail(await this._withExchanges(`expected a complete download of the clip of ${id}, found: ${found}`));
    }
  }

  /**
   * Assert that no request broke the contract, and that no accepted order carried a reference that is not used.
   * @param {{ strict?: boolean }} [options] `strict` counts unknown fields and advice too.
   */
  async assertNoViolations(options = {}) {
    const fail = assertionFailure(this.assertNoViolations);
    const violations = await this.violations(options);
    if (violations.length === 0) return;
    const lines = violations.map((violation) => {
      const fact = violation.fact && ` (${violation.fact})`;
      return `${describe({ ...violation, query: "" })}: ${violation.message}${fact}`;
    });
    const message = [`expected no contract violation, found ${violations.length}:`, ...lines].join("\n  ");
    fail(await this._withExchanges(message));
  }

  /**
   * @param {Record<string, string>} query
   * @returns {Promise<Exchange[]>}
   */
  async _exchanges(query) {
    const options = { query: { limit: MAX_EXCHANGES, ...query }, key: this._key };
    return (await this._transport.call("GET", "journal", options)).exchanges;
  }

  /** @param {(message: string) => never} fail */
  async _tasksOrFail(fail) {
    const tasks = await this.tasks();
    if (tasks.length === 0) fail(await this._withExchanges("expected a task, found none"));
    return tasks;
  }

  /** @param {string} message */
  async _withExchanges(message) {
    return withListing(message, await this.exchanges());
  }
}

/**
 * @param {string} message
 * @param {Exchange[]} exchanges
 */
function withListing(message, exchanges) {
  const lines = describeAll(exchanges);
  return `${message}\n${lines.length ? ["exchanges:", ...lines].join("\n  ") : "no exchanges with this test's key"}`;
}

/**
 * Describe exchanges, with their time since the first; of too many, the first and the last.
 * @param {Exchange[]} exchanges
 */
function describeAll(exchanges) {
  const start = exchanges[0]?.at ?? 0;
  const lines = exchanges.map((exchange) => {
    const faults = exchange.faults.map((fault) => `fault: ${fault}`);
    const remarks = [...(exchange.task_status ? [exchange.task_status] : []), ...faults];
    const suffix = remarks.length ? ` (${remarks.join(", ")})` : "";
    return `+${(exchange.at - start).toFixed(1)}s ${describe(exchange)}${suffix}`;
  });
  if (lines.length <= MAX_LINES) return lines;
  const half = MAX_LINES / 2;
  return [...lines.slice(0, half), `... ${lines.length - 2 * half} more ...`, ...lines.slice(-half)];
}

/** @param {{ upstream: string, method: string, path: string, query: string, status: number }} exchange */
function describe({ upstream, method, path, query, status }) {
  return `${upstream} ${method} ${path}${query && `?${query}`} -> ${status || "no response"}`;
}

/** @param {Exchange} exchange */
function describeDownload({ status, download }) {
  const from = download?.start ? ` from ${download.start} on` : "";
  return `${status || "no response"}${download ? `, ${download.sent} of ${download.size} bytes${from}` : ""}`;
}

/**
 * Tell whether downloads of a clip have together sent each byte of it, in any order.
 * @param {NonNullable<Exchange["download"]>[]} downloads
 */
function isCovered(downloads) {
  const size = Math.max(0, ...downloads.map((download) => download.size));
  let position = 0;
  for (const { start, sent } of [...downloads].sort((a, b) => a.start - b.start)) {
    if (start <= position) position = Math.max(position, start + sent);
  }
  return size > 0 && position >= size;
}

exports.AccountJournal = AccountJournal;
