/** Runs the built program in a temporary home directory, with a mailbox that the test creates. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Home {
  readonly path: string;
  /** Runs mail in the home directory with the lines as its input. */
  mail(argv: readonly string[], lines: readonly string[], more?: Readonly<Record<string, string>>): Ran;
  /** Runs mail in the same way, but as another user if the test runs as root. */
  mailAs(uid: number, argv: readonly string[], lines: readonly string[], more: Readonly<Record<string, string>>): Ran;
  /**
   * Runs mail in the same way, and kills the process just before the write call that has this number. The program may
   * exit before that call.
   */
  mailKilledAt(call: number, lines: readonly string[], more: Readonly<Record<string, string>>): Ran;
  remove(): void;
}

const program = join(process.cwd(), "bin/mail.js");
const killer = join(process.cwd(), "test/mailbox/support/killer.cjs");

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), "mail-home-"));
  const run = (
    argv: readonly string[],
    lines: readonly string[],
    more: Readonly<Record<string, string>>,
    user: { readonly uid?: number; readonly gid?: number } = {},
  ): Ran => {
    const done = spawnSync(process.execPath, argv, {
      ...user,
      cwd: path,
      env: {
        PATH: process.env["PATH"],
        HOME: path,
        LC_ALL: "C.UTF-8",
        TZ: "UTC",
        USER: "root",
        LOGNAME: "root",
        ...more,
      },
      input: lines.map((line) => `${line}\n`).join(""),
      encoding: "latin1",
    });
    return { out: done.stdout, err: done.stderr, status: done.status, signal: done.signal };
  };
  return {
    path,
    mail: (argv, lines, more = {}) => run([program, "-n", ...argv], lines, more),
    mailAs: (uid, argv, lines, more) => run([program, "-n", ...argv], lines, more, { uid, gid: uid }),
    mailKilledAt: (call, lines, more) =>
      run(["-r", killer, program, "-n"], lines, { ...more, MAIL_KILL_AT: String(call) }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
