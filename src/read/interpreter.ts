/**
 * Runs command lines: from the prompt, from start-up files and `source`, and from ~: in a message.
 *
 * A line is blanks, a command word and the rest; the word ends at a blank, a digit or a sign, so that `p1` and `d$` work.
 * An empty word is `next`. The first command of the table that begins with the word is meant.
 */

import { readFileSync } from "node:fs";
import { MailError } from "../errors.ts";
import { fromBytes } from "../message/text.ts";
import { isSystemError, strerror } from "../system-error.ts";
import type { Command } from "./command.ts";
import { commands } from "./command-table.ts";
import type { Session } from "./session.ts";

const wordEnd = /[ \t\d$^.:/\-+*'"]/;
const conditionals = new Set(["if", "else", "endif"]);

export function findCommand(word: string): Command | undefined {
  if (word === "") return commands.find(({ name }) => name === "next");
  return commands.find(({ name, inFull }) => (inFull ? name === word : name.startsWith(word)));
}

function parseLine(line: string): { word: string; rest: string } {
  // What follows a NUL byte does not count, as in bsd-mailx.
  const text = line
    .replace(/\0.*/s, "")
    .replace(/^[ \t]+/, "")
    .replace(/\r$/, "");
  if (/^[!|#]/.test(text)) return { word: text.charAt(0), rest: text.slice(1) };
  const end = text.search(wordEnd);
  const length = end < 0 ? text.length : end;
  return { word: text.slice(0, length), rest: text.slice(length) };
}

/** @returns whether it could be done; what was wrong has been said */
export async function execute(session: Session, line: string): Promise<boolean> {
  const { terminal } = session;
  const { word, rest } = parseLine(line);
  // In a file an empty line is nothing; at the prompt it prints.
  if (word === "" && session.sourcing > 0 && rest.trim() === "") return true;
  const found = findCommand(word);
  const { conditional } = session;
  if (conditional !== undefined && !runs(session) && !(found !== undefined && conditionals.has(found.name)))
    return true;
  if (found === undefined) {
    terminal.out(`Unknown command: "${word}"\n`);
    return false;
  }
  const refusal = barred(session, found);
  if (refusal !== undefined) {
    terminal.out(`${refusal}\n`);
    return false;
  }
  try {
    return await found.run(session, rest);
  } catch (error) {
    return complain(session, error);
  }
}

/** A user's mistake, or the system's, is said and the session goes on. */
export function complain(session: Session, error: unknown): false {
  if (error instanceof MailError) session.terminal.err(`${session.program}: ${error.message}\n`);
  else if (isSystemError(error) && error.code !== "EPIPE")
    session.terminal.err(`${session.program}: ${strerror(error)}\n`);
  else throw error;
  return false;
}

function runs({ conditional, mode }: Session): boolean {
  if (conditional === undefined) return true;
  return conditional.when === mode;
}

function barred(session: Session, { name, barred: where }: Command): string | undefined {
  const composing = session.composing;
  if (composing && where.includes("recursing")) return `Cannot recursively invoke "${name}"`;
  if (composing && where.includes("sending")) return `May not execute "${name}" while sending`;
  if (session.sourcing === 0) return undefined;
  if (name === "!" || name === "shell")
    return where.includes("sourcing") ? `Can't "${name}" while sourcing` : undefined;
  if (where.includes("sourcing")) return `May not execute "${name}" while sourcing`;
  if (session.folder === undefined && where.includes("sending")) {
    return session.mode === "send" ? `May not execute "${name}" while sending` : 'Illegal use of "message list"';
  }
  return undefined;
}

/** Joins lines that a backslash continues; a continued line loses its leading blanks. */
export function continued(line: string): string | undefined {
  return /(^|[^\\])(\\\\)*\\$/.test(line) ? line.slice(0, -1) : undefined;
}

/**
 * Runs the commands of a file; the first error ends it.
 *
 * @returns false when the file can't be read, or a command in it failed; that has been said
 */
export async function sourceFile(session: Session, path: string): Promise<boolean> {
  let text: string;
  try {
    text = fromBytes(readFileSync(path));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    session.terminal.err(`${session.program}: ${path}: ${strerror(error)}\n`);
    return false;
  }
  return runLines(session, text, path);
}

/** The same for commands that are in no file: the built-in start-up ones. */
export async function runLines(session: Session, text: string, name: string): Promise<boolean> {
  const { settings } = session.config;
  const outside = settings.origin;
  session.sourcing++;
  try {
    let begun = "";
    for (const [index, line] of text.replace(/\n$/, "").split("\n").entries()) {
      settings.origin = `${name}:${index + 1}`;
      const whole = begun + (begun === "" ? line : line.replace(/^[ \t]+/, ""));
      const goesOn = continued(whole);
      begun = goesOn ?? "";
      if (goesOn !== undefined) continue;
      if (!(await execute(session, whole))) return false;
      if (session.ending !== undefined) return true;
    }
    return true;
  } finally {
    settings.origin = outside;
    session.sourcing--;
  }
}
