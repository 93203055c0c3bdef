/**
 * Builds dist/: rolldown bundles the programs, and a V8 code cache is created for each part that is loaded to start the
 * program, to send a message or to read mail.
 *
 * koffi is not bundled, because it is a native module. The programs are built in a separate directory, which replaces
 * dist/ when the build is complete. A failed build leaves the previous one in place.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync, gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { lightConnection } from "../src/submit/nodemailer/light-connection.mjs";
import { completions } from "./completions.mjs";
import { helpTopics } from "./help-topics.mjs";
import { lightImapflow } from "./light-imapflow.mjs";
import { noticesOf } from "./notices.mjs";
import { loadTables } from "./tables.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const made = join(root, `node_modules/.build-${process.pid}`);
const replaced = `${made}-old`;

function takeItsPlace() {
  try {
    renameSync(dist, replaced);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  renameSync(made, dist);
}

/** Returns the ids that rolldown assigns to files in src/, or to packages. */
const inSource = (names) => names.map((name) => join(root, "src", name));
const packages = (...names) => names.map((name) => fileURLToPath(import.meta.resolve(name)));

/**
 * The parts of `mail`, each with the modules that are imported dynamically for its task. A part contains these modules
 * and all their static imports. A module that several parts need belongs to mail-session, which is loaded both for
 * sending and for reading. rolldown distributes all other modules among further files. scripts/warm-up.cjs checks that
 * neither sending nor reading loads any of these further files.
 */
const parts = {
  "mail-session": [
    ...inSource([
      "cli/parse.ts",
      "cli/part-options.ts",
      "read/start-up.ts",
      "read/interpreter/interpreter.ts",
      "terminal/open-terminal.ts",
    ]),
    ...packages("commander"),
  ],
  "mail-send": inSource([
    "read/send/send.ts",
    "compose/compose.ts",
    "submit/sent.ts",
    "submit/smtp.ts",
    "submit/program.ts",
    "account/find-account.ts",
  ]),
  "mail-read": inSource(["read/read.ts", "read/commands/command-table.ts"]),
  "mail-list": inSource(["read/without-session/listing.ts", "terminal/for-program.ts", "cli/program-forms.ts"]),
  "mail-view": inSource(["message/view/view.ts"]),
  "mail-login": inSource(["account/access-server.ts", "account/logins.ts", "account/netrc.ts"]),
  "mail-imap": inSource(["mailbox/imap/imap-mailbox.ts"]),
  "mail-oauth": [...inSource(["account/oauth-server.ts", "account/log-in.ts"]), ...packages("oauth4webapi")],
  enquirer: packages("enquirer"),
  "html-to-text": packages("html-to-text"),
  "iconv-lite": packages("iconv-lite"),
};

/** The parts that are loaded only after a part for sending or reading, in the order in which they are loaded. */
const onServers = ["mail-login", "mail-imap"];
const laterParts = ["mail-view", ...onServers, "mail-oauth"];

/** Returns the given ids and those of all modules that they import statically. */
function withImports(ids, context) {
  const found = new Set(ids);
  for (const id of found) {
    const module = context.getModuleInfo(id);
    if (module === null) throw new Error(`${id}: not imported; see parts in scripts/build.mjs`);
    for (const imported of module.importedIds) found.add(imported);
  }
  return found;
}

/**
 * Returns the function with which rolldown determines a module's part. That function returns null if the module belongs
 * to no part.
 */
function partChooser() {
  let start;
  let contents;
  return (id, context) => {
    start ??= withImports(inSource(["mail.ts"]), context);
    contents ??= Object.entries(parts).map(([name, ids]) => [name, withImports(ids, context)]);
    if (start.has(id)) return "mail";
    const wantedBy = contents.filter(([, ids]) => ids.has(id)).map(([name]) => name);
    const wanting = wantedBy.filter((name) => !laterParts.includes(name));
    if (wanting.length === 0) return laterParts.find((name) => wantedBy.includes(name)) ?? null;
    // A session loads the commands, and also the modules that list messages without a session.
    if (wanting.join(" ") === "mail-read mail-list") return "mail-list";
    // A mailbox on a server is read without the modules that send.
    if (wanting[0] === "mail-send" && wantedBy.some((name) => onServers.includes(name))) return "mail-session";
    return wanting.length > 1 ? "mail-session" : wanting[0];
  };
}

/**
 * Keeps only one of iconv-lite's tables for multi-byte charsets (400 kB): Big5 with the characters of Hong Kong. Node
 * itself decodes the other charsets.
 */
function formatMultiByteTables() {
  const table = ["cp950", "big5-added"].flatMap((name) =>
    JSON.parse(readFileSync(join(root, `node_modules/iconv-lite/encodings/tables/${name}.json`), "utf8")),
  );
  const packed = deflateSync(JSON.stringify(table), { level: 9 }).toString("base64");
  return `
    const { inflateSync } = require("node:zlib");
    const table = () => JSON.parse(inflateSync(Buffer.from("${packed}", "base64")).toString());
    module.exports = { big5hkscs: { type: "_dbcs", table } };
  `;
}

