"use strict";
/** Requests to the control API, and its errors. Knows an address, not the emulator. */

const http = require("node:http");
const https = require("node:https");
const { ControlClientError, EmulatorNotRunning, RequestRejected } = require("./errors.js");

const TIMEOUT_MS = 30_000;

/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */
/** @typedef {{ status: number, text: string }} Reply */

/**
 * Sends requests to the control API at a URL. node:http rather than fetch, which a test may have replaced by its own.
 * Every method rejects with a ControlClientError.
 */
class ControlTransport {
  /**
   * @param {string} url
   * @param {string} [token]
   */
  constructor(url, token) {
    this.url = parseOrigin(url);
    this._token = token;
    this._http = this.url.startsWith("https:") ? https : http;
    this._agent = new this._http.Agent({ keepAlive: true });
    /** Reason why the emulator may have gone, if that is known. @type {() => string} */
    this.describeEnd = () => "";
  }

  /** Close the connections. */
  close() {
    this._agent.destroy();
  }

  /**
   * Send a request with a JSON body, if there is one, and decode the JSON of the response.
   * @param {string} method
   * @param {string} path Below `/_mock/`.
   * @param {{ body?: unknown, query?: Query, key?: string }} [options] A value of null or undefined is left out of the
   *   query. `key` goes into a header, because URLs are logged.
   * @returns {Promise<any>}
   */
  async call(method, path, options = {}) {
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const reply = await this.request(method, path, text, options);
    try {
      return JSON.parse(reply.text);
    } catch {
      throw this._notSeedmock(reply.status);
    }
  }

  /**
   * Send a request with a body as it is.
   * @param {string} method
   * @param {string} path
   * @param {string} [content]
   * @param {{ query?: Query, key?: string }} [options]
   * @returns {Promise<Reply>}
   */
  async request(method, path, content, { query = {}, key } = {}) {
    const reply = await this._send(method, `/_mock/${path}${encodeQuery(query)}`, content, key);
    if (reply.status >= 400) throw this._errorFrom(reply);
    return reply;
  }

  /**
   * Return what the server says at its root: its name, and the base URL of each upstream.
   * @returns {Promise<{ name: string, upstreams: Record<string, string> }>}
   */
  async root() {
    const reply = await this._send("GET", "/");
    try {
      const root = JSON.parse(reply.text);
      if (root.name === "seedmock") return root;
    } catch {
      // not JSON: below
    }
    throw this._notSeedmock(reply.status);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} [content]
   * @param {string} [key]
   * @returns {Promise<Reply>}
   */
  _send(method, path, content, key) {
    /** @type {Record<string, string>} */
    const headers = { "Content-Length": String(Buffer.byteLength(content ?? "")) };
    if (this._token !== undefined) headers["X-Mock-Token"] = this._token;
    if (key !== undefined) headers["X-Mock-Key"] = key;
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this._agent, timeout: TIMEOUT_MS };
      const request = this._http.request(this.url + path, options, (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", (error) => reject(this._unreachable(error)));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      request.on("timeout", () => request.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
      request.on("error", (error) => reject(this._unreachable(error)));
      request.end(content);
    });
  }

  /** @param {Error & { code?: string }} error */
  _unreachable(error) {
    const reason = this.describeEnd() || `(${error.code ?? error.message}); start one: seedmock serve`;
    return new EmulatorNotRunning(`no emulator answers at ${this.url} ${reason}`);
  }

  /** @param {Reply} reply */
  _errorFrom(reply) {
    try {
      const { message, field, allowed } = JSON.parse(reply.text).error;
      return new RequestRejected(message, reply.status, field ?? null, allowed ?? []);
    } catch {
      return this._notSeedmock(reply.status);
    }
  }

  /** @param {number} status */
  _notSeedmock(status) {
    return new ControlClientError(`${this.url} is not a seedmock control API: it answered HTTP ${status}`, status);
  }
}

/**
 * Return the origin of a URL, without a user, a path or a slash at the end.
 * @param {string} url
 */
function parseOrigin(url) {
  const origin = URL.canParse(url) ? new URL(url).origin : "null";
  if (/^https?:/.test(origin)) return origin;
  // A URL that is not one may hold a password anywhere.
  throw new ControlClientError("the url of the emulator is not valid; allowed: an address such as http://127.0.0.1:8000");
}

/** @param {Query} query */
function encodeQuery(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

exports.ControlTransport = ControlTransport;
