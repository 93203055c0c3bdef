/**
 * Writes a log in the format of Postfix's mail.log: `Jan 16 18:22:03 host postfix/smtpd[7]: connect from
 * localhost[127.0.0.1]`.
 *
 * The program's name begins with `postfix/`, as in Postfix's own log, because users and programs such as pflogsumm
 * search mail.log for that prefix.
 */
import { closeSync, constants, fchmodSync, fchownSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { Exit } from "../errors.ts";
import { logReadersId } from "../groups.ts";
import { formatAsctime } from "../mailbox/from-line.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** The Postfix daemon that would have written the line. */
export type Part = "smtpd" | "cleanup" | "qmgr" | "local";

export interface Log {
  write(part: Part, text: string): void;
}

/** Opens the log. @param path undefined for standard error; the file is opened for each line, so that it can be rotated */
export function openLog(path: string | undefined): Log {
  const host = hostname().split(".")[0] ?? "localhost";
  if (path !== undefined) appendLogLine(path, "");
  return {
    write(part, text) {
      const line = `${formatAsctime(new Date()).slice(4, 19)} ${host} postfix/${part}[${process.pid}]: ${escapeForLog(text)}\n`;
      if (path === undefined) {
        process.stderr.write(line);
        return;
      }
      try {
        appendLogLine(path, line);
      } catch {
        // Even if the log's disk is full, mail that fits on another disk must be accepted.
      }
    },
  };
}

function appendLogLine(path: string, line: string): void {
  try {
    const file = openLogFile(path);
    try {
      if (line !== "") writeSync(file, line);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw addPathToError(path, error, Exit.CantCreate);
  }
}

function openLogFile(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    return createLogFile(path);
  }
}

/** Creates the log. As with Debian's own logs, the members of group adm can read root's log. */
function createLogFile(path: string): number {
  const file = openSync(path, "ax", 0o640);
  const gid = process.getuid?.() === 0 ? logReadersId() : undefined;
  if (gid !== undefined) {
    fchownSync(file, 0, gid);
    fchmodSync(file, 0o640);
  }
  return file;
}

/** Returns a client's text without the characters that would end the log line or control the reader's terminal. */
function escapeForLog(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
