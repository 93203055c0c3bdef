/**
 * Runs command lines from the prompt, from start-up files, from `source`, and from ~: in a message.
 *
 * A line consists of optional whitespace, a command word and the rest. The word ends before whitespace, a digit or a
 * sign, so that `p1` and `d$` work. An empty word means `next`. A word selects the first command in the table whose
 * name begins with the word.
 */

import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import type { Account, SourceLine } from "../../config/accounts.ts";
import { UserMistake } from "../../errors.ts";
import { decodeBytes } from "../../message/text.ts";
import { addPathToError } from "../../system-error.ts";
import { findSettingCommand } from "../commands/setting-commands.ts";
import type { Command } from "../session/command.ts";
import { reportMistake } from "../session/mistakes.ts";
import type { Session } from "../session/session.ts";
import { type Block, readBlock, splitCommandLines } from "./blocks.ts";
import { type Condition, interpretForeignLine } from "./foreign-commands.ts";

/** The leading whitespace of a line, as in C's isspace(). Only some of these characters end a word. */
const leadingBlanks = /^[ \t\v\f\r]+/;
const wordEnd = /[ \t\d$^.:/\-+*'"]/;
/** The maximum depth of nested sourced files. */
const deepestSource = 100;
/** The error that ends the processing of all nested sourced files. */
class SourcedTooDeep extends UserMistake {}
/** The commands that run even if the condition of an if is false. As in bsd-mailx, these include the shell escape. */
const alwaysRun = new Set(["if", "else", "endif", "!"]);

/** Returns the command that a word or an abbreviation selects, or undefined if there is none. */
async function findCommandOf(word: string): Promise<Command | undefined> {
  const found = findSettingCommand(word);
  if (found !== undefined) return found;
  const { findCommand } = await import("../commands/command-table.ts");
  return findCommand(word);
}

function parseLine(line: string): { word: string; rest: string } {
  // As in bsd-mailx, a NUL byte and the text after it are ignored.
  const text = line.replace(/\0.*/s, "").replace(leadingBlanks, "").replace(/\r$/, "");
  if (/^[!|#]/.test(text)) return { word: text.charAt(0), rest: text.slice(1) };
  const end = text.search(wordEnd);
  const length = end < 0 ? text.length : end;
  return { word: text.slice(0, length), rest: text.slice(length) };
}

/** Runs a command line and prints any error. Returns whether the command succeeded. */
export async function executeLine(session: Session, line: string): Promise<boolean> {
  try {
    return await runCommand(session, line);
  } catch (error) {
    if (error instanceof SourcedTooDeep && session.sourcing > 0) throw error;
    reportMistake(session, error);
    return false;
  }
}

/** @throws UserMistake */
async function runCommand(session: Session, line: string): Promise<boolean> {
  const { word, rest } = parseLine(line);
  // A line without a command word does nothing in a file, but prints a message at the prompt.
  if (word === "" && session.sourcing > 0) return true;
  const found = await findCommandOf(word);
  if (session.variablesOnly?.permits(found?.name, rest) === false) return true;
  if (found === undefined) {
    const like = session.sourcing === 0 ? session.comfort?.likeCommand(word) : undefined;
    const hint = like === undefined ? undefined : `Did you mean ${like}?`;
    throw new UserMistake(`Unknown command: "${word}"`, { hint });
  }
  if (!isBranchTaken(session) && !alwaysRun.has(found.name)) return true;
  const refusal = findBar(session, found);
  if (refusal !== undefined) throw new UserMistake(refusal);
  if (!(await runTolerantly(session, () => found.run(session, rest)))) return false;
  if (session.sourcing === 0 && !found.transparent && session.folder !== undefined) session.folder.atStart = false;
  return true;
}

/**
 * Runs a command. Unless errexit is set, a tolerated mistake is only reported, and the command is considered
 * successful.
 */
async function runTolerantly(session: Session, run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run();
  } catch (error) {
    const isTolerated = error instanceof UserMistake && error.isTolerated;
    if (!isTolerated || session.config.settings.get("errexit")) throw error;
    reportMistake(session, error);
    return true;
  }
}

function isBranchTaken({ conditional }: Session): boolean {
  for (let each = conditional; each !== undefined; each = each.outer) if (!each.isTaken) return false;
  return true;
}

function findBar(session: Session, { name, barred: where }: Command): string | undefined {
  if (session.mode === "send" && where.includes("sending")) return `May not execute "${name}" while sending`;
  if (session.sourcing > 0 && where.includes("sourcing"))
    return name === "!" ? `Can't "!" while sourcing` : `May not execute "${name}" while sourcing`;
  return session.composing && where.includes("recursing") ? `Cannot recursively invoke "${name}"` : undefined;
}

/**
 * Runs the commands of a file, up to the first error, quit or exit.
 *
 * @returns false if a command failed and errexit is set
 * @throws MailError if the file cannot be read
 */
export async function sourceFile(session: Session, path: string): Promise<boolean> {
  if (session.sourcing >= deepestSource) throw new SourcedTooDeep('Too much "sourcing" going on.');
  const outer = session.conditional;
  session.conditional = undefined;
  try {
    const succeeded = await loadFile(session, path);
    if (!succeeded && session.config.settings.get("errexit")) return false;
    if (session.conditional !== undefined) session.terminal.out('Unmatched "if"\n');
    return true;
  } finally {
    session.conditional = outer;
  }
}

/**
 * Runs the commands of a start-up file, which may end inside an if.
 *
 * @returns whether all commands succeeded
 * @throws MailError if the file cannot be read
 */
export async function loadFile(session: Session, path: string): Promise<boolean> {
  const { settings } = session.config;
  const outside = settings.exposedIn;
  const { text, isExposed } = readCommandFile(session, path);
  settings.exposedIn = isExposed ? path : undefined;
  try {
    return await runLines(session, text, path);
  } finally {
    settings.exposedIn = outside;
  }
}

/** Returns a file's text, and whether users other than its owner can read it. */
function readCommandFile({ variablesOnly }: Session, path: string): { text: string; isExposed: boolean } {
  const othersCanRead = ({ mode }: { mode: number }) => (mode & 0o077) !== 0;
  try {
    if (variablesOnly !== undefined)
      return { text: decodeBytes(variablesOnly.readFile(path)), isExposed: othersCanRead(statSync(path)) };
    const descriptor = openSync(path, "r");
    try {
      return { text: decodeBytes(readFileSync(descriptor)), isExposed: othersCanRead(fstatSync(descriptor)) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** Runs the lines of a string, such as the built-in start-up commands, as sourceFile runs those of a file. */
export async function runLines(session: Session, text: string, name: string): Promise<boolean> {
  return runSourceLines(session, splitCommandLines(text), name);
}

/** Runs the command lines of a file, up to the first error, quit or exit. @returns whether all commands succeeded */
async function runSourceLines(session: Session, lines: readonly SourceLine[], file: string): Promise<boolean> {
  const { settings } = session.config;
  const outside = settings.origin;
  session.sourcing++;
  try {
    for (let at = 0; at < lines.length; at++) {
      const { text, number } = lines[at] as SourceLine;
      settings.origin = `${file}:${number}`;
      const block = readBlock(lines, at);
      if (block?.words[0] === "account" && block.words.length === 2) {
        if (!defineAccount(session, block, file)) return false;
        at = block.end ?? lines.length;
        continue;
      }
      const meaning = session.isStartingUp === true ? interpretForeignLine(text) : undefined;
      if (meaning?.kind === "ignored") {
        at = block?.end ?? at;
        continue;
      }
      if (meaning !== undefined && meaning.kind !== "command") {
        evaluateCondition(session, meaning.kind, meaning.condition);
        continue;
      }
      const succeeded = await executeLine(session, meaning?.line ?? text);
      if (!succeeded && meaning?.toleratesErrors !== true) return isEndedByQuit(session);
      if (session.ending !== undefined) return true;
    }
    return true;
  } finally {
    settings.origin = outside;
    session.sourcing--;
  }
}

/**
 * Runs the commands of an account according to the rules of the start-up file that defines the account.
 *
 * @returns whether all commands succeeded
 */
export async function runAccount(session: Session, { lines, file, exposedIn }: Account): Promise<boolean> {
  const { settings } = session.config;
  const outside = { exposedIn: settings.exposedIn, isStartingUp: session.isStartingUp === true };
  const { conditional } = session;
  settings.exposedIn = exposedIn;
  session.isStartingUp = true;
  session.conditional = undefined;
  try {
    return await runSourceLines(session, lines, file);
  } finally {
    settings.exposedIn = outside.exposedIn;
    session.isStartingUp = outside.isStartingUp;
    session.conditional = conditional;
  }
}

/** Begins an if in another client's syntax, or the next branch of such an if. */
function evaluateCondition(session: Session, word: "if" | "elif", condition: Condition): void {
  const { terminal, conditional, mode } = session;
  const isTrue = condition === "always" || condition === mode || (condition === "terminal" && terminal.interactive);
  if (word === "if") {
    session.conditional = { isTaken: isTrue, wasTaken: isTrue, isForeign: true, outer: conditional };
  } else if (conditional !== undefined) {
    conditional.isTaken = isTrue && !conditional.wasTaken;
    conditional.wasTaken ||= isTrue;
  }
}

/**
 * Stores the account that a block defines, unless the condition of an enclosing if is false.
 *
 * @returns false if the block has no closing brace
 */
function defineAccount(session: Session, { words, lines, end }: Block, file: string): boolean {
  const [, name = ""] = words;
  if (end === undefined) {
    reportMistake(session, new UserMistake(`account ${name}: the closing brace is missing`));
    return false;
  }
  if (isBranchTaken(session))
    session.config.accounts.set(name, { file, lines, exposedIn: session.config.settings.exposedIn });
  return true;
}

function isEndedByQuit(session: Session): boolean {
  const ended = session.fileEnded === true;
  session.fileEnded = false;
  return ended;
}
