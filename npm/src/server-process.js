"use strict";
/** The server as a child process that never outlives this one. */

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { setTimeout: sleep } = require("node:timers/promises");
const { ServerStartError } = require("./errors.js");

const ADDRESS = /SEEDMOCK_BASE_URL=(\S+)/; // the line for shells among what the server prints when it listens
const LOG_LINES = 20;
const STOP_MS = 15_000; // its grace period, and more

/**
 * Running command. Its standard input is a pipe that nobody writes to: it ends with this process, whatever ends that,
 * and the server stops. So there are no handlers of signals or of exit, and none can be missed.
 */
class ServerProcess {
  /**
   * @param {string[]} command
   * @param {{ env: NodeJS.ProcessEnv, cwd?: string }} options
   */
  constructor(command, { env, cwd }) {
    this._command = command;
    const [program = "", ...args] = command;
    this._child = spawn(program, args, { env, cwd, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    /** @type {string[]} */
    this._lines = [];
    this._end = "";
    this._ended = new Promise((resolve) => {
      this._child.once("error", (error) => resolve((this._end = `could not be started: ${error.message}`)));
      this._child.once("close", (code, signal) => {
        resolve((this._end ||= `ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`));
      });
    });
    this._child.stdin.on("error", () => undefined); // the server may close its end first
    this._child.stderr.setEncoding("utf8").on("data", (text) => this._keep(text));
  }

  /** Last lines of the server's standard error. */
  get log() {
    return this._lines.join("\n").trim();
  }

  /** Return a sentence about the end of the process, empty while it runs. */
  describeEnd() {
    return this._end && [`because ${this._name} ${this._end}`, this.log].filter(Boolean).join(":\n");
  }

  /**
   * Wait until the server listens, and return its URL. Rejects with ServerStartError, after the process has ended.
   * @param {number} timeoutMs
   * @returns {Promise<string>}
   */
  async listening(timeoutMs) {
    const timer = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    try {
      const url = await Promise.race([this._address(), this._ended.then(() => ""), timeout.then(() => "")]);
      if (url) return url;
    } finally {
      timer.abort();
    }
    const problem = this._end || `was not ready within ${timeoutMs / 1000} s`;
    await this.stop();
    throw new ServerStartError([`${this._name} ${problem}`, ...this._lines].join("\n").trim());
  }

  /** Let this process end while the server runs. */
  unref() {
    this._child.unref();
    for (const pipe of this._child.stdio) /** @type {import("node:net").Socket | null} */ (pipe)?.unref?.();
  }

  /** Stop the server, and wait until it has ended; it finishes the responses under way. */
  async stop() {
    if (this._end) return;
    this._child.ref();
    this._child.stdin.end();
    const timer = new AbortController();
    const timeout = sleep(STOP_MS, true, { signal: timer.signal }).catch(() => false);
    if (await Promise.race([this._ended.then(() => false), timeout])) {
      this._child.kill("SIGKILL");
      await this._ended;
    }
    timer.abort();
  }

  /** The command without the values of its options, which may be keys. */
  get _name() {
    const words = this._command.slice(0, this._command.indexOf("serve") + 1);
    return words.join(" ");
  }

  /** @returns {Promise<string>} */
  async _address() {
    let text = "";
    this._child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
    for (;;) {
      const url = ADDRESS.exec(text)?.[1];
      if (url && text.includes("\n", text.indexOf(url))) {
        this._child.stdout.removeAllListeners("data").resume();
        return url;
      }
      await once(this._child.stdout, "data");
    }
  }

  /** @param {string} text */
  _keep(text) {
    const last = this._lines.pop() ?? "";
    this._lines.push(...(last + text).split(/\r?\n/));
    this._lines.splice(0, Math.max(0, this._lines.length - LOG_LINES));
  }
}

exports.ServerProcess = ServerProcess;
