"use strict";
/** Finds the command `seedmock`: by name, by SEEDMOCK_COMMAND, on the PATH, or as a module of Python. */

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { ServerStartError } = require("./errors.js");

const MODULE = "seedmock_server";
const HAS_MODULE = `import importlib.util as u, sys; sys.exit(u.find_spec("${MODULE}") is None)`;

/**
 * Return the program and its first arguments. Throws ServerStartError if there is none.
 * @param {string | readonly string[] | undefined} command A list, or a text that is split at blanks outside quotes.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
function findCommand(command, env) {
  const named = command ?? env["SEEDMOCK_COMMAND"];
  if (named) return typeof named === "string" ? splitCommand(named) : [...named];
  const installed = findProgram("seedmock", env);
  if (installed) return [installed];
  for (const name of process.platform === "win32" ? ["py", "python"] : ["python3", "python"]) {
    const python = findProgram(name, env);
    if (python && spawnSync(python, ["-c", HAS_MODULE], { env, stdio: "ignore", windowsHide: true }).status === 0) {
      return [python, "-m", MODULE];
    }
  }
  throw new ServerStartError(
    "the command seedmock was not found on the PATH, nor the package in the Python that is there; install it " +
      "(pip install seedmock), or name the command: SEEDMOCK_COMMAND=.venv/bin/seedmock, or the option `command`",
  );
}

/** @param {string} text */
function splitCommand(text) {
  if (fs.existsSync(text)) return [text]; // a path may hold blanks
  return (text.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
function findProgram(name, env) {
  const windows = process.platform === "win32";
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(path.delimiter).filter(Boolean);
  const files = folders.map((folder) => path.join(folder, windows ? `${name}.exe` : name));
  return files.find((file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

exports.findCommand = findCommand;
