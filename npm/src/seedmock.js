"use strict";
/** A running emulator: everything that its control API can do, as methods, and a key for each test. */

const { createHash, randomUUID } = require("node:crypto");
const { ClockControl } = require("./clock-control.js");
const { EmulatedUpstreams } = require("./emulated-upstreams.js");
const { SeedmockError } = require("./errors.js");
const { fateControl, faultControl } = require("./rule-control.js");

/** @import * as Api from "../types/api.js" */
/** @typedef {{ upstream?: string, key?: string, account?: string, task?: string, operation?: string, kind?: string, since?: number, limit?: number }} JournalQuery */

const PROCESS = randomUUID();

/**
 * Emulator that was started, or one that runs already. What it does for all keys is here, what it does for one test's
 * key in `upstreams()`. Every method rejects with a ControlClientError.
 */
class Seedmock {
  /**
   * @param {import("./control-transport.js").ControlTransport} transport
   * @param {Record<string, string>} baseUrls
   * @param {import("./server-process.js").ServerProcess} [server]
   */
  constructor(transport, baseUrls, server) {
    this._transport = transport;
    this._baseUrls = baseUrls;
    this._server = server;
    /** Origin of all upstreams. */
    this.url = transport.url;
    this.clock = new ClockControl(transport);
    this.fates = fateControl(transport);
    this.faults = faultControl(transport);
  }

  /** Stop the server if this process has started it, and close the connections. */
  async stop() {
    this._transport.close();
    await this._server?.stop();
  }

  [Symbol.asyncDispose]() {
    return this.stop();
  }

  /** Last lines that the server has written to its standard error; empty if this process has not started it. */
  get serverLog() {
    return this._server?.log ?? "";
  }

  // --- one test ---

  /**
   * Return an API key: for a name (of a test) the same in each run, so that ids and clips are the same too; without
   * one a key that no other test has. At a server that this run has not started it is the same for the same
   * SEEDMOCK_JOB only: another job may run the same test there at the same time.
   * @param {string} [name]
   */
  key(name) {
    const job = process.env["SEEDMOCK_JOB"] || (this._server === undefined ? PROCESS : "");
    const digest = createHash("sha256").update(name === undefined ? randomUUID() : [job, name].join(" ").trim());
    return `sk_mock_test_${digest.digest("hex").slice(0, 16)}`;
  }

  /**
   * Return one test's view: a key of its own, with its clock, fates, faults, journal and ledger.
   * @param {string} [name]
   */
  upstreams(name) {
    return new EmulatedUpstreams(this, this._transport, this.key(name));
  }

  /**
   * Return the base URL of an upstream, with its path prefix, for use in place of the real one.
   * @param {string} upstream
   */
  baseUrl(upstream) {
    const url = Object.hasOwn(this._baseUrls, upstream) ? this._baseUrls[upstream] : undefined;
    if (url !== undefined) return url;
    const names = Object.keys(this._baseUrls).join(", ");
    throw new SeedmockError(`unknown upstream ${JSON.stringify(upstream)}; available: ${names}`);
  }

  // --- the emulator ---

  /** Check that the server is up. @returns {Promise<Api.HealthResponse>} */
  health() {
    return this._transport.call("GET", "health");
  }

  /** List every fact of the upstreams with its basis and source. @returns {Promise<Record<string, Api.FactResponse[]>>} */
  basis() {
    return this._transport.call("GET", "basis");
  }

  /** List the behaviours that the pages leave open, with the option in force. @returns {Promise<Api.VariantResponse[]>} */
  variants() {
    return this._transport.call("GET", "variants");
  }

  /** Return the OpenAPI document of the control API. @returns {Promise<Record<string, any>>} */
  openapi() {
    return this._transport.call("GET", "openapi.json");
  }

  // --- tasks and money ---

  /**
   * List tasks, oldest first; beyond the limit, the newest.
   * @param {{ upstream?: string, key?: string, status?: string, limit?: number }} [query]
   * @returns {Promise<Api.TasksResponse>}
   */
  tasks({ key, ...query } = {}) {
    return this._transport.call("GET", "tasks", { query, key });
  }

  /**
   * Show a task as it is now.
   * @param {string} taskId
   * @returns {Promise<Api.TaskResponse>}
   */
  task(taskId) {
    return this._transport.call("GET", `tasks/${encodeURIComponent(taskId)}`);
  }

  /**
   * Show the phases of a task, and the exchanges about it.
   * @param {string} taskId
   * @returns {Promise<Api.TimelineResponse>}
   */
  timeline(taskId) {
    return this._transport.call("GET", `tasks/${encodeURIComponent(taskId)}/timeline`);
  }

  /**
   * Show a statement for each key.
   * @param {{ key?: string, upstream?: string, limit?: number }} [query]
   * @returns {Promise<Api.LedgerResponse>}
   */
  ledger({ key, ...query } = {}) {
    return this._transport.call("GET", "ledger", { query, key });
  }

