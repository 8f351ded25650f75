"use strict";
/** Starting, finding and stopping the server, and what is said when that fails. */

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { describe, test } = require("node:test");
const { connectSeedmock, startSeedmock } = require("seedmock");
const { findCommand } = require("../src/find-command.js");
const { eventually } = require("./waiting.js");

const PROGRAM = path.join(__dirname, "programs", "start-and-end.js");
const POSIX = { skip: process.platform === "win32" && "signals of POSIX" };
const COMMAND = findCommand(undefined, process.env);
const TOKEN = "a-token-that-no-message-may-show";

/** @param {string} url */
async function isUp(url) {
  return fetch(`${url}/_mock/health`).then((response) => response.ok, () => false);
}

describe("a started server", () => {
  test("listens on a free port until it is stopped, more than once if need be", async () => {
    const mock = await startSeedmock();
    assert.ok(await isUp(mock.url));
    await mock.stop();
    await mock.stop();
    assert.ok(!(await isUp(mock.url)));
    await assert.rejects(mock.health(), {
      name: "EmulatorNotRunning",
      message: /no emulator answers at http:\S+ because .* serve ended with exit code 0/,
    });
  });

  test("is stopped by `await using`", async () => {
    const mock = await startSeedmock();
    await mock[Symbol.asyncDispose]();
    assert.ok(!(await isUp(mock.url)));
  });

  test("takes any option of `seedmock serve`, and has the same seed in each run", async () => {
    const mock = await startSeedmock({ pace: "step", rateLimit: 1, key: ["sk_one", "sk_two"], credit: "2.5" });
    assert.equal((await mock.health()).pace, "step");
    assert.equal((await mock.limits()).limits[0]?.rate, 1);
    assert.equal(JSON.parse(await mock.snapshot()).seed, 20260601);
    await assert.rejects(mock.reset({ key: "sk_three" }), /key is not one of the server's keys/);
    await mock.stop();
  });

  test("requires its token, which is not among its arguments", async () => {
    const mock = await startSeedmock({ token: TOKEN });
    assert.ok((await mock.clock.read()).now > 0);
    const rejection = { name: "RequestRejected", status: 401, message: /token/ };
    for (const token of [undefined, "wrong"]) await assert.rejects(connectSeedmock({ url: mock.url, token }), rejection);
    const other = await connectSeedmock({ url: mock.url, token: TOKEN });
    assert.equal((await other.health()).status, "ok");
    await other.stop();
    assert.ok(await isUp(mock.url), "a server that somebody else has started goes on");
    await mock.stop();
  });
});

describe("no server is left", () => {
  for (const [end, code] of Object.entries({ return: 0, exit: 3, throw: 1 })) {
    test(`after ${end}`, async () => {
      const child = spawn(process.execPath, [PROGRAM, end], { stdio: ["ignore", "pipe", "ignore"] });
      const [output] = await once(child.stdout, "data");
      assert.equal((await once(child, "close"))[0], code);
      assert.ok(await eventually(async () => !(await isUp(String(output).trim()))));
    });
  }

  for (const signal of /** @type {const} */ (["SIGINT", "SIGKILL"])) {
    test(`after ${signal}`, POSIX, async () => {
      const child = spawn(process.execPath, [PROGRAM, "wait"], { stdio: ["ignore", "pipe", "inherit"] });
      const [output] = await once(child.stdout, "data");
      assert.ok(await isUp(String(output).trim()));
      child.kill(signal);
      await once(child, "close");
      assert.ok(await eventually(async () => !(await isUp(String(output).trim()))));
    });
  }
});

describe("a server that cannot be started", () => {
  test("shows the last lines of its error, without keys", async () => {
    const error = await startSeedmock({ pace: "slow", key: "sk_secret", token: TOKEN }).catch((reason) => reason);
    assert.equal(error.name, "ServerStartError");
    assert.match(error.message, /\nSee: \S+#javascript-cannot-start-the-server \(.*\)$/);
    assert.match(error.message, /^\S+(.*) serve ended with exit code 2\n[^]*'slow' is not one of 'instant', 'fast'/);
    assert.doesNotMatch(error.message + error.stack, /sk_secret|a-token/);
  });

  test("says that a port is in use", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = /** @type {net.AddressInfo} */ (taken.address());
    await assert.rejects(startSeedmock({ port }), new RegExp(`port ${port} on 127.0.0.1 is in use`));
    taken.close();
  });

  test("is given up after a while, and ended", async () => {
    const script = "process.stderr.write('loading\\n'); setInterval(() => undefined, 1000); process.stdin.resume().on('end', () => process.exit())";
    const starting = startSeedmock({ command: [process.execPath, "-e", script, "--"], startTimeout: 1000 });
    await assert.rejects(starting, { name: "ServerStartError", message: /serve was not ready within 1 s\nloading/ });
  });

  test("is not there at all", async () => {
    const missing = path.join(os.tmpdir(), "no-such-program");
    await assert.rejects(startSeedmock({ command: missing }), /no-such-program serve could not be started: .*ENOENT/);
    await assert.rejects(startSeedmock({ env: { PATH: "", SEEDMOCK_COMMAND: "" } }), /pip install seedmock.*SEEDMOCK_COMMAND=/);
  });
});

describe("the command", () => {
  test("is found by option, variable, PATH, or as a module", POSIX, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "seedmock-"));
    const program = path.join(folder, "seedmock");
    fs.writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    const env = { PATH: folder, SEEDMOCK_COMMAND: "python3 -m 'seedmock_server'" };
    assert.deepEqual(findCommand(["uvx", "seedmock"], env), ["uvx", "seedmock"]);
    assert.deepEqual(findCommand(undefined, env), ["python3", "-m", "seedmock_server"]);
    assert.deepEqual(findCommand(undefined, { PATH: folder }), [program]);
    fs.renameSync(program, path.join(folder, "python3")); // a Python that says it has the module
    assert.deepEqual(findCommand(undefined, { PATH: folder }), [path.join(folder, "python3"), "-m", "seedmock_server"]);
    fs.rmSync(folder, { recursive: true });
  });

  test("may be a path with blanks, or a module of Python", async () => {
    assert.deepEqual(findCommand(__filename, {}), [__filename]);
    assert.deepEqual(findCommand('"/a b/seedmock" --x', {}), ["/a b/seedmock", "--x"]);
    const mock = await startSeedmock({ command: COMMAND });
    await mock.stop();
  });
});

