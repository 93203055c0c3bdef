/**
 * Adds one item of each kind to a copy of the project, and uses the item. Only the files that ARCHITECTURE.md names for
 * that kind ("To add ...") are changed. If ARCHITECTURE.md omits a file that has to be changed, a check fails or the
 * added item does not work.
 */
import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");
const copy = mkdtempSync(join(tmpdir(), "mail-additions-"));
const home = join(copy, "home");

/** Text to insert after the first occurrence of `after`, or a new file. */
type Edit = { readonly after: string; readonly add: string } | { readonly create: string };

interface Addition {
  /** Paths in src/. */
  readonly edits: Readonly<Record<string, Edit | readonly Edit[]>>;
}

const greetCommand = `/** The command greet. */
import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing } from "../session/command-arguments.ts";

export const greetCommands: readonly Command[] = [
  declareCommand({
    name: "greet",
    synonyms: ["salute"],
    task: "session",
    takes: takesNothing,
    summary: "Greet a name.",
    example: "greet",
    run: ({ config, terminal }) => terminal.out(\`hello \${config.settings.get("greeting") ?? "world"}\\n\`, "greeting"),
  }),
];
`;

const fileTransport = `/** Writes messages to files. */
import { writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import type { Envelope, Outcome, Outgoing, Transport } from "./transport.ts";

/** Writes each message to a file. */
export class FileTransport implements Transport {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    writeFileSync(this.#path, await buffer(message.open()));
    return { accepted: envelope.to, refused: [] };
  }

  async close(): Promise<void> {}
}
`;

const greeterLog = `/** Parses the log of greeter: \`greeter[7]: ID greets <recipient>\`. */
import type { LogEvent } from "./event.ts";
import { syslogLine } from "./syslog.ts";

export const greeterIdForm = /^greet\\d+$/;

/** Returns the events of a line. */
export function greeterEvents(line: string): LogEvent[] {
  const found = syslogLine(line);
  const [, id, recipient] = /^(greet\\d+) greets <(.*)>$/.exec(found?.text ?? "") ?? [];
  if (found?.program !== "greeter" || id === undefined || recipient === undefined) return [];
  return [
    {
      ...{ id, time: found.time, kind: "delivery", recipient, status: "sent", detail: "greeted" },
      ...{ original: undefined, relay: undefined, delay: undefined, dsn: undefined, next: undefined },
    },
  ];
}
`;

const memoMailbox = `/** A read-only mailbox: a line MEMO, then a message per line. */
import { closeSync, fstatSync } from "node:fs";
import { Exit, MailError } from "../errors.ts";
import { readRange } from "./file-ranges.ts";
import {
  type CommitResult,
  type Counts,
  Flag,
  type Mailbox,
  type MessageWindow,
  type StoredMessages,
} from "./mailbox.ts";

/** Returns whether a file begins with the line MEMO. */
export function isMemo(descriptor: number): boolean {
  return readRange(descriptor, 0, 5).toString() === "MEMO\\n";
}

/** A mailbox with a message per line. */
export class MemoMailbox implements Mailbox, StoredMessages {
  readonly path: string;
  readonly readOnly = true;
  readonly #descriptor: number;
  readonly #messages: Buffer[];
  readonly #flags: number[];

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    const lines = readRange(descriptor, 5, fstatSync(descriptor).size).toString().trimEnd().split("\\n");
    this.#messages = lines.map((line) =>
      Buffer.from(\`From memo Sat Jan 16 18:22:03 2021\\nFrom: memo@example.org\\nSubject: \${line}\\n\\n\${line}\\n\\n\`),
    );
    this.#flags = lines.map(() => Flag.New);
  }

  get count(): number {
    return this.#messages.length;
  }

  flags(message: number): number {
    return this.#flags[message - 1] ?? 0;
  }

  mark(message: number, set: number, clear = 0): void {
    this.#flags[message - 1] = (this.flags(message) & ~clear) | set;
  }

  async *openMessages(messages: readonly number[]): AsyncIterable<MessageWindow> {
    for (const message of messages) yield { messages: [message], stored: this };
  }

  size(message: number): number {
    return this.#message(message).length;
  }

  header(message: number): Buffer {
    const bytes = this.#message(message);
    return bytes.subarray(0, bytes.indexOf("\\n\\n") + 2);
  }

  read(message: number, start: number, end: number): Buffer {
    return this.#message(message).subarray(start, end);
  }

  readonly isKeyedByContent = false;

  key(message: number): string {
    return String(message);
  }

  counts(message: number): Counts {
    return { lines: 6, characters: this.size(message) };
  }

  replace(): void {
    throw new MailError(\`\${this.path}: Read-only\`, Exit.NoPerm);
  }

  async poll(): Promise<number> {
    return 0;
  }

  async commit(): Promise<CommitResult> {
    throw new MailError(\`\${this.path}: Read-only\`, Exit.NoPerm);
  }

  async close(): Promise<void> {
    closeSync(this.#descriptor);
  }

  #message(message: number): Buffer {
    return this.#messages[message - 1] ?? Buffer.alloc(0);
  }
}
`;

