"use strict";
/** Global tear-down of Jest: stops the server of the global set-up. */

const STOP = Symbol.for("seedmock.stop");

module.exports = async () => {
  await /** @type {{ [STOP]?: () => Promise<void> }} */ (globalThis)[STOP]?.();
};