describe("SEEDMOCK_URL", () => {
  test("names a running server, which is not stopped", async (t) => {
    const server = await startSeedmock();
    t.after(() => server.stop());
    process.env["SEEDMOCK_URL"] = `${server.url}/`;
    t.after(() => delete process.env["SEEDMOCK_URL"]);
    const mock = await startSeedmock();
    assert.deepEqual([mock.url, mock.serverLog], [server.url, ""]);
    await mock.stop();
    assert.ok(await isUp(server.url));
    await assert.rejects(startSeedmock({ pace: "instant" }), /SEEDMOCK_URL is set, .* chosen here: pace/);
  });

  test("is waited for a while", async (t) => {
    const url = "http://127.0.0.1:9"; // the port "discard": nothing listens there
    const message =
      /^no emulator answers at http:\/\/127\.0\.0\.1:9 \(ECONNREFUSED\); start one: seedmock serve\nSee: https:\S+#no-emulator-answers \(offline: seedmock docs troubleshooting#no-emulator-answers\)$/;
    await assert.rejects(connectSeedmock({ url }), { name: "EmulatorNotRunning", message });
    await assert.rejects(connectSeedmock(), /set SEEDMOCK_URL/);
    t.diagnostic("connectSeedmock waits 5 s");
  });

  test("of something else is named as such, and shows no password", async (t) => {
    const other = require("node:http").createServer((_, response) => response.end("hello"));
    t.after(() => other.close());
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = /** @type {net.AddressInfo} */ (other.address());
    const error = await connectSeedmock({ url: `http://user:hunter2@127.0.0.1:${port}` }).catch((reason) => reason);
    assert.equal(error.message, `http://127.0.0.1:${port} is not a seedmock control API: it answered HTTP 200`);
    await assert.rejects(connectSeedmock({ url: "user:hunter2@nowhere" }), (reason) => !reason.message.includes("hunter2"));
  });
});
