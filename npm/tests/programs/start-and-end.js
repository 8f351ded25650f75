"use strict";
/** Start a server, print its address, and end in the way that the argument names. */

const { startSeedmock } = require("seedmock");

void startSeedmock().then((mock) => {
  const ends = {
    return() {},
    exit: () => process.exit(3),
    throw: () => setImmediate(() => { throw new Error("not caught"); }),
    wait: () => setInterval(() => undefined, 1000),
  };
  process.stdout.write(`${mock.url}\n`, () => ends[process.argv[2]]());
});
