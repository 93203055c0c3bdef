#!/usr/bin/env node
/**
 * Starts a program of dist/. Each part is loaded with its V8 code cache, so that it need not be compiled at each start. V8
 * checks that the cache belongs to this Node and source. If it does not, or is missing, the part is compiled.
 *
 * In one file with the launcher, because each file that is required costs half a millisecond.
 */
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

/** @param directory where the build has put the parts */
function loader(directory) {
  const modules = new Map();
  /** Descriptors by file name, kept open so that an upgrade during a session changes nothing. */
  const held = new Map();

  const read = (file) => fs.readFileSync(held.get(file) ?? `${directory}/${file}`);

  function hold() {
    try {
      const files = fs.readdirSync(directory).filter((file) => /[.]cjs/.test(file));
      for (const file of files) held.set(file, fs.openSync(`${directory}/${file}`));
    } catch {
      // Being replaced at this moment, or too few descriptors: a missing file is reported when it is needed.
      for (const descriptor of held.values()) fs.closeSync(descriptor);
      held.clear();
    }
  }

  function load(file) {
    // At the first moment at which the program only waits.
    if (modules.size === 1) setImmediate(hold);
    const filename = `${directory}/${file}`;
    let cachedData;
    try {
      cachedData = read(`${file}.cache`);
    } catch {
      // Only slower.
    }
    const script = new vm.Script(read(file).toString(), { filename, cachedData });
    const module = { exports: {}, script };
    modules.set(file, module);
    script.runInThisContext()(module.exports, requireThere, module, filename, directory);
    return module;
  }

  function requireThere(id) {
    if (!id.startsWith("./")) return require(id);
    const file = id.slice(2);
    return (modules.get(file) ?? load(file)).exports;
  }

  return {
    modules,
    program: (name) => requireThere(`./${name}.cjs`),
    /** Whether V8 takes a part's code cache; test/startup.test.ts asks, since a refused one is only slower. */
    isCached: (part) => load(`${part}.cjs`).script.cachedDataRejected === false,
  };
}

module.exports = loader;
if (require.main === module) loader(`${__dirname}/../dist`).program("mail").start();
