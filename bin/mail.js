#!/usr/bin/env node
/**
 * Starts a program in dist/. Each part is loaded with its V8 code cache, which avoids compiling it at each start. V8
 * checks that this version of Node made the cache from this source. If the check fails or there is no cache, V8
 * compiles the part.
 *
 * The loader and the launcher share this file, because loading another file would take half a millisecond.
 */
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

/** The time after which the files are opened, in milliseconds. */
const holdAfter = 50;

/** A length in bytes that few files exceed. */
const usualLength = 512 << 10;

/** @param directory the directory that contains the built parts */
function loader(directory) {
  const modules = new Map();
  /** Descriptors by file name, kept open so that an upgrade does not affect a running session. */
  const held = new Map();

  /** Memory that all files are read into. Using memory for the first time takes longer than reading the file. */
  let memory = Buffer.allocUnsafeSlow(usualLength);

  /** Returns the contents of a file, which are valid until the next call. */
  function read(file) {
    const known = held.get(file);
    const descriptor = known ?? fs.openSync(`${directory}/${file}`);
    try {
      const { size } = fs.fstatSync(descriptor);
      if (size > memory.length) memory = Buffer.allocUnsafeSlow(size);
      return memory.subarray(0, fs.readSync(descriptor, memory, 0, size, 0));
    } finally {
      if (known === undefined) fs.closeSync(descriptor);
    }
  }

  function hold() {
    try {
      const files = fs.readdirSync(directory).filter((file) => /[.]cjs/.test(file));
      for (const file of files) held.set(file, fs.openSync(`${directory}/${file}`));
    } catch {
      // The directory is being replaced, or no descriptors are left. If a file is missing, `load` reports this later.
      for (const descriptor of held.values()) fs.closeSync(descriptor);
      held.clear();
    }
  }

  function load(file) {
    // The files are opened after a delay, when most messages have already been sent. Start-up and sending are therefore
    // not slowed down.
    if (modules.size === 1) setTimeout(hold, holdAfter).unref();
    const filename = `${directory}/${file}`;
    const source = read(file).toString();
    let cachedData;
    try {
      cachedData = read(`${file}.cache`);
    } catch {
      // Without a cache, the program starts more slowly, but otherwise works as usual.
    }
    // The name is stored in the cache, so it does not contain the directory in which the program was built.
    const script = new vm.Script(source, { filename: file, cachedData });
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
    /**
     * Returns whether V8 accepts a part's code cache. A rejected cache only slows down the start, which users would not
     * report, so test/startup.test.ts checks for it.
     */
    isCached: (part) => load(`${part}.cjs`).script.cachedDataRejected === false,
  };
}

module.exports = loader;
if (require.main === module) loader(`${__dirname}/../dist`).program("mail").start();
