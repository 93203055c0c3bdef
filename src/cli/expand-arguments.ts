/**
 * Normalizes argv. In the result, each option is written as its letter or as the long name in its table row; its value
 * follows.
 *
 * -E, -M and -m have different meanings in different clients. The value determines the meaning (see options.ts).
 */
import { existsSync } from "node:fs";
import { Exit } from "../errors.ts";
import { UsageError } from "./command-line.ts";
import { type Option, options } from "./options.ts";

const rows: readonly Option[] = options;

export interface ExpandedArguments {
  /** The arguments for the parser: options, `--` if it was given, and the arguments that follow. */
  readonly words: readonly string[];
  /** The options that were given in their long form. Each option is represented by the long name in its table row. */
  readonly inFull: ReadonlySet<string>;
  /** The arguments after `--` or `-.`. */
  readonly afterEnd: readonly string[];
}

/** The long names of GNU mail. A prefix that is unambiguous in GNU mail has the same meaning in `mail`. */
const gnuNames = (
  "alternative append attach attach-fd byname config-file config-help config-lint config-verbose content-filename " +
  "content-name content-type debug-level debug-line-info encoding exec exist file headers help ignore mime " +
  "no-alternative no-config no-debug-line-info no-mime no-site-config no-skip-empty-attachments no-user-config norc " +
  "nosum print quit read return-address set show-config-options skip-empty-attachments subject to usage user version"
).split(" ");

/** The names of the help option, which the parser defines and the table of options lacks. */
const helpNames = ["help", "usage", "long-help"];

/** Options that cancel an earlier option. */
const revoked: ReadonlyMap<string, string> = new Map([
  ["no-alternative", "alternative"],
  ["no-skip-empty-attachments", "skip-empty-attachments"],
  ["mime", "without-mime"],
]);

/** Matches a command after -E. GNU mail's -E requires a command, while bsd-mailx's -E has no argument. */
const commandLine =
  /^(?:set|unset|setenv|unsetenv|alias|unalias|group|alternates|ignore|discard|retain|source|cd|chdir|echo)[ \t]+\S/;

/**
 * Matches a MIME type (RFC 6838, section 4.2). Only existing top-level types match, because a path can also contain a
 * slash.
 */
const mediaType =
  /^(?:application|audio|chemical|font|image|message|model|multipart|text|video|x-[a-z0-9]+)\/[A-Za-z0-9][\w!#$&^.+-]*[ \t]*(?:;|$)/i;

/** Returns whether a string is a MIME type, with or without parameters. */
export function isMediaType(text: string): boolean {
  return mediaType.test(text);
}

/** Expands abbreviations and synonyms. @throws UsageError for an ambiguous name */
export function expandArguments(argv: readonly string[]): ExpandedArguments {
  const words: string[] = [];
  const inFull = new Set<string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") {
      const afterEnd = argv.slice(at + 1);
      return { words: [...words, "--", ...afterEnd], inFull, afterEnd };
    }
    const next = argv[at + 1];
    if (word.startsWith("--")) {
      const { expanded, long, usesNext } = expandLongName(word, next);
      const taken = revoked.get(long);
      if (taken !== undefined) dropAll(words, `--${taken}`);
      inFull.add(long);
      for (const each of expanded) words.push(each);
      if (usesNext) at++;
    } else if (word.startsWith("-") && word !== "-") {
      const { expanded, usesNext, ends } = expandLetters(word, next);
      for (const each of expanded) words.push(each);
      if (usesNext) at++;
      if (!ends) continue;
      const afterEnd = argv.slice(at + 1);
      return { words: [...words, "--", ...afterEnd], inFull, afterEnd };
    } else words.push(word);
  }
  return { words, inFull, afterEnd: [] };
}

function dropAll(words: string[], word: string): void {
  for (let at = words.indexOf(word); at >= 0; at = words.indexOf(word)) words.splice(at, 1);
}

/** Expands a word that begins with two dashes. */
function expandLongName(
  word: string,
  next: string | undefined,
): { expanded: string[]; long: string; usesNext: boolean } {
  const [, typed = "", equals = "", value = ""] = /^--([^=]*)(=?)(.*)$/s.exec(word) ?? [];
  const name = completeName(typed);
  if (name === undefined) return { expanded: [word], long: typed, usesNext: false };
  if (revoked.has(name)) return { expanded: [], long: name, usesNext: false };
  if (helpNames.includes(name)) return { expanded: ["--help"], long: name, usesNext: false };
  const row = rowOf(name);
  if (row === undefined) return { expanded: [word], long: name, usesNext: false };
  const { long, argument, optional, variadic } = row;
  // As with -f, the file becomes the first argument.
  if (long === "file" && equals !== "") {
    return { expanded: ["-f", value.startsWith("-") && value !== "-" ? `./${value}` : value], long, usesNext: false };
  }
  if (argument === undefined || optional === true || variadic === true || equals !== "" || next === undefined) {
    const expanded = row.noEffect === true ? [] : [`--${long}${equals}${value}`];
    return { expanded, long, usesNext: false };
  }
  return { expanded: row.noEffect === true ? [] : [`--${long}`, next], long, usesNext: true };
}

