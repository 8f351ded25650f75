"use strict";
/** The guide docs/guides/javascript.md: each section runs in a folder of its own, as a project that installed us. */

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, describe, test } = require("node:test");

const PACKAGE = path.dirname(__dirname);
const GUIDE = path.join(PACKAGE, "..", "docs", "guides", "javascript.md");
const TOOLS = path.join(PACKAGE, "node_modules");
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
  for (const tool of ["vitest", "jest", ".bin"]) {
    fs.symlinkSync(path.join(TOOLS, tool), path.join(folder, "node_modules", tool), "junction");
  }
  return folder;
}

const [intro = "", ...sections] = fs.readFileSync(GUIDE, "utf8").split(/^(?=## )/m);
const common = blocksOf(intro).filter(({ file }) => file !== undefined);

describe("section", { concurrency: true }, () => {
  for (const section of sections) {
    const title = section.slice(3, section.indexOf("\n"));
    test(title, (t) => {
      const folder = createProject(title.replace(/\W+/g, "-"));
      const blocks = blocksOf(section);
      for (const { file, code } of [...common, ...blocks]) if (file) fs.writeFileSync(path.join(folder, file), code);
      const commands = blocks.filter(({ language }) => language === "console");
      assert.equal(commands.length, 1, "a section runs its files by one command");
      for (const { code } of commands) {
        const [command = "", ...expected] = code.trimEnd().split("\n");
        const { NODE_TEST_CONTEXT, ...env } = process.env; // a runner within a runner reports to the outer one
        const words = command.replace(/^\$ (npx )?/, "").split(" ");
        const bin = path.join(TOOLS, ".bin") + path.delimiter + env["PATH"];
        const result = spawnSync(words.join(" "), { cwd: folder, env: { ...env, PATH: bin }, shell: true, encoding: "utf8" });
        t.diagnostic(result.stdout);
        assert.equal(result.status, 0, result.stdout + result.stderr);
        const pattern = expected.join("\n").split("...").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
        assert.match(result.stdout.trimEnd(), new RegExp(`^${pattern.join("[^]*")}$`));
      }
    });
  }
});