const withoutTables = {
  name: "without-multi-byte-tables",
  load: { filter: { id: /iconv-lite[/]encodings[/]dbcs-data[.]js$/ }, handler: formatMultiByteTables },
};

/** Node's own modules that take milliseconds to load and that most runs do not use. */
const lateModules =
  /^(?:node:)?(?:child_process|crypto|dns|fs[/]promises|http|https|net|os|readline|stream|stream[/]consumers|stream[/]promises|timers[/]promises|tls|tty|util|zlib)$/;

/** Replaces each of these modules with an object that loads it when one of its exports is first used. */
const loadingLate = {
  name: "modules-of-node-when-needed",
  resolveId: {
    filter: { id: lateModules },
    handler: (id, importer) => (importer.startsWith("\0late ") ? { id, external: true } : `\0late ${id}`),
  },
  load: {
    filter: { id: /^\0late / },
    handler: (id) => `
      let found;
      const load = () => (found ??= require(${JSON.stringify(id.slice("\0late ".length))}));
      const late = new Proxy({}, { get: (_, key) => load()[key], has: (_, key) => key in load() });
      // rolldown looks up an imported name in the prototype, because the object has no properties of its own.
      module.exports = new Proxy({}, { get: (_, key) => load()[key], getPrototypeOf: () => late });`,
  },
};

/**
 * Escapes characters outside ASCII. If a text contains any such character, V8 stores the text with two bytes per
 * character, and takes longer to load it. The minifier leaves these characters only in strings, templates and regular
 * expressions.
 */
const inAscii = {
  name: "in-ascii",
  generateBundle(_, chunks) {
    for (const chunk of Object.values(chunks)) {
      const escapeCode = (text) => `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
      chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escapeCode);
    }
  },
};

const lateWidth = "\0late-string-width";

/**
 * Evaluates string-width when a text is first measured. Its segmenter takes 12 ms to create, and most runs measure only
 * ASCII text, which display-width.ts measures itself.
 */
const measuringLate = {
  name: "string-width-when-needed",
  resolveId: {
    filter: { id: /^string-width$/ },
    handler: (_, importer) => (importer === lateWidth ? null : lateWidth),
  },
  load: {
    filter: { id: /^\0late-string-width$/ },
    handler: () => 'module.exports = (text) => require("string-width").default(text);',
  },
};

/** Bundles a program, and returns the ids of the bundled modules that belong to packages. */
async function bundle(program, codeSplitting) {
  const built = await rolldown({
    input: { [program]: join(root, `src/${program}.ts`) },
    platform: "node",
    external: ["koffi"],
    preserveEntrySignatures: "allow-extension",
    transform: { target: "node20" },
    resolve: { mainFields: ["module", "main"] },
    plugins: [withoutTables, lightConnection, lightImapflow, loadingLate, measuringLate, inAscii],
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await built.write({
    dir: made,
    format: "cjs",
    dynamicImportInCjs: false,
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    codeSplitting,
    // The function that wraps a CommonJS module. bin/mail.js calls this function.
    postBanner: "(function (exports, require, module, __filename, __dirname) {",
    postFooter: "})",
    minify: true,
    comments: false,
  });
  return output.flatMap(({ modules }) =>
    Object.keys(modules).filter((id) => modules[id].renderedLength > 0 && id.includes("/node_modules/")),
  );
}

/** Creates the code cache of a program; see scripts/warm-up.cjs. */
function warmUp(program, ...tasks) {
  execFileSync(process.execPath, [join(root, "scripts/warm-up.cjs"), made, program, ...tasks], {
    input: "one\ntwo\n",
    stdio: ["pipe", "ignore", "inherit"],
  });
}

try {
  mkdirSync(made);
  writeFileSync(join(made, "package.json"), '{ "type": "commonjs" }\n');
  const bundled = [
    ...(await bundle("mail", {
      includeDependenciesRecursively: false,
      groups: [{ name: partChooser(), debugName: "part" }],
    })),
    ...(await bundle("maild", false)),
  ];
  warmUp("mail", "send", "list", "read", "view", "imap");
  warmUp("maild");
  const help = helpTopics();
  writeFileSync(join(made, "help.json.gz"), gzipSync(JSON.stringify(help), { level: 9 }));
  writeFileSync(join(made, "licenses.txt.gz"), gzipSync(noticesOf(bundled), { level: 9 }));
  mkdirSync(join(made, "completions"));
  for (const [name, text] of Object.entries(completions({ ...(await loadTables()), topics: Object.keys(help) }))) {
    writeFileSync(join(made, "completions", name), text);
  }
  takeItsPlace();
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(replaced, { recursive: true, force: true });
}
