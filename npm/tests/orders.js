"use strict";
/** Requests that a test's code under test would send, to the upstream opeai. */

const ORDER = { model: "seedance-2-0-fast", prompt: "A paper boat", size: "640x640", seconds: "4" };

/**
 * Send an order; return the id of its task.
 * @param {import("../src/emulated-upstreams.js").EmulatedUpstreams} upstreams
 * @param {Record<string, unknown>} [changes]
 */
async function createVideo(upstreams, changes) {
  const response = await send(upstreams, "/videos", { ...ORDER, ...changes });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()).id;
}

/**
 * @param {import("../src/emulated-upstreams.js").EmulatedUpstreams} upstreams
 * @param {string} path
 * @param {unknown} [body]
 */
function send(upstreams, path, body) {
  const headers = { ...upstreams.headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const options = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  return fetch(upstreams.baseUrl("opeai") + path, options);
}

/**
 * @param {import("../src/emulated-upstreams.js").EmulatedUpstreams} upstreams
 * @param {string} id
 */
async function queryStatus(upstreams, id) {
  return (await (await send(upstreams, `/videos/${id}`)).json()).status;
}

module.exports = { ORDER, createVideo, queryStatus, send };
