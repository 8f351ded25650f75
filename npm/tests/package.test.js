"use strict";
/** The package: its content, its types, and the same names by `import` and `require`. */

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");

const PACKAGE = path.dirname(__dirname);
const manifest = require("../package.json");

/** @param {string} folder */
function filesBelow(folder) {
  const files = fs.readdirSync(path.join(PACKAGE, folder), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => path.relative(PACKAGE, path.join(file.parentPath ?? file.path, file.name)).replaceAll("\\", "/"));
}

test("the package holds its sources, a declaration of each, and nothing else", () => {
  const options = /** @type {const} */ ({ cwd: PACKAGE, encoding: "utf8", shell: process.platform === "win32" });
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], options));
  const sources = filesBelow("src");
  const declarations = sources.map((file) => file.replace("src/", "types/").replace(/\.js$/, ".d.ts"));
  const others = ["package.json", "README.md", "LICENSE", "types/api.d.ts"];
  const files = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
  assert.deepEqual(files.sort(), [...sources, ...declarations, ...others].sort());
});

test("it has no dependencies, and every export has its files", () => {
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) assert.ok(!(field in manifest));
  const targets = Object.values(manifest.exports).flatMap((/** @type {any} */ target) => {
    return typeof target === "string" ? [target] : Object.values(target);
  });
  for (const target of targets) assert.ok(fs.existsSync(path.join(PACKAGE, target)), target);
});

test("import and require find the same names", async () => {
  const subpaths = Object.keys(manifest.exports).filter((subpath) => !/json|global/.test(subpath));
  for (const subpath of subpaths) {
    const specifier = path.posix.join("seedmock", subpath);
    const required = require(specifier);
    const { default: _, "module.exports": __, ...imported } = await import(specifier);
    assert.deepEqual(Object.keys(imported).sort(), Object.keys(required).sort(), specifier);
    assert.ok(Object.keys(required).length > 0);
  }
});

test("the types say what the documentation says", () => {
  const compiler = path.join(PACKAGE, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [compiler, "--project", path.join(__dirname, "types")], { encoding: "utf8" });
});
