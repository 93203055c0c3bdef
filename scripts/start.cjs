/**
 * Starts a bundle of this directory through its V8 code cache, which spares compiling it at each start. V8 checks that
 * the cache is of this very Node and source; where it isn't, or is missing, the bundle is compiled as usual.
 */
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

function load(program) {
  const filename = path.join(__dirname, `${program}.cjs`);
  const source = `(function(exports,require,module,__filename,__dirname){${fs.readFileSync(filename, "latin1")}\n})`;
  let cachedData;
  try {
    cachedData = fs.readFileSync(`${filename}.cache`);
  } catch {
    // Only slower.
  }
  const script = new vm.Script(source, { filename, cachedData });
  const module = { exports: {} };
  return { script, run: () => script.runInThisContext()(module.exports, require, module, filename, __dirname), module };
}

function start(program) {
  const { run, module } = load(program);
  run();
  module.exports.start();
}

/** Whether V8 takes the code cache; test/startup.test.ts asks, since a refused one is only slower. */
start.isCached = (program) => load(program).script.cachedDataRejected === false;

module.exports = start;

// What has run is compiled, and so in the cache: the build runs what every user does.
if (require.main === module && process.argv[3] === "--write-code-cache") {
  const program = process.argv[2];
  const { script, run, module: bundle } = load(program);
  run();
  require(process.argv[4])(program, bundle.exports).then(() => {
    fs.writeFileSync(path.join(__dirname, `${program}.cjs.cache`), script.createCachedData());
    process.exit();
  });
}
