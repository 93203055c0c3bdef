/** The built program in a home of its own, with a mailbox that the test arranges. */
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
  /** Runs mail in the home with the lines as its input. */
  mail(argv: readonly string[], lines: readonly string[], more?: Readonly<Record<string, string>>): Ran;
  remove(): void;
}

const program = join(process.cwd(), "bin/mail.js");

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), "mail-home-"));
  return {
    path,
    mail: (argv, lines, more = {}) => {
      const run = spawnSync(process.execPath, [program, "-n", ...argv], {
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
      return { out: run.stdout, err: run.stderr, status: run.status, signal: run.signal };
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
