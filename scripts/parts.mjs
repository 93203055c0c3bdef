/**
 * The modules of a program, bundled and dealt out to parts: a part is a file, which bin/mail.js loads when one of its modules
 * is first asked for. A run then reads, and takes out of the code cache, only what its task needs.
 */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build, transform } from "esbuild";

/** Modules of Node that cost milliseconds each, and that most runs of a program never use. */
const lazyModules =
  "child_process|crypto|dns|fs/promises|http|https|net|os|readline|stream|stream/consumers|stream/promises|timers/promises|tls|tty|zlib";
const lazyImport = new RegExp(`__toESM\\(require\\("((?:node:)?(?:${lazyModules}))"\\)(?:,1)?\\)`, "g");
const lazyRequire = new RegExp(`(?:\\brequire|\\(0,[\\w$.]+\\))\\("((?:node:)?(?:${lazyModules}))"\\)`, "g");

/**
 * What esbuild puts before each module, here once a part; and `__later(NAME)`, which stands for a module of Node that is
 * loaded when something of it is first asked for: else a module's imports are all loaded before its first line.
 */
const prelude = `"use strict";
const __define = Object.defineProperty;
const __export = (target, all) => { for (const name in all) __define(target, name, { get: all[name], enumerable: true }); };
const __toESM = (module) => {
  if (module?.__esModule) return module;
  const target = Object.create(module == null ? {} : Object.getPrototypeOf(module));
  __define(target, "default", { value: module, enumerable: true });
  for (const key of Object.getOwnPropertyNames(Object(module)))
    if (!(key in target)) __define(target, key, { get: () => module[key], enumerable: true });
  return target;
};
const __later = (name, esm) => {
  let found;
  const load = () => (found ??= require(name));
  const module = new Proxy({}, { get: (_, key) => load()[key], has: (_, key) => key in load() });
  return esm ? new Proxy({}, { get: (_, key) => (key === "default" ? module : load()[key]) }) : module;
};
`;

/** @returns the modules of a program by the name that esbuild gives them, as bodies of CommonJS functions */
async function modulesOf(options) {
  const { outputFiles } = await build({ ...options, format: "esm", splitting: true, write: false });
  const modules = new Map();
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: options.target,
      charset: "ascii",
      minifyWhitespace: true,
      // So that import() becomes a lazy require(), which a script from the code cache can do.
      supported: { "dynamic-import": false },
    });
    modules.set(basename(path), plain(code, path));
  }
  return modules;
}

/** Without the helpers, which are in the prelude, and with the modules of Node loaded late. */
function plain(code, path) {
  const exported = "module.exports=__toCommonJS(stdin_exports);";
  const at = code.indexOf(exported);
  const helpers = code.lastIndexOf("var stdin_exports={};", at);
  if (at < 0 || helpers < 0) throw new Error(`${path}: not as esbuild made it; see scripts/parts.mjs`);
  const exporting = code.slice(helpers + "var stdin_exports={};".length, at).replace("stdin_exports", "exports");
  return (exporting + code.slice(at + exported.length))
    .replace(/__toESM\(require\("\.\/([\w-]+\.js)"\)\)/g, '__module("$1")')
    .replace(/\brequire\("\.\/([\w-]+\.js)"\)/g, '__module("$1")')
    .replace(lazyImport, '__later("$1",1)')
    .replace(lazyRequire, '__later("$1")');
}

/** Writes a part: a function that bin/mail.js calls with what its modules need, and gets them from, by name. */
async function writePart(file, modules) {
  const functions = [...modules].map(([id, body]) => `${JSON.stringify(id)}(exports){${body}\n}`);
  const text = `__part=function(require,__module,__dirname){${prelude}return {${functions.join(",")}}}`;
  const { code } = await transform(text, { minify: true, target: "node20", charset: "ascii", legalComments: "none" });
  // bin/mail.js reads it as Latin-1, one byte a character, which spares decoding it.
  if (/[^\0-\x7f]/.test(code)) throw new Error(`${file}: not all ASCII`);
  writeFileSync(file, `(${code.trimEnd().replace(/^__part=|;$/g, "")})`, "latin1");
}

/**
 * Builds a program into a directory.
 *
 * @param runs called when the program is whole in one part; @returns what each of its tasks has loaded: names of modules
 * @param parts of the names of tasks that loaded a module, the part that it belongs to
 */
export async function buildProgram(program, { options, directory, runs, partOf }) {
  const modules = await modulesOf(options);
  const entry = `${program}.js`;
  const write = async (placeOf) => {
    const ids = new Map();
    const parts = new Map();
    for (const name of modules.keys()) {
      const part = placeOf(name);
      const members = parts.get(part) ?? [];
      parts.set(part, members);
      if (name !== entry) ids.set(name, `${part}.${members.push(name)}`);
      else {
        members.push(name);
        ids.set(name, `${program}.start`);
      }
    }
    for (const [part, members] of parts) {
      const named = members.map((name) => [
        ids.get(name),
        modules.get(name).replace(/__module\("([\w-]+\.js)"\)/g, (_, other) => `__module("${ids.get(other)}")`),
      ]);
      await writePart(join(directory, `${part}.cjs`), new Map(named));
    }
    return ids;
  };
  const ids = await write(() => program);
  if (runs === undefined) return;
  const tasks = runs();
  const of = (name) => Object.keys(tasks).filter((task) => tasks[task].includes(ids.get(name)));
  await write((name) => partOf(of(name)));
}
