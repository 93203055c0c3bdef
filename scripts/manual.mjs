/**
 * Writes the tables of src/ to the manual pages, between the lines marked `begin` and `end`.
 *
 * With --check, nothing is written. If a page is out of date, its name is printed and the exit code is 1.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./ready.mjs";
import { loadTables } from "./tables.mjs";

/** Escapes text so that mdoc does not interpret it. */
function plain(text) {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
}

/** Escapes text as a single argument of a macro. */
function argument(text) {
  return `"\\&${plain(text).replaceAll('"', "\\(dq")}"`;
}

/** Returns the text with one sentence per line, as is usual in mdoc. */
function sentences(text) {
  return text.split(/(?<=[.!?]) (?=[A-Z])/).map((sentence) => plain(sentence).replace(/^[.']/, "\\&$&"));
}

function list(rows) {
  return [".Bl -tag -width Ds", ...rows.flat(), ".El"];
}

function commandRow({ name, synonyms, synopsis, summary, example }) {
  const names = [name, ...synonyms.map((synonym) => synonym.name)].map((each) => `Ic ${argument(each)}`);
  const takes = synopsis === "" ? "" : ` Ar ${argument(synopsis)}`;
  return [`.It ${names.join(" , ")}${takes}`, ...sentences(summary), "Example:", `.Ql ${argument(example)}`];
}

function variableRow([name, { meaning, value, synonyms = {} }]) {
  const takes = value === "" ? "" : ` Ns = Ns Ar ${argument(value)}`;
  const names = Object.keys(synonyms).map((each) => `.Va ${argument(each)}`);
  const also = names.map((macro, at) => (at < names.length - 1 ? `${macro} ,` : `${macro} .`));
  return [
    `.It Va ${argument(name)}${takes}`,
    ...sentences(meaning),
    ...(names.length === 0 ? [] : ["Synonyms:", ...also]),
  ];
}

function escapeRow({ characters, argument: takes, meaning }) {
  const forms = [...characters].map((character) => `.It Ic ${argument(`~${character}`)}`);
  const operand = takes.trim() === "" ? "" : ` Ar ${argument(takes.trim())}`;
  return [...forms.map((form) => `${form}${operand}`), ...sentences(meaning)];
}

function optionRow({ letter, long, argument: takes, optional, meaning }) {
  const operand = takes === undefined ? "" : `${optional ? " Op" : ""} Ar ${argument(takes)}`;
  const short = letter === undefined ? "" : `Fl ${/\w/.test(letter) ? letter : `\\&${letter}`} , `;
  return [`.It ${short}Fl ${argument(`-${long}`)}${operand}`, ...sentences(meaning)];
}

function sendmailRow({ letter, argument: takes, optional, meaning }) {
  const operand = takes === undefined ? "" : ` ${optional ? "Op " : ""}Ar ${argument(takes)}`;
  return [`.It Fl ${letter}${operand}`, ...sentences(meaning)];
}

function queryRow([name, { argument: takes, meaning, example }]) {
  return [
    `.It Cm ${argument(name)} : Ns Ar ${argument(takes)}`,
    ...sentences(meaning),
    "Example:",
    `.Ql ${argument(example)}`,
  ];
}

function filled(page, name, lines) {
  const begin = `.\\" begin ${name}\n`;
  const end = `.\\" end ${name}\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no place for ${name}`);
  return `${page.slice(0, from + begin.length)}${lines.join("\n")}\n${page.slice(to)}`;
}

const { options, tildeEscapes, variables, declaredCommands, queryTerms, sendmailOptions } = await loadTables();
const tables = {
  "man/mail.1": {
    options: list(options.map(optionRow)),
    commands: list(declaredCommands.map(commandRow)),
    queries: list(Object.entries(queryTerms).map(queryRow)),
    escapes: list(tildeEscapes.filter(({ meaning }) => meaning !== undefined).map(escapeRow)),
  },
  "man/mail-sendmail.8": { "sendmail-options": list(sendmailOptions.map(sendmailRow)) },
  "man/mailrc.5": { variables: list(Object.entries(variables).map(variableRow)) },
};
for (const [path, parts] of Object.entries(tables)) {
  const page = readFileSync(join(root, path), "utf8");
  const wanted = Object.entries(parts).reduce((text, [name, lines]) => filled(text, name, lines), page);
  if (wanted === page) continue;
  if (process.argv.includes("--check")) {
    console.error(`${path}: not what the tables of src/ say: node scripts/manual.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, path), wanted);
  }
}
