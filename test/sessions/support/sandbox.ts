/** A private directory for a session, with its spool, its files and a program that receives its mail. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Setup {
  /** Messages in the system mailbox, as returned by `mail`. */
  readonly spool?: readonly string[];
  /** Other files, keyed by their path relative to the home directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly mailrc?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Sandbox {
  readonly home: string;
  readonly environment: Record<string, string>;
  /** Returns a file in the home directory as text. @throws Error if it is missing */
  read(name: string): string;
  remove(): void;
}

/** Creates a sandbox. Sent messages are appended to ~/sent, as the sendmail program receives them. */
export function sandbox({ spool = [], files = {}, mailrc = "", environment = {} }: Setup): Sandbox {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "mail-session-")));
  const home = join(root, "home");
  mkdirSync(join(home), { mode: 0o700 });
  mkdirSync(join(root, "tmp"));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), Buffer.from(text, "latin1"));
  };
  const program = join(root, "take-mail");
  writeFileSync(program, `#!/bin/sh\nexec cat >>"${join(home, "sent")}"\n`);
  chmodSync(program, 0o755);
  if (spool.length > 0) write("spool", spool.join(""));
  write(".mailrc", `set sendmail=${program}\n${mailrc}`);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    home,
    environment: {
      HOME: home,
      MAIL: join(home, "spool"),
      USER: "root",
      LOGNAME: "root",
      SHELL: "/bin/sh",
      TERM: "dumb",
      NO_COLOR: "1",
      TZ: "UTC",
      LC_ALL: "C.UTF-8",
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      TMPDIR: join(root, "tmp"),
      XDG_STATE_HOME: join(root, "state"),
      XDG_CACHE_HOME: join(root, "cache"),
      ...environment,
    },
    read: (name) => readFileSync(join(home, name), "latin1"),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export interface MailOptions {
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly status?: string;
  /** Further header fields, one per line. */
  readonly fields?: string;
  readonly body?: string;
}

/** Returns a message as stored in a mailbox, from its From_ line to the empty line at its end. */
export function mail(options: MailOptions = {}): string {
  const { from = "ann@example.org", to = "root", subject = "hola", status, fields = "", body = "Hello.\n" } = options;
  const state = status === undefined ? "" : `Status: ${status}\n`;
  return `From ${from} Sat Jan 16 18:22:03 2021\nFrom: ${from}\nTo: ${to}\nSubject: ${subject}\n${fields}${state}\n${body}\n`;
}