function rowOf(name: string): Option | undefined {
  return rows.find(({ long, also }) => long === name || also?.includes(name) === true);
}

/**
 * Returns the name that a prefix abbreviates, or undefined if there is none.
 *
 * @throws UsageError for an ambiguous prefix
 */
function completeName(typed: string): string | undefined {
  if (typed === "") return undefined;
  const ours = [...rows.flatMap(({ long, also = [] }) => [long, ...also]), ...helpNames, ...revoked.keys()];
  if (ours.includes(typed)) return typed;
  const inGnuMail = namesWithPrefix(typed, gnuNames);
  if (inGnuMail.length === 1) return inGnuMail[0];
  const found = namesWithPrefix(typed, [...ours, ...gnuNames]);
  if (found.length <= 1) return found[0];
  const choices = found.slice(0, 4).map((name) => `--${name}`);
  throw new UsageError(`mail: --${typed}: ambiguous; use ${choices.join(" or ")}`, Exit.Usage);
}

/** Returns the names that begin with a prefix. Synonyms of an option are returned as one name. */
function namesWithPrefix(prefix: string, names: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const name of names) if (name.startsWith(prefix)) found.set(rowOf(name)?.long ?? name, name);
  return [...found.values()];
}

/**
 * Expands a word that begins with one dash. Each letter of the word is an option. Only the last option may take a
 * value, which is the rest of the word or the next word.
 */
function expandLetters(
  word: string,
  next: string | undefined,
): { expanded: string[]; usesNext: boolean; ends: boolean } {
  const expanded: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const rest = word.slice(at + 1);
    const value = rest === "" ? next : rest;
    const usesNext = rest === "" && value !== undefined;
    if (letter === ".") return { expanded: [...expanded, "--end-options"], usesNext: false, ends: true };
    if (letter === "?" || letter === "h") return { expanded: ["--help"], usesNext: false, ends: false };
    const takes = valueOfLetter(letter, value, rest);
    if (takes !== undefined) return { expanded: [...expanded, ...takes], usesNext, ends: false };
    const flag = flagOfLetter(letter);
    // The letter is unknown; the parser reports the error.
    if (flag === undefined) return { expanded: [word], usesNext: false, ends: false };
    for (const each of flag) expanded.push(each);
  }
  return { expanded, usesNext: false, ends: false };
}

let byLetter: ReadonlyMap<string, Option> | undefined;

/** Returns the option with a letter. */
export function findOptionByLetter(letter: string): Option | undefined {
  // Rows have different properties, so that reading them is slow. The table is therefore read once.
  byLetter ??= new Map(rows.flatMap((row) => (row.letter === undefined ? [] : [[row.letter, row]])));
  return byLetter.get(letter);
}

/** Returns the option for a letter that takes a value; undefined if the letter takes no value in this context. */
function valueOfLetter(letter: string, value: string | undefined, rest: string): string[] | undefined {
  if (letter === "E") return value !== undefined && commandLine.test(value) ? [`--startup-cmd=${value}`] : undefined;
  if (letter === "M") return value !== undefined && isMediaType(value) ? [`--body-type=${value}`] : undefined;
  if (letter === "m") {
    // On HP-UX, -m takes no value and may be followed by other letters.
    const isFile = value !== undefined && (rest === "" ? !value.startsWith("-") : existsSync(rest));
    return isFile ? [`--body-file=${value}`] : undefined;
  }
  const row = findOptionByLetter(letter);
  if (row?.argument === undefined) return undefined;
  // The parser reports that the value is missing.
  return value === undefined ? [`-${letter}`] : [`-${letter}`, value];
}

function flagOfLetter(letter: string): string[] | undefined {
  if (letter === "M") return [];
  if (letter === "m") return ["--without-mime"];
  const row = findOptionByLetter(letter);
  if (row === undefined) return undefined;
  return row.noEffect === true ? [] : [`-${letter}`];
}
