/** Creates mailboxes in both local formats, and runs the real program on them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseLines, parseProblems } from "./schemas.ts";

export const kinds = ["mbox", "Maildir"] as const;
export type Kind = (typeof kinds)[number];

const program = join(import.meta.dirname, "../../../bin/mail.js");

/** A message to be stored: fields and body, without a From_ line. */
export function letter(subject: string, more: { from?: string; fields?: string; body?: string } = {}): string {
  const { from = "ann@x.org", fields = "", body = `body of ${subject}` } = more;
  return `From: ${from}\nTo: root@x.org\nSubject: ${subject}\nMessage-ID: <${subject}@x.org>\n${fields}\n${body}\n`;
}

export interface Place {
  readonly home: string;
  /** Creates a mailbox. */
  create(kind: Kind, name: string, letters: readonly string[]): void;
  /** Appends a message to a mailbox, as a delivery agent does. */
  deliver(kind: Kind, name: string, text: string): void;
  /** Returns the subjects of the messages in a mailbox, in mailbox order. */
  subjects(name: string): string[];
  run(argv: readonly string[], input?: string): { status: number | null; stdout: string; stderr: string };
  /** Runs a form with --json, and checks that all output conforms to the schemas. */
  json(form: string, argv: readonly string[], input?: string): Answer;
  /** Returns the IDs of all messages, keyed by subject. */
  ids(name: string): Record<string, string>;
}

export interface Answer {
  readonly status: number | null;
  readonly values: Record<string, unknown>[];
  readonly problems: Record<string, unknown>[];
}

let delivered = 0;

/** Creates a home directory for tests. */
export function makePlace(env: Readonly<Record<string, string>> = {}): Place {
  const home = mkdtempSync(join(tmpdir(), "mail-act-"));
  const deliver = (kind: Kind, name: string, text: string): void => {
    delivered++;
    const path = join(home, name);
    if (kind === "mbox")
      writeFileSync(path, `From ann@x.org Sat Jan 16 18:22:03 2021\n${text}\n`, { flag: "a", mode: 0o600 });
    else writeFileSync(join(path, "new", `${1_700_000_000 + delivered}.M1P${delivered}.host`), text);
  };
  const run: Place["run"] = (argv, input = "") =>
    spawnSync(process.execPath, [program, "-n", ...argv], {
      cwd: home,
      env: { PATH: process.env["PATH"], HOME: home, MAIL: join(home, "spool"), TZ: "UTC", ...env },
      encoding: "utf8",
      input,
    });
  const place: Place = {
    home,
    create: (kind, name, letters) => {
      if (kind === "mbox") writeFileSync(join(home, name), "");
      else for (const each of ["cur", "new", "tmp"]) mkdirSync(join(home, name, each), { recursive: true });
      for (const text of letters) deliver(kind, name, text);
    },
    deliver,
    subjects: (name) => readMessages(join(home, name)).map((text) => /^Subject: (.*)$/m.exec(text)?.[1] ?? ""),
    run,
    json: (form, argv, input) => {
      const { status, stdout, stderr } = run(["--json", ...argv], input);
      return { status, values: parseLines(form, stdout), problems: parseProblems(stderr) };
    },
    ids: (name) => {
      const { values } = place.json("message", ["-f", name]);
      return Object.fromEntries(values.map(({ subject, id }) => [subject, id]));
    },
  };
  return place;
}

/** Returns the text of each message as it is stored in the mailbox. */
export function readMessages(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!existsSync(join(path, "cur")))
    return readFileSync(path, "utf8")
      .split(/^From .*\n/m)
      .slice(1);
  return ["new", "cur"]
    .flatMap((sub) => readdirSync(join(path, sub)).map((name) => ({ name, file: join(path, sub, name) })))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ file }) => readFileSync(file, "utf8"));
}
