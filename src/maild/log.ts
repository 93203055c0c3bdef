/**
 * The log, in the form of Postfix's mail.log: `Jan 16 18:22:03 host postfix/smtpd[7]: connect from localhost[127.0.0.1]`.
 *
 * The program is called postfix/ too, although it is another: what reads mail.log (pflogsumm, a person's grep) looks for
 * that word.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { Exit } from "../errors.ts";
import { asctime } from "../message/date.ts";
import { named } from "../system-error.ts";

/** The part of Postfix that would have written the line. */
export type Part = "smtpd" | "cleanup" | "qmgr" | "local";

export interface Log {
  write(part: Part, text: string): void;
}

/** @param path standard error where there is none; opened anew for each line, so that it can be rotated */
export function openLog(path: string | undefined): Log {
  const host = hostname().split(".")[0] ?? "localhost";
  if (path !== undefined) append(path, "");
  return {
    write(part, text) {
      const line = `${asctime(new Date()).slice(4, 19)} ${host} postfix/${part}[${process.pid}]: ${printable(text)}\n`;
      if (path === undefined) {
        process.stderr.write(line);
        return;
      }
      try {
        append(path, line);
      } catch {
        // A full disk must not stop the mail that still fits elsewhere.
      }
    },
  };
}

function append(path: string, line: string): void {
  try {
    const file = openSync(path, "a", 0o640);
    try {
      if (line !== "") writeSync(file, line);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw named(path, error, Exit.CantCreate);
  }
}

/** What a client sent goes into the log; it must not end the line or drive the terminal of who reads it. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
