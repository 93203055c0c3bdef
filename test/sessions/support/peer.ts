/**
 * Runs a session with bsd-mailx and with this program, each in its own directory, and removes the permitted
 * differences.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import type { RandomSession } from "./random-session.ts";
import { sandbox } from "./sandbox.ts";

export const bsdMailx: readonly string[] = ["/usr/bin/bsd-mailx"];
export const ours: readonly string[] = [process.execPath, resolve(import.meta.dirname, "../../../bin/mail.js")];
export const hasPeer = existsSync("/usr/bin/bsd-mailx");

/** The exit code, standard output, standard error, and all files, keyed by name. */
export type Result = Record<string, string>;

export async function run(program: readonly string[], session: RandomSession): Promise<Result> {
  const place = sandbox({
    mailrc: session.mailrc,
    files: session.files,
    environment: { PAGER: "cat", EDITOR: "true", VISUAL: "true" },
  });
  try {
    const [command = "", ...before] = program;
    const child = spawn(command, [...before, ...session.argv], {
      cwd: place.home,
      env: place.environment,
      timeout: 30_000,
    });
    child.stdin.on("error", () => {}); // The program might exit without reading its input.
    child.stdin.end(Buffer.from(session.input, "latin1"));
    const closed = new Promise<number | null>((done) => child.on("close", done));
    const [output, errors] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    const result: Result = {
      exit: String(await closed),
      output: output.toString("latin1"),
      errors: errors.toString("latin1"),
    };
    for (const path of filesIn(place.home)) result[relative(place.home, path)] = readFileSync(path, "latin1");
    return Object.fromEntries(
      Object.entries(result).map(([name, text]) => [name, text.replaceAll(place.home, "{HOME}")]),
    );
  } finally {
    place.remove();
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : path.endsWith("/.mailrc") ? [] : [path]));
}

/** Decodes encoded words (RFC 2047) into bytes, because bsd-mailx sends these bytes unencoded. */
function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(?==\?)/g, "$1")
    .replace(/=\?[\w-]+\?([BQ])\?([^?\s]*)\?=/g, (_word, encoding: string, coded: string) =>
      encoding === "B"
        ? Buffer.from(coded, "base64").toString("latin1")
        : coded
            .replaceAll("_", " ")
            .replace(/=([\dA-F]{2})/g, (_escape, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    );
}

/**
 * Removes intended differences: the program's name before an error, fields that only `mail` adds, and encoded header
 * fields. Also removes a random difference: bsd-mailx sometimes reports a failure when a child process exits while
 * bsd-mailx is waiting for it.
 */
export function comparable(session: Result): Result {
  const result = Object.fromEntries(Object.entries(session).map(([name, text]) => [name, decodeWords(text)]));
  const { errors = "", output = "", sent } = result;
  const made = /^(?:Date|Message-ID|User-Agent): .*\n/gm;
  return {
    ...result,
    output: output.replace(/Fatal error.*\n/g, ""),
    errors: errors.replace(/^(?:bsd-mailx|mail): /gm, ""),
    ...(sent === undefined ? {} : { sent: sent.replace(made, "") }),
  };
}
