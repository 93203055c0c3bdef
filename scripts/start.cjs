/**
 * Starts a program of this directory, each part of it through its V8 code cache, which spares compiling it at each start.
 * V8 checks that the cache is of this very Node and source; where it isn't, or is missing, the part is compiled as usual.
 */
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

const parts = new Map();
const modules = new Map();
/** Descriptors of the parts and their caches by file name, held so that an upgrade during a session changes nothing. */
let held;

function read(file, encoding) {
  const descriptor = held?.get(file);
  if (descriptor === undefined) return fs.readFileSync(`${__dirname}/${file}`, encoding);
  held.delete(file);
  const content = fs.readFileSync(descriptor, encoding);
  fs.closeSync(descriptor);
  return content;
}

function hold() {
  const files = fs.readdirSync(__dirname).filter((file) => file.startsWith("mail-"));
  held = new Map(files.map((file) => [file, fs.openSync(`${__dirname}/${file}`)]));
}

function load(name) {
  if (held === undefined && name.startsWith("mail-")) hold();
  const filename = `${__dirname}/${name}.cjs`;
  const source = read(`${name}.cjs`, "latin1");
  let cachedData;
  try {
    cachedData = read(`${name}.cjs.cache`);
  } catch {
    // Only slower.
  }
  const script = new vm.Script(source, { filename, cachedData });
  return { script, modules: script.runInThisContext()(require, moduleOf, __dirname) };
}

/** @param id the name of a part, a dot, and its name there */
function moduleOf(id) {
  let exports = modules.get(id);
  if (exports !== undefined) return exports;
  exports = {};
  modules.set(id, exports);
  const name = id.slice(0, id.indexOf("."));
  let part = parts.get(name);
  if (part === undefined) {
    part = load(name);
    parts.set(name, part);
  }
  part.modules[id](exports);
  return exports;
}

function start(program) {
  moduleOf(`${program}.start`).start();
}

/** Whether V8 takes a part's code cache; test/startup.test.ts asks, since a refused one is only slower. */
start.isCached = (part) => load(part).script.cachedDataRejected === false;

module.exports = start;

// For the build: what has run is compiled, and so in the cache; what a task loads belongs to its part.
if (require.main === module && process.argv[3]?.startsWith("--")) {
  const [, , program, wanted, warmUp, ...tasks] = process.argv;
  require(warmUp)(moduleOf(`${program}.start`), tasks).then(() => {
    if (wanted === "--list-modules") fs.writeSync(1, `\n${JSON.stringify([...modules.keys()])}`);
    else {
      for (const [name, { script }] of parts) {
        fs.writeFileSync(`${__dirname}/${name}.cjs.cache`, script.createCachedData());
      }
    }
    process.exit();
  });
}