/** The additions, keyed by the first cell of their row in ARCHITECTURE.md's table. */
const additions: Readonly<Record<string, Addition>> = {
  "a command": {
    edits: {
      "read/commands/greet.ts": { create: greetCommand },
      "read/commands/command-table.ts": [
        { after: 'from "../session/command.ts";\n', add: 'import { greetCommands } from "./greet.ts";\n' },
        { after: "export const declaredCommands: readonly Command[] = [\n", add: "  ...greetCommands,\n" },
      ],
    },
  },
  "a variable": {
    edits: {
      "config/variables.ts": {
        after: "export const variables = {\n",
        add: '  greeting: textKind("The name that greet greets.", "name"),\n',
      },
    },
  },
  "an option": {
    edits: {
      "cli/options.ts": {
        after: "export const options = [\n",
        add: '  { long: "greet", argument: "name", meaning: "Greet a name." },\n',
      },
      "cli/command-line.ts": {
        after: "export interface CommandLine {\n",
        add: "  readonly greet: string | undefined;\n",
      },
      "cli/parse.ts": { after: "const result: CommandLine = {\n", add: '    greet: text("greet"),\n' },
    },
  },
  "a query term": {
    edits: {
      "read/query/term-table.ts": {
        after: "export const queryTerms = {\n",
        add: '  greeting: { argument: "text", meaning: "The subject greets.", example: "greeting:ann", hint: "" },\n',
      },
      "read/query/terms.ts": {
        after: "(value: string, place: TermPlace) => Query>> = {\n",
        add: `  greeting: (value) => inHeader("subject", \`hello \${value}\`, (candidate) => candidate.fields("subject")),\n`,
      },
    },
  },
  "a style": {
    edits: {
      "terminal/terminal.ts": { after: "export type Style =\n", add: '  | "greeting"\n' },
      "terminal/theme.ts": { after: "string) => string> = {\n", add: "    greeting: chalk.bold,\n" },
    },
  },
  "a tilde escape": {
    edits: {
      "compose/typing/tilde-escapes.ts": {
        after: "export const tildeEscapes: readonly TildeEscape[] = [\n",
        add: [
          '  tildeEscape("g", " name", "Greet a name in the Subject: field.", ({ draft }, name) => {',
          "    draft.subject = name;",
          "  }),\n",
        ].join("\n"),
      },
    },
  },
  "a transport": {
    edits: {
      "submit/file-transport.ts": { create: fileTransport },
      "submit/transport-settings.ts": [
        { after: "export type Way = ", add: '{ readonly kind: "file"; readonly path: string } | ' },
        {
          after: 'export function parseWay(value: string, variable = "mta"): Way {\n',
          add: '  if (value.startsWith("file:")) return { kind: "file", path: value.slice(5) };\n',
        },
        { after: "switch (way.kind) {\n", add: `    case "file":\n      return \`file:\${way.path}\`;\n` },
      ],
      "compose/sending/submission.ts": {
        after: "switch (way.kind) {\n",
        add: [
          '    case "file": {',
          '      const { FileTransport } = await import("../../submit/file-transport.ts");',
          "      return new FileTransport(way.path);",
          "    }\n",
        ].join("\n"),
      },
      "compose/sending/prepare-message.ts": {
        after: "switch (way.kind) {\n",
        add: `    case "file":\n      return \`Would be written to \${way.path}\\n\`;\n`,
      },
      "check/check-server.ts": {
        after: "switch (way.kind) {\n",
        add: `    case "file":\n      return [pass(about, \`mail is written to \${way.path}\`)];\n`,
      },
    },
  },
  "a server's log": {
    edits: {
      "track/greeter.ts": { create: greeterLog },
      "track/search.ts": [
        { after: 'from "./exim.ts";\n', add: 'import { greeterEvents, greeterIdForm } from "./greeter.ts";\n' },
        {
          after: "export function eventsOf(line: string): LogEvent[] {\n",
          add: "  const greeted = greeterEvents(line);\n  if (greeted.length > 0) return greeted;\n",
        },
        { after: "return [queueIdForm, ", add: "greeterIdForm, " },
      ],
    },
  },
  "a mailbox format": {
    edits: {
      "mailbox/memo-mailbox.ts": { create: memoMailbox },
      "mailbox/open.ts": [
        { after: 'from "./mbox/replay.ts";\n', add: 'import { isMemo, MemoMailbox } from "./memo-mailbox.ts";\n' },
        {
          after: "const compression = compressionOf(descriptor);\n",
          add: "    if (isMemo(descriptor)) return new MemoMailbox(absolute, descriptor);\n",
        },
      ],
    },
  },
};

