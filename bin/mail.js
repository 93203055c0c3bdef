#!/usr/bin/env node
/**
 * Starts a program of dist/, each part of it through its V8 code cache, which spares compiling it at each start. V8 checks
 * that the cache is of this very Node and source; where it isn't, or is missing, the part is compiled as usual.
 *
 * In one file with the launcher, because each file that is required costs half a millisecond.
 */
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

/** @param directory where the build has put the parts */
function loader(directory) {
  const parts = new Map();
  const modules = new Map();
  /** Descriptors of the parts and their caches by file name, held so that an upgrade during a session changes nothing. */
  let held;

  function read(file, encoding) {
    const descriptor = held?.get(file);
    if (descriptor === undefined) return fs.readFileSync(`${directory}/${file}`, encoding);
    held.delete(file);
    const content = fs.readFileSync(descriptor, encoding);
    fs.closeSync(descriptor);
    return content;
  }

  function hold() {
    const opened = new Map();
    try {
      const files = fs.readdirSync(directory).filter((file) => file.startsWith("mail-"));
      for (const file of files) opened.set(file, fs.openSync(`${directory}/${file}`));
      held = opened;
    } catch {
      // Being replaced this very moment, or no room for more descriptors: what is missing is missed when it is wanted.
      for (const descriptor of opened.values()) fs.closeSync(descriptor);
    }
  }

  function load(name) {
    if (held === undefined && name.startsWith("mail-")) {
      held = new Map();
      // In the first moment in which there is nothing to do but wait.
      setImmediate(hold);
    }
    const filename = `${directory}/${name}.cjs`;
    const source = read(`${name}.cjs`, "latin1");
    let cachedData;
    try {
      cachedData = read(`${name}.cjs.cache`);
    } catch {
      // Only slower.
    }
    const script = new vm.Script(source, { filename, cachedData });
    const requireThere = (id) => require(id.startsWith("./") ? `${directory}/${id}` : id);
    return { script, modules: script.runInThisContext()(requireThere, moduleOf, directory) };
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

  return {
    parts,
    modules,
    program: (name) => moduleOf(`${name}.start`),
    /** Whether V8 takes a part's code cache; test/startup.test.ts asks, since a refused one is only slower. */
    isCached: (part) => load(part).script.cachedDataRejected === false,
  };
}

module.exports = loader;
if (require.main === module) loader(`${__dirname}/../dist`).program("mail").start();
