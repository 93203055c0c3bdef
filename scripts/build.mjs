/**
 * Builds dist/: one bundle a program, and the V8 code cache that halves what loading it costs.
 *
 * The bundles are CommonJS, because a cached script must be; a module that src/ imports dynamically is in the same file
 * but is not evaluated before it is asked for. koffi stays outside: it is native. All is made in a directory of its own
 * and takes the place of dist/ when it is whole, so that a failed build leaves the last good one.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { completions } from "./completions.mjs";
import { helpTopics } from "./help-topics.mjs";
import { loadTables } from "./tables.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const made = join(root, `node_modules/.build-${process.pid}`);
const replaced = `${made}-old`;
const programs = ["mail", "maild"];

/** start.cjs reads a bundle as Latin-1, one byte a character, which spares decoding it. */
function requireAscii(file) {
  if (readFileSync(file).some((byte) => byte > 127)) throw new Error(`${file}: not all ASCII`);
}

function takeItsPlace() {
  try {
    renameSync(dist, replaced);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  renameSync(made, dist);
}

/** Node decodes the multi-byte charsets itself: iconv-lite's tables of them, 400 kB, are left out. */
const withoutTables = {
  name: "without-multi-byte-tables",
  setup(builder) {
    builder.onLoad({ filter: /iconv-lite[/]encodings[/]dbcs-data[.]js$/ }, () => ({
      contents: "module.exports = {};",
    }));
  },
};

/** Large, asked for by few runs, and with no part of ours in them: a file each, beside the programs. */
const libraries = ["enquirer", "html-to-text", "iconv-lite"];
const besideTheProgram = {
  name: "libraries-beside-the-program",
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`^(${libraries.join("|")})$`) }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: `./${path}.cjs`, external: true },
    );
  },
};

/** string-width makes its tables of emoji when it is loaded, which takes 20 ms; here when the first text needs them. */
const lateTables = {
  name: "tables-of-emoji-when-needed",
  setup(builder) {
    builder.onLoad({ filter: /string-width[/]index[.]js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const contents = text
        .replace(
          "const segmenter = new Intl.Segmenter();",
          "let made; const segmenter = { segment: (text) => (made ??= new Intl.Segmenter()).segment(text) };",
        )
        .replace(
          /const rgiEmojiRegex = (.*);/,
          "let emoji; const rgiEmojiRegex = { test: (text) => (emoji ??= $1).test(text) };",
        );
      if (contents.split("??=").length !== 3) throw new Error(`${path}: not as it was; see scripts/build.mjs`);
      return { contents };
    });
  },
};

/** Modules of Node that cost milliseconds each, and that most runs of a program never use. */
const lazyModules =
  "child_process|crypto|dns|fs/promises|http|https|readline|stream/consumers|stream/promises|tls|zlib";

/** `__later(NAME)` stands for a module that is loaded when something of it is first asked for. */
const later = `const __later=(name,esm)=>{let found;const load=()=>found??=require(name);const module=new Proxy({},{get:(_,key)=>load()[key],has:(_,key)=>key in load()});return esm?new Proxy({},{get:(_,key)=>key==="default"?module:load()[key]}):module};`;

/** In a bundle a module's imports are all loaded before its first line; here what is not used is not. */
function loadLazily(file) {
  const text = readFileSync(file, "latin1")
    .replace(new RegExp(`[\\w$]+\\(require\\("(node:(?:${lazyModules}))"\\),1\\)`, "g"), '__later("$1",1)')
    .replace(new RegExp(`require\\("((?:node:)?(?:${lazyModules}))"\\)`, "g"), '__later("$1")');
  writeFileSync(file, text.replace(/^("use strict";)?/, `$1${later}`), "latin1");
}

try {
  mkdirSync(made);
  const common = {
    outdir: made,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    minify: true,
    charset: "ascii",
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
  };
  await build({
    ...common,
    entryPoints: libraries,
    mainFields: ["module", "main"],
    plugins: [withoutTables],
  });
  await build({
    ...common,
    entryPoints: programs.map((program) => join(root, `src/${program}.ts`)),
    // So that import() becomes a lazy require(), which a script from the code cache can do.
    supported: { "dynamic-import": false },
    mainFields: ["module", "main"],
    external: ["koffi"],
    plugins: [besideTheProgram, lateTables],
  });
  copyFileSync(join(root, "scripts/start.cjs"), join(made, "start.cjs"));
  writeFileSync(join(made, "package.json"), '{ "type": "commonjs" }\n');
  for (const program of programs) {
    requireAscii(join(made, `${program}.cjs`));
    loadLazily(join(made, `${program}.cjs`));
    const warmUp = join(root, "scripts/warm-up.cjs");
    execFileSync(process.execPath, [join(made, "start.cjs"), program, "--write-code-cache", warmUp], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  writeFileSync(join(made, "help.json"), JSON.stringify(helpTopics()));
  mkdirSync(join(made, "completions"));
  for (const [name, text] of Object.entries(completions(await loadTables()))) {
    writeFileSync(join(made, "completions", name), text);
  }
  takeItsPlace();
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(replaced, { recursive: true, force: true });
}
