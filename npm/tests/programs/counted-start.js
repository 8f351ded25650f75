"use strict";
/** The command `seedmock`, which notes its process id in a file each time: COUNTED_COMMAND, COUNTED_FILE. */

const { spawn } = require("node:child_process");
const fs = require("node:fs");

const [program, ...args] = JSON.parse(process.env["COUNTED_COMMAND"]);
const child = spawn(program, [...args, ...process.argv.slice(2)], { stdio: "inherit" });
fs.appendFileSync(process.env["COUNTED_FILE"], `${child.pid}\n`);
child.on("close", (code) => process.exit(code));
