/** Rejects invalid combinations and values of options, with bsd-mailx's message if it has one. */
import { existsSync } from "node:fs";
import { Exit } from "../errors.ts";
import type { CommandLine } from "./command-line.ts";
import { isListing, UsageError } from "./command-line.ts";

/**
 * Checks the options.
 *
 * @throws UsageError
 */
export function checkOptions(given: CommandLine): void {
  if (given.trace !== undefined && given.trace !== "json") {
    throw new UsageError(`mail: --trace: "${given.trace}" is invalid; use json`);
  }
  if (given.file && given.words.length > 1 && !isListing(given)) {
    throw new UsageError("mail: Cannot give -f and people to send to");
  }
  const forSending =
    given.subject !== undefined ||
    given.from !== undefined ||
    [given.cc, given.bcc, given.attach].some((list) => list.length > 0) ||
    given.quoteFile !== undefined;
  const forRun = given.if !== undefined || given.throttle !== undefined || given.digest;
  if (forRun && given.run.length === 0) {
    throw new UsageError("mail: --if, --throttle and --digest require --run", Exit.Usage);
  }
  const recipients = given.words.length > 0 || given.recipientsFromHeader;
  if (forSending && (given.file || !recipients)) {
    throw new UsageError("mail: You must specify to-addr recipients when using -s, -c, -b, or -r");
  }
  if (given.recipientsFromHeader && given.file)
    throw new UsageError("mail: -f and -t cannot be used together", Exit.Usage);
  const file = given.header.find((value) => !isField(value) && existsSync(value));
  if (file !== undefined) {
    throw new UsageError(`mail: -a "${file}": a file, not a header field; use -A to attach it`, Exit.Usage);
  }
  const wrong = given.customHeader.find((value) => !isField(value));
  if (wrong !== undefined) {
    throw new UsageError(`mail: -C "${wrong}": not a header field of the form "Name: value"`, Exit.Usage);
  }
}

/** Returns whether a line is a header field (RFC 5322, section 2.2). White space before the colon is accepted. */
export function isField(line: string): boolean {
  return /^[!-9;-~]+[ \t]*:/.test(line);
}
