/**
 * Draws random sentences from all text in the repository that is meant to be read. A reader who does not know the
 * project can then mark the sentences that must be read twice.
 *
 * node scripts/sentences.mjs [--count 300] [--seed NUMBER] [--places] [PATH ...]
 *
 * Sources: documents, manual pages, comments, messages and help texts (string literals in src/), and test titles.
 */
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const fewestWords = 4;

/** Matches the excluded files: generated files, and the recorded behaviour of other programs. */
const foreign = /(^|\/)(fixtures|cases)\/|^test\/screens\/.*[.]txt$|[.]json$|^LICENSE$|^docs\/correo-local[.]md$/;

/** Returns the tracked files below the given paths, relative to the root. */
function listFiles(paths) {
  const listed = execFileSync("git", ["ls-files", "-z", "--", ...paths], { cwd: root, encoding: "utf8" });
  return listed.split("\0").filter((file) => file !== "" && !foreign.test(file));
}

/**
 * Returns the paragraphs of a file.
 *
 * @returns `{ line, text }`: the number of the first line, and the text without markup
 */
function paragraphsOf(file) {
  const text = readFileSync(join(root, file), "utf8");
  if (file.endsWith(".md")) return readMarkdown(text);
  if (/[.][1-9]$/.test(file)) return readManual(text);
  if (/[.](ts|mts|mjs|cjs|js)$/.test(file)) return readScript(text, file);
  if (/^#!.*\b(ba)?sh\b/.test(text)) return readShell(text);
  return [];
}

/** Returns a collector that joins lines into paragraphs; an empty line ends a paragraph. */
function collectParagraphs() {
  const paragraphs = [];
  let open;
  return {
    paragraphs,
    end: () => {
      open = undefined;
    },
    add: (line, text) => {
      if (text.trim() === "") {
        open = undefined;
        return;
      }
      if (open === undefined) {
        open = { line, text: text.trim() };
        paragraphs.push(open);
      } else open.text += ` ${text.trim()}`;
    },
  };
}

function readMarkdown(text) {
  const { paragraphs, add, end } = collectParagraphs();
  let isCode = false;
  text.split("\n").forEach((line, index) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    else if (isCode || /^ {4}/.test(line) || /^\|[-| :]*$/.test(line)) end();
    else if (line.startsWith("|")) {
      for (const cell of line.split(/(?<!\\)\|/)) {
        end();
        add(index + 1, cell);
      }
      end();
    } else {
      if (/^\s*([-*]|\d+[.]|#+)\s/.test(line)) end();
      add(index + 1, line.replace(/^\s*([-*]|\d+[.]|#+)\s+/, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    }
  });
  return paragraphs;
}

/** Reads mdoc. A macro's arguments belong to the sentence; a macro that structures the page ends it. */
function readManual(text) {
  const { paragraphs, add, end } = collectParagraphs();
  let isLiteral = false;
  text.split("\n").forEach((line, index) => {
    if (/^[.]Bd/.test(line)) isLiteral = true;
    if (/^[.]Ed/.test(line)) isLiteral = false;
    if (isLiteral || /^[.](\\"|Bd|Ed|Bl|El|It|Pp|Sh|Ss|Dd|Dt|Os|Nd|Op|Oo|Oc)/.test(line)) {
      end();
      return;
    }
    const words = line
      .replace(/^[.]Nm(?! [a-z])/, "mail")
      .replace(/^[.][A-Z][a-z]\b ?((Fl|Ar|Cm|Pa|Ev|Li|Va|Ic) )*/, (macros) => (macros.includes("Fl") ? "-" : ""))
      .replace(/ (Fl|Ar|Cm|Pa|Ev|Ns|Xr|Ql|Li|Dq|Sq|Pq|Sy|Em|Va|Ic|No)\b/g, "")
      .replace(/\\&|\\f[A-Z]|^"|"$/g, "");
    add(index + 1, words);
  });
  return paragraphs;
}

function readShell(text) {
  const { paragraphs, add, end } = collectParagraphs();
  text.split("\n").forEach((line, index) => {
    const [, comment] = /^\s*#(?!!)\s?(.*)$/.exec(line) ?? [];
    if (comment === undefined) end();
    else add(index + 1, comment);
  });
  return paragraphs;
}

/**
 * Matches the comments and string literals of a script. Regular expressions are recognized by the character before
 * them.
 */
const token =
  /(?<comment>\/\*[\s\S]*?\*\/|\/\/[^\n]*)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?<=(?:[(,=:[!&|?{};\n]|return|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/g;

function readScript(text, file) {
  const { paragraphs, add, end } = collectParagraphs();
  const isProgram = file.startsWith("src/") || file.startsWith("bin/");
  let lastEnd = 0;
  for (const { 0: found, index, groups } of text.matchAll(token)) {
    const line = text.slice(0, index).split("\n").length;
    // Consecutive `//` lines are one paragraph.
    if (!(found.startsWith("//") && /^\s*$/.test(text.slice(lastEnd, index)))) end();
    lastEnd = index + found.length;
    if (groups.comment !== undefined) {
      const rows = found.replace(/^\/\*+|\*+\/$|^\/\//g, "").split("\n");
      rows.forEach((row, offset) => {
        const words = row.replace(/^\s*\*? ?/, "");
        if (/^\s*@\w+/.test(words)) end();
        if (!/^ {4}|biome-ignore/.test(words)) add(line + offset, words.replace(/^\s*@\w+\s*(\{[^}]*\})?\s*/, ""));
      });
    } else if (groups.string !== undefined && isProse(found, text.slice(Math.max(0, index - 60), index), isProgram)) {
      add(line, unquote(found));
      end();
    }
  }
  return paragraphs;
}

/** Returns whether a string literal is a message, a help text or a test title. */
function isProse(literal, before, isProgram) {
  if (isProgram) return /[A-Za-z]{2,} [a-z]{2,} [^"]*[a-z]/.test(literal) && !/^.(import|node:)/.test(literal);
  return /\b(test|it|describe)(\.\w+)*(\([^()]*\))?\(\s*$/.test(before) || /\]\)\(\s*$/.test(before);
}

function unquote(literal) {
  return literal
    .slice(1, -1)
    .replace(/\$\{[^}]*\}/g, "X")
    .replace(/\\n/g, " ")
    .replace(/\\(.)/g, "$1");
}

/** Returns the sentences of a paragraph that have enough words to be judged. */
function sentencesOf({ line, text }) {
  return text
    .split(/(?<=[.?!:;]["')`]?)\s+(?=[A-Z"'`(])/)
    .map((sentence) => ({ line, text: sentence.trim() }))
    .filter((sentence) => (sentence.text.match(/[A-Za-z]{2,}/g) ?? []).length >= fewestWords);
}

/** Returns a function that draws integers below its argument, repeatably if there is a seed (mulberry32). */
function numberSource(seed) {
  if (seed === undefined) return randomInt;
  let state = Number(seed) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "300" }, seed: { type: "string" }, places: { type: "boolean" } },
});
const all = listFiles(positionals).flatMap((file) =>
  paragraphsOf(file)
    .flatMap(sentencesOf)
    .map((sentence) => ({ file, ...sentence })),
);
const below = numberSource(values.seed);
const count = Math.min(Number(values.count), all.length);
for (let drawn = 0; drawn < count; drawn++) {
  const other = drawn + below(all.length - drawn);
  [all[drawn], all[other]] = [all[other], all[drawn]];
  const { file, line, text } = all[drawn];
  console.log(`${drawn + 1}. ${values.places ? `${file}:${line}: ` : ""}${text}`);
}
console.log(`\n${count} of ${all.length} sentences`);