function apply(path: string, edit: Edit): void {
  const file = join(copy, "src", path);
  if ("create" in edit) {
    writeFileSync(file, edit.create, { flag: "wx" });
    return;
  }
  const text = readFileSync(file, "utf8");
  const at = text.indexOf(edit.after);
  if (at < 0) throw new Error(`${path} does not contain ${JSON.stringify(edit.after)}`);
  const end = at + edit.after.length;
  writeFileSync(file, text.slice(0, end) + edit.add + text.slice(end));
}

/** Returns the paths listed in the table of ARCHITECTURE.md, keyed by the first cell of their row. */
function readTable(): Map<string, string[]> {
  const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const [section = ""] = /^## To add \.\.\.\n[\s\S]*?(?=^## )/m.exec(text) ?? [];
  const rows = [...section.matchAll(/^\| (an? [^|]+?) \| (.*) \|$/gm)];
  return new Map(
    rows.map(([, what = "", where = ""]) => [
      what,
      [...where.matchAll(/`([\w-]+\/[\w/.-]*)`/g)].map(([, path = ""]) => path),
    ]),
  );
}

function runNode(script: string, ...argv: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(copy, script), ...argv], { cwd: copy, encoding: "utf8" });
}

function runTool(name: string, ...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(copy, "node_modules/.bin", name), argv, {
    cwd: copy,
    encoding: "utf8",
  });
  return status === 0 ? "" : stdout + stderr;
}

/** Returns standard output and the exit code. */
function mail(argv: readonly string[], input = "", env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, "bin/mail.js"), ...argv], {
    cwd: home,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", HOME: home, USER: "ana", LC_ALL: "C.UTF-8", TZ: "UTC", ...env },
    input,
  });
  return { out: stdout, err: stderr, exit: status };
}

const memo = join(home, "memo");
const box = join(home, "box");
const page = (name: string) => readFileSync(join(copy, "man", name), "utf8");