  /**
   * Set what can be spent, in USD; null is unlimited.
   * @param {string | number | null} amount
   * @param {{ key?: string, upstream?: string }} [options]
   * @returns {Promise<Api.LedgerResponse>}
   */
  setCredit(amount, options = {}) {
    return this._transport.call("PUT", "credit", { body: { amount, ...options } });
  }

  /** List the limits. @returns {Promise<Api.LimitsResponse>} */
  limits() {
    return this._transport.call("GET", "limits");
  }

  /**
   * Limit calls a minute and unfinished tasks, of all keys or of one; what is left out is unlimited.
   * @param {{ rate?: number, concurrency?: number, key?: string }} limit
   * @returns {Promise<Api.LimitsResponse>}
   */
  setLimit(limit) {
    return this._transport.call("PUT", "limits", { body: limit });
  }

  // --- media ---

  /** List the declared media. @returns {Promise<Api.DeclaredMediaResponse>} */
  media() {
    return this._transport.call("GET", "media");
  }

  /**
   * Declare the media behind a URL; what is left out is measured where the media can be read.
   * @param {Partial<Api.MediaDeclaration> & { url: string, kind: string }} declaration
   * @returns {Promise<Api.DeclaredMediaResponse>}
   */
  declareMedia(declaration) {
    return this._transport.call("PUT", "media", { body: declaration });
  }

  /**
   * Remove the declaration of a URL, or all.
   * @param {string} [url]
   * @returns {Promise<Api.RemovalResponse>}
   */
  removeMedia(url) {
    return this._transport.call("DELETE", "media", { query: { url } });
  }

  // --- the journal ---

  /**
   * List recorded exchanges, oldest first; beyond the limit, the newest.
   * @param {JournalQuery} [query]
   * @returns {Promise<Api.JournalResponse>}
   */
  journal({ key, ...query } = {}) {
    return this._transport.call("GET", "journal", { query, key });
  }

  /**
   * Export the journal as HTTP Archive 1.2.
   * @param {JournalQuery} [query]
   * @returns {Promise<Record<string, any>>}
   */
  journalHar({ key, ...query } = {}) {
    return this._transport.call("GET", "journal", { query: { ...query, format: "har" }, key });
  }

  /**
   * Export the journal as curl commands, with $SEEDMOCK_API_KEY in the place of the key.
   * @param {JournalQuery} [query]
   */
  journalCurl(query) {
    return this._journalText("curl", query);
  }

  /**
   * Export the journal as the lines of a recording.
   * @param {JournalQuery} [query]
   */
  journalJsonl(query) {
    return this._journalText("jsonl", query);
  }

  /**
   * @param {string} format
   * @param {JournalQuery} [query]
   */
  async _journalText(format, { key, ...query } = {}) {
    return (await this._transport.request("GET", "journal", undefined, { query: { ...query, format }, key })).text;
  }

  /**
   * List contract violations in requests: without advice, or of one severity only.
   * @param {JournalQuery & { advice?: boolean, severity?: string }} [query]
   * @returns {Promise<Api.ViolationsResponse>}
   */
  violations({ key, ...query } = {}) {
    return this._transport.call("GET", "violations", { query, key });
  }

  // --- the state as a whole ---

  /**
   * Delete all state, or that of a key.
   * @param {{ key?: string }} [options]
   * @returns {Promise<Api.ResetResponse>}
   */
  reset({ key } = {}) {
    return this._transport.call("POST", "reset", { body: {}, key });
  }

  /**
   * Delete a key's tasks, charges and exchanges, and count anew; its rules, limits, credit and clock remain.
   * @param {{ key: string }} options
   * @returns {Promise<Api.ResetResponse>}
   */
  forget({ key }) {
    return this._transport.call("POST", "forget", { body: {}, key });
  }

  /** Return the whole state as one JSON text. */
  async snapshot() {
    return (await this._transport.request("GET", "snapshot")).text;
  }

  /**
   * Replace the current state with the snapshot.
   * @param {string} snapshot
   * @returns {Promise<Api.RestoreResponse>}
   */
  async restore(snapshot) {
    return JSON.parse((await this._transport.request("PUT", "snapshot", snapshot)).text);
  }

  /** List the built-in scenarios. @returns {Promise<Api.ScenariosResponse>} */
  scenarios() {
    return this._transport.call("GET", "scenarios");
  }

  /** Show the active scenario, if there is one. @returns {Promise<Api.ActiveScenarioResponse>} */
  activeScenario() {
    return this._transport.call("GET", "scenario");
  }

  /**
   * Activate a scenario for all keys: the name of a built-in one, or TOML.
   * @param {string} scenario
   * @returns {Promise<Api.ActiveScenarioResponse>}
   */
  async activateScenario(scenario) {
    const isName = !/[\n=]/.test(scenario);
    const content = isName ? JSON.stringify({ name: scenario }) : scenario;
    return JSON.parse((await this._transport.request("PUT", "scenario", content)).text);
  }

  /** Deactivate the scenario. @returns {Promise<Api.ActiveScenarioResponse>} */
  deactivateScenario() {
    return this._transport.call("DELETE", "scenario");
  }
}

exports.Seedmock = Seedmock;
