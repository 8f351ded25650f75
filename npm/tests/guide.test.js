"use strict";
/** The guide docs/guides/javascript.md: each section runs in a folder of its own, as a project that installed us. */

const assert = require("node:assert/strict");
const { exec } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, describe, test } = require("node:test");
const { findCommand } = require("../src/find-command.js");
const { eventually } = require("./waiting.js");

const PACKAGE = path.dirname(__dirname);
const GUIDE = path.join(PACKAGE, "..", "docs", "guides", "javascript.md");
const TOOLS = path.join(PACKAGE, "node_modules");
const COUNTED_START = path.join(__dirname, "programs", "counted-start.js");
const folders = fs.mkdtempSync(path.join(os.tmpdir(), "seedmock-guide-"));
after(() => fs.rmSync(folders, { recursive: true }));

/** @param {string} text */
function blocksOf(text) {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, code = ""]) => {
    return { language, code, file: /^\/\/ (\S+\.\w+)\n/.exec(code)?.[1] };
  });
}

/** @param {string} name */
function createProject(name) {
  const folder = path.join(folders, name);
  fs.mkdirSync(path.join(folder, "node_modules"), { recursive: true });
  // As npm installs a folder, and the runners beside it.
  fs.symlinkSync(PACKAGE, path.join(folder, "node_modules", "seedmock"), "junction");
  for (const tool of ["vitest", "jest"]) {
    fs.symlinkSync(path.join(TOOLS, tool), path.join(folder, "node_modules", tool), "junction");
  }
  return folder;
}

/**
 * Run a command of a project; return its output, and the process ids of the servers that it has started.
 * @param {string} command
 * @param {string} cwd
 */
async function run(command, cwd) {
  const starts = path.join(cwd, "starts");
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env; // a runner within a runner reports to the outer one
  const env = {
    ...inherited,
    PATH: path.join(TOOLS, ".bin") + path.delimiter + inherited["PATH"],
    SEEDMOCK_COMMAND: `"${process.execPath}" "${COUNTED_START}"`,
    COUNTED_COMMAND: JSON.stringify(findCommand(undefined, inherited)),
    COUNTED_FILE: starts,
  };
  const output = await new Promise((resolve, reject) => {
    exec(command, { cwd, env }, (error, stdout, stderr) => (error ? reject(new Error(stdout + stderr)) : resolve(stdout)));
  });
  return { output, servers: fs.readFileSync(starts, "utf8").trim().split("\n").map(Number) };
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const [intro = "", ...sections] = fs.readFileSync(GUIDE, "utf8").split(/^(?=## )/m);
const common = blocksOf(intro).filter(({ file }) => file !== undefined);

describe("section", () => {
  for (const section of sections) {
    const title = section.slice(3, section.indexOf("\n"));
    test(title, async () => {
      const folder = createProject(title.replace(/\W+/g, "-"));
      const blocks = blocksOf(section);
      for (const { file, code } of [...common, ...blocks]) {
        if (file) fs.writeFileSync(path.join(folder, file), code);
        // The same tests once more: with a global set-up, files share a server, and do not disturb each other.
        if (file === "clips.test.js") fs.writeFileSync(path.join(folder, `again.${file}`), code);
      }
      const [command, ...others] = blocks.filter(({ language }) => language === "console");
      assert.ok(command !== undefined && others.length === 0, "a section runs its files by one command");
      const [first = "", ...expected] = command.code.trimEnd().split("\n");
      const { output, servers } = await run(first.replace(/^\$ (npx )?/, ""), folder);
      const pattern = expected.join("\n").split("...").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      assert.match(output.trimEnd(), new RegExp(`^${pattern.join("[^]*")}$`));
      assert.equal(servers.length, 1);
      assert.ok(await eventually(() => !servers.some(isRunning)), "the server is stopped");
    });
  }
});
