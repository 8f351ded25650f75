"use strict";
/** Starts the server, or connects to one that runs. */

const { setTimeout: sleep } = require("node:timers/promises");
const { ControlTransport } = require("./control-transport.js");
const { EmulatorNotRunning, SeedmockError } = require("./errors.js");
const { findCommand } = require("./find-command.js");
const { Seedmock } = require("./seedmock.js");
const { ServerProcess } = require("./server-process.js");

const SEED = 20260601; // as in the pytest plugin: ids, latencies and clips are the same in each run
const START_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000; // a server that something else starts at the same time
const RETRY_MS = 50;
const SHARED = Symbol.for("seedmock.shared");

/**
 * @typedef {object} ConnectOptions
 * @property {string} [url] Address of a running emulator; default: SEEDMOCK_URL. With one, no server is started.
 * @property {string} [token] Token of its control API; default: SEEDMOCK_CONTROL_TOKEN.
 */

/**
 * @typedef {object} ProcessOptions
 * @property {string | readonly string[]} [command] The command `seedmock`; default: SEEDMOCK_COMMAND, the one on the
 *   PATH, or `python3 -m seedmock_server`.
 * @property {number} [port] Default: a free one.
 * @property {number} [startTimeout] Milliseconds to wait for the server; default: 30000.
 * @property {string} [cwd] Folder in which the server is started.
 * @property {Record<string, string>} [env] Variables beside those of this process.
 */

/** @typedef {string | number | boolean | readonly string[] | Record<string, string>} Setting */

/**
 * Any further option of `seedmock serve`, camelCased: `pace: "instant"`, `seed: 1`, `rateLimit: 60`. A list repeats an
 * option; an object is a list of NAME=VALUE: `variant: { "opeai.status": "openai" }`.
 * @typedef {ConnectOptions & ProcessOptions & { [setting: string]: Setting | undefined }} StartOptions
 */

/**
 * Start a server on a free port, and stop it with this process at the latest. If there is a URL (option `url`, or
 * SEEDMOCK_URL), connect to that server instead.
 *
 * Rejects with ServerStartError, which shows the last lines of the server, or with ControlClientError.
 * @param {StartOptions} [options]
 * @returns {Promise<Seedmock>}
 */
async function startSeedmock(options = {}) {
  const { command, port, startTimeout = START_TIMEOUT_MS, cwd, env: variables, url, token, ...settings } = options;
  const address = url ?? process.env["SEEDMOCK_URL"];
  if (address) {
    refuseSettings({ command, port, ...settings }, url === undefined ? "SEEDMOCK_URL is set" : "there is a url");
    return connectSeedmock({ url: address, token });
  }
  /** @type {NodeJS.ProcessEnv & { SEEDMOCK_SERVE_CONTROL_TOKEN?: string }} */
  const env = { ...process.env, ...variables };
  // A variable, because a list of processes shows arguments.
  if (token !== undefined) env.SEEDMOCK_SERVE_CONTROL_TOKEN = token;
  if (!("SEEDMOCK_SERVE_SEED" in env)) settings["seed"] ??= SEED;
  const words = [...findCommand(command, env), "serve", "--stop-on-eof", "--port", String(port ?? 0)];
  const server = new ServerProcess([...words, ...serveOptions(settings)], { env, cwd });
  try {
    const origin = await server.listening(startTimeout);
    const seedmock = await connect(origin, env.SEEDMOCK_SERVE_CONTROL_TOKEN, startTimeout, server);
    server.unref();
    return seedmock;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * Connect to a running emulator, and wait a while for `/_mock/health`. Rejects with ControlClientError.
 * @param {ConnectOptions} [options]
 * @returns {Promise<Seedmock>}
 */
async function connectSeedmock({ url, token } = {}) {
  const address = url ?? process.env["SEEDMOCK_URL"];
  if (!address) throw new SeedmockError("there is no emulator to connect to; set SEEDMOCK_URL, or give the option `url`");
  return connect(address, token ?? process.env["SEEDMOCK_CONTROL_TOKEN"], CONNECT_TIMEOUT_MS);
}

/**
 * Return the emulator of this process, which the first call starts, or connects to by SEEDMOCK_URL.
 * @returns {Promise<Seedmock>}
 */
function sharedSeedmock() {
  const holder = /** @type {{ [SHARED]?: Promise<Seedmock> }} */ (globalThis);
  return (holder[SHARED] ??= startSeedmock());
}

/**
 * @param {string} url
 * @param {string | undefined} token
 * @param {number} timeoutMs
 * @param {ServerProcess} [server]
 */
async function connect(url, token, timeoutMs, server) {
  const transport = new ControlTransport(url, token || undefined);
  if (server !== undefined) transport.describeEnd = () => server.describeEnd();
  try {
    await waitUntilHealthy(transport, Date.now() + timeoutMs);
    await transport.call("GET", "clock"); // health needs no token; a wrong one is found here
    return new Seedmock(transport, (await transport.root()).upstreams, server);
  } catch (error) {
    transport.close();
    throw error;
  }
}

/**
 * @param {ControlTransport} transport
 * @param {number} deadline
 */
async function waitUntilHealthy(transport, deadline) {
  for (;;) {
    try {
      return await transport.call("GET", "health");
    } catch (error) {
      if (!(error instanceof EmulatorNotRunning) || transport.describeEnd() || Date.now() > deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/**
 * @param {Record<string, unknown>} settings
 * @param {string} reason
 */
function refuseSettings(settings, reason) {
  const names = Object.keys(settings).filter((name) => settings[name] !== undefined);
  if (names.length === 0) return;
  throw new SeedmockError(
    `${reason}, so that no server is started, and its settings cannot be chosen here: ${names.join(", ")}; ` +
      "start that server with them, or do not name one",
  );
}

/**
 * Return the options of the command line for settings.
 * @param {Record<string, Setting | undefined>} settings
 * @returns {string[]}
 */
function serveOptions(settings) {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (setting === undefined || setting === false) return [];
    if (setting === true) return [option];
    if (Array.isArray(setting)) return setting.map((value) => `${option}=${value}`);
    if (typeof setting !== "object") return [`${option}=${setting}`];
    return Object.entries(setting).map(([key, value]) => `${option}=${key}=${value}`);
  });
}

exports.startSeedmock = startSeedmock;
exports.connectSeedmock = connectSeedmock;
exports.sharedSeedmock = sharedSeedmock;
