/**
 * Builds dist/: the programs, in the parts that their tasks need, and the V8 code cache that halves what loading costs.
 *
 * A part is a script, because what is cached must be; a module that src/ imports dynamically is not evaluated before it is
 * asked for. koffi stays outside: it is native. All is made in a directory of its own
 * and takes the place of dist/ when it is whole, so that a failed build leaves the last good one.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { withoutRandomName } from "../src/submit/nodemailer/build-patch.mjs";
import { completions } from "./completions.mjs";
import { helpTopics } from "./help-topics.mjs";
import { noticesOf, noticing } from "./notices.mjs";
import { buildProgram } from "./parts.mjs";
import { loadTables } from "./tables.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const made = join(root, `node_modules/.build-${process.pid}`);
const replaced = `${made}-old`;
const programs = ["mail", "maild"];

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

/** dom-serializer wants three small functions of entities; with it would come tables that htmlparser2 has too. */
const withoutEntities = {
  name: "without-a-second-table-of-entities",
  setup(builder) {
    builder.onResolve({ filter: /^entities$/ }, ({ importer, resolveDir }) =>
      /dom-serializer/.test(importer)
        ? { path: join(dirname(createRequire(join(resolveDir, "x")).resolve("entities")), "esm/escape.js") }
        : undefined,
    );
  },
};

/** Inserts the release, which src/version.ts would read from package.json at each start. */
const withVersion = {
  name: "version-of-package-json",
  setup(builder) {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    builder.onLoad({ filter: /[/]src[/]version[.]ts$/ }, () => ({
      contents: `export const version = ${JSON.stringify(version)};`,
    }));
  },
};

/** Where a module belongs that these tasks load: `mail -V`, all, sending and reading, or one of the two. */
function partOf(tasks) {
  if (tasks.includes("version")) return "mail";
  if (tasks.length === 2) return "mail-session";
  return `mail-${tasks[0] ?? "rest"}`;
}

/** Runs a program that has been made; see scripts/warm-up.cjs. */
function run(program, ...rest) {
  const call = [join(root, "scripts/warm-up.cjs"), made, program, ...rest];
  return execFileSync(process.execPath, call, {
    input: "one\ntwo\n",
    stdio: ["pipe", "pipe", "inherit"],
    encoding: "utf8",
  });
}

try {
  mkdirSync(made);
  const { packages, plugin: noting } = noticing();
  const common = {
    outdir: made,
    bundle: true,
    minify: true,
    charset: "ascii",
    platform: "node",
    target: "node20",
    legalComments: "none",
  };
  await build({
    ...common,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    entryPoints: libraries,
    mainFields: ["module", "main"],
    plugins: [withoutTables, withoutEntities, noting],
  });
  writeFileSync(join(made, "package.json"), '{ "type": "commonjs" }\n');
  const tasks = ["version", "send", "read"];
  for (const program of programs) {
    await buildProgram(program, {
      directory: made,
      options: {
        ...common,
        entryPoints: [join(root, `src/${program}.ts`)],
        mainFields: ["module", "main"],
        external: ["koffi"],
        plugins: [
          besideTheProgram,
          lateTables,
          withVersion,
          noting,
          ...(program === "mail" ? [withoutRandomName] : []),
        ],
      },
      partOf,
      runs:
        program !== "mail"
          ? undefined
          : () =>
              Object.fromEntries(
                tasks.map((task) => [task, JSON.parse(run(program, "--list-modules", task).split("\n").at(-1))]),
              ),
    });
    run(program, "--write-code-cache", ...(program === "mail" ? tasks : []));
  }
  const help = helpTopics();
  writeFileSync(join(made, "help.json.gz"), gzipSync(JSON.stringify(help), { level: 9 }));
  writeFileSync(join(made, "licenses.txt.gz"), gzipSync(noticesOf(packages), { level: 9 }));
  mkdirSync(join(made, "completions"));
  for (const [name, text] of Object.entries(completions({ ...(await loadTables()), topics: Object.keys(help) }))) {
    writeFileSync(join(made, "completions", name), text);
  }
  takeItsPlace();
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(replaced, { recursive: true, force: true });
}
