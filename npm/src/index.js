"use strict";
/** Tests of JavaScript against seedmock, the emulator of paid video-generation APIs. */

/** @typedef {import("./start.js").StartOptions} StartOptions */
/** @typedef {import("./start.js").ConnectOptions} ConnectOptions */
/** @typedef {import("./seedmock.js").Seedmock} Seedmock */
/** @typedef {import("./emulated-upstreams.js").EmulatedUpstreams} EmulatedUpstreams */

// CommonJS, because Jest loads no packages of ES modules; `import` finds each name as well.
exports.startSeedmock = require("./start.js").startSeedmock;
exports.connectSeedmock = require("./start.js").connectSeedmock;
exports.Seedmock = require("./seedmock.js").Seedmock;
exports.EmulatedUpstreams = require("./emulated-upstreams.js").EmulatedUpstreams;
exports.SeedmockError = require("./errors.js").SeedmockError;
exports.ServerStartError = require("./errors.js").ServerStartError;
exports.ControlClientError = require("./errors.js").ControlClientError;
exports.RequestRejected = require("./errors.js").RequestRejected;
exports.EmulatorNotRunning = require("./errors.js").EmulatorNotRunning;