beforeAll(() => {
  const omitted = ["node_modules", "dist", ".git", "test", "home"];
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => dirname(path) !== root || !omitted.includes(basename(path)),
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  mkdirSync(home);
  writeFileSync(memo, "MEMO\nbuy milk\nhello ann\n");
  const message = (subject: string) => `From ann Sat Jan 16 18:22:03 2021\nSubject: ${subject}\n\ntext\n\n`;
  writeFileSync(box, message("hello ann") + message("other"));
  for (const { edits } of Object.values(additions))
    for (const [path, edit] of Object.entries(edits)) for (const each of [edit].flat()) apply(path, each as Edit);
  for (const script of ["manual", "build"])
    execFileSync(process.execPath, [join(copy, `scripts/${script}.mjs`)], { cwd: copy, stdio: "ignore" });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("each row of ARCHITECTURE.md's table is tested with exactly the files that the row names", () => {
  const table = readTable();
  expect([...table.keys()].sort()).toEqual(Object.keys(additions).sort());
  for (const [what, { edits }] of Object.entries(additions)) {
    const named = table.get(what) ?? [];
    const changed = Object.keys(edits).filter((path) => !("create" in ([edits[path]].flat()[0] as Edit)));
    expect({ what, changed: changed.sort() }).toEqual({
      what,
      changed: named.filter((each) => /\.ts$/.test(each)).sort(),
    });
    for (const path of Object.keys(edits).filter((each) => !changed.includes(each)))
      expect({ what, folders: named }).toEqual({ what, folders: expect.arrayContaining([`${dirname(path)}/`]) });
  }
});

describe("after the additions", () => {
  test("the copy passes the type, lint, layer and manual-page checks", () => {
    expect(runTool("tsc", "--project", ".")).toBe("");
    expect(runTool("biome", "lint", "--error-on-warnings", "src")).toBe("");
    expect(runTool("depcruise", "src")).toBe("");
    expect(runNode("scripts/manual.mjs", "--check")).toMatchObject({ status: 0, stderr: "" });
  });

  test.each([
    ["the command", "mail.1", '.It Ic "\\&greet" , Ic "\\&salute"\nGreet a name.\n'],
    ["the option", "mail.1", '.It Fl "\\&\\-greet" Ar "\\&name"\nGreet a name.\n'],
    ["the query term", "mail.1", '.It Cm "\\&greeting" : Ns Ar "\\&text"\n'],
    ["the tilde escape", "mail.1", '.It Ic "\\&~g" Ar "\\&name"\n'],
    ["the variable", "mailrc.5", '.It Va "\\&greeting" Ns = Ns Ar "\\&name"\n'],
  ])("%s is in the manual", (_what, name, row) => {
    expect(page(name)).toContain(row);
  });

  test("shells complete the new option, the new variable and the topics of the help command", () => {
    const completion = readFileSync(join(copy, "dist/completions/mail"), "utf8");
    for (const word of ["--greet", "greeting", "greet", "salute"])
      expect(completion).toMatch(new RegExp(`[' ]${word}[' ]`));
  });

  test.each<[string, string[], string, string | RegExp]>([
    [
      "a command runs, with the variable that it reads",
      ["-f", box, "-N"],
      "set greeting=ann\ngreet\nx\n",
      /^hello ann$/m,
    ],
    ["a command's synonym and abbreviation run", ["-f", box, "-N"], "sal\ngree\nx\n", /^hello world\nhello world$/m],
    ["a command has help", ["help", "greet"], "", /Greet a name\./],
    ["a variable has help", ["help", "greeting"], "", /The name that greet greets\./],
    ["a tilde escape has help", ["help", "~g"], "", /Greet a name in the Subject/],
    ["an option is listed", ["--help"], "", /--greet <name> +Greet a name\./],
    ["an option is accepted", ["--greet", "ann", "-V"], "", /^mail \d/],
    ["a query term selects messages", ["--count", "-f", box, "greeting:ann"], "", "1\n"],
    ["a mailbox of the new format is opened", ["--count", "-f", memo, "subject:milk"], "", "1\n"],
    [
      "a message of the new format is printed",
      ["-N", "-f", memo],
      "print 2\nx\n",
      /Subject: hello ann\n(?:Status: R\n)?\nhello ann\n/,
    ],
    ["a transport is described", ["-d", "-S", "mta=file:/x", "-s", "s", "ann"], "text\n", /Would be written to \/x\n/],
    ["a transport is checked", ["-S", "mta=file:/x", "--check"], "", /mail is written to \/x/],
  ])("%s", (_rule, argv, input, expected) => {
    const { out, err } = mail(argv, input);
    if (typeof expected === "string") expect({ out, err }).toEqual({ out: expected, err: "" });
    else expect(out + err).toMatch(expected);
  });

  test("a style changes the appearance of text", () => {
    const { out } = mail(["-f", box, "-N"], "greet\nx\n", { FORCE_COLOR: "1", TERM: "xterm" });
    expect(out).toContain("\u001b[1mhello world\u001b[22m");
  });

  test("a message is sent by the transport, with the subject that the tilde escape sets", () => {
    const sent = join(home, "sent");
    const argv = ["-~", "-S", `mta=file:${sent}`, "-S", "sendwait", "-s", "s", "ann@example.org"];
    expect(mail(argv, "~g ann\ntext\n")).toMatchObject({ exit: 0, err: "" });
    expect(existsSync(sent) && readFileSync(sent, "utf8")).toMatch(/^Subject: ann$[\s\S]*\n\ntext\n$/m);
  });

  test("the server's log is searched", () => {
    const log = join(home, "log");
    writeFileSync(log, "Jan 16 18:22:03 host greeter[7]: greet1 greets <ann@example.org>\n");
    expect(mail(["-S", `maillog=${log}`, "--track", "greet1"]).out).toMatch(/ann@example\.org.*greeted/);
  });
});
