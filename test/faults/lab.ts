/**
 * The lab for the fault campaigns. A lab contains a home directory and mailboxes. Each message has a checksum. The lab
 * runs the client, and compares all messages with the expected state. The lab reads mbox files, but does not know where
 * a client keeps its journals. Strings contain bytes, one per character (latin1).
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Returns a generator of random numbers between 0 and 1. The same seed always produces the same numbers. */
export function seededRandom(seed: string): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${seed}/${count++}`).digest().readUInt32BE() / 2 ** 32;
}

export function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}

export interface Message {
  readonly id: string;
  /** The complete message, with its From_ line and the final empty line. */
  readonly bytes: string;
}

const lines = [
  "a plain line of text",
  "g\xc3\xbcltig \xe2\x80\x94",
  "caf\xe9 in latin-1",
  ">From a quoted line",
  "trailing spaces   ",
  "\ttabbed",
  "",
  "..",
  "x".repeat(300),
];

/** Creates a message. @param size minimum length of the body in bytes */
export function makeMessage(
  id: string,
  random: () => number,
  size = pick([40, 300, 900, 5000, 12_000], random),
): Message {
  let body = "";
  while (body.length < size) body += `${pick(lines, random)}${random() < 0.5 ? "" : Math.floor(random() * 1e6)}\n`;
  const header = `From: Sender <sender@example.org>\nTo: root@example.org\nSubject: about ${id}\nX-Id: ${id}\n`;
  return { id, bytes: `From sender@example.org Tue Nov 24 12:00:00 2026\n${header}\n${body}the last line\n\n` };
}

/**
 * Returns the part that a client must not change: everything except the final empty lines and the fields that store the
 * message's state.
 */
function contentOf(bytes: string): string {
  const end = bytes.indexOf("\n\n") + 1;
  return (
    bytes.slice(0, end).replaceAll(/(?<=\n)(?:X-)?(?:Status|UID|Keywords|IMAP[a-z]*): [^\n]*\n/gi, "") +
    bytes.slice(end).replace(/\n+$/, "")
  );
}

function readBytes(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

export interface Ended {
  /** The exit code; negative if a signal terminated the client. */
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly isHung: boolean;
  /** The time in milliseconds from the last input until the client exited. */
  readonly took: number;
}

export interface SessionOptions {
  /** The client's options and operands. */
  readonly argv?: readonly string[];
  /** A command, such as strace, that runs the client. */
  readonly prefix?: readonly string[];
  /** Time limit in milliseconds. */
  readonly limit?: number;
  /** Delay in milliseconds after which SIGKILL is sent. */
  readonly killAfter?: number;
}

/** A session of the client that reads its commands from a pipe. */
export class Session {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<number>;
  readonly #limit: number;
  #out = "";
  #err = "";

  constructor(
    argv: readonly string[],
    env: Record<string, string>,
    cwd: string,
    { limit = 30_000, killAfter }: SessionOptions,
  ) {
    const [program = "", ...words] = argv;
    this.#limit = limit;
    this.#child = spawn(program, words, { env, cwd, detached: true });
    this.#child.stdin.on("error", () => {}); // The client has exited.
    this.#child.stdout.setEncoding("latin1").on("data", (piece) => {
      this.#out += piece;
    });
    this.#child.stderr.setEncoding("latin1").on("data", (piece) => {
      this.#err += piece;
    });
    this.#closed = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => resolve(signal === null ? (code ?? 0) : -constants.signals[signal]));
    });
    if (killAfter !== undefined) setTimeout(() => this.#kill(), killAfter);
  }

  #kill(): void {
    try {
      process.kill(-this.#child.pid!, "SIGKILL");
    } catch {
      // The client has exited.
    }
  }

  type(...commands: readonly string[]): void {
    this.#child.stdin.write(commands.map((command) => `${command}\n`).join(""), "latin1");
  }

  /** Waits until the client has printed a text. @throws Error if it is not printed within 20 seconds */
  async shows(text: string): Promise<void> {
    for (const until = Date.now() + 20_000; !this.#out.includes(text); await sleep(5)) {
      if (Date.now() > until) throw new Error(`the client never printed ${text}: ${this.#out}${this.#err}`);
    }
  }

  /** Types the last commands, closes the input and waits for the program to exit. */
  async end(...commands: readonly string[]): Promise<Ended> {
    const start = Date.now();
    let isHung = false;
    const timer = setTimeout(() => {
      isHung = true;
      this.#kill();
    }, this.#limit);
    this.type(...commands);
    this.#child.stdin.end();
    const exit = await this.#closed;
    clearTimeout(timer);
    this.#kill();
    return { exit, out: this.#out, err: this.#err, isHung, took: Date.now() - start };
  }
}

/**
 * Returns the problems that are never permitted at the end of a session, even after an injected fault: a hang, a signal
 * or a stack trace.
 */
export function judgeEnd({ exit, out, err, isHung }: Ended): string[] {
  if (isHung) return ["never ended"];
  if (exit < 0) return [`ended by signal ${-exit}`];
  return /^\s+at .*(?:node:|\.[cm]?[jt]s:\d)/m.test(out + err) ? [`a stack trace: ${err.slice(0, 500)}`] : [];
}

/** Messages that a session may have deleted or saved. */
export interface Fates {
  readonly deleted: ReadonlySet<string>;
  readonly saved: ReadonlySet<string>;
}

/** A directory with a home directory, a spool with messages 1 to n, and an mbox with three messages. */
export class Lab {
  readonly root = mkdtempSync(join(tmpdir(), "mail-faults-"));
  readonly home = join(this.root, "home");
  readonly spool = join(this.root, "spool/user");
  readonly mbox = join(this.home, "mbox");
  readonly saved = join(this.home, "saved");
  readonly random: () => number;
  readonly #client: readonly string[];
  readonly #originals = new Map<string, string>();

  /** Creates a lab. @param client the program and its first arguments */
  constructor(client: readonly string[], seed: string, { messages = 8, rc = "" } = {}) {
    this.#client = client;
    this.random = seededRandom(seed);
    for (const name of ["home", "spool", "tmp"]) mkdirSync(join(this.root, name));
    const sizes = new Map([
      [1, 20_000],
      [messages, 9000],
    ]);
    this.add(
      this.spool,
      Array.from({ length: messages }, (_, at) => makeMessage(String(at + 1), this.random, sizes.get(at + 1))),
    );
    this.add(
      this.mbox,
      ["a", "b", "c"].map((id) => makeMessage(id, this.random)),
    );
    writeFileSync(join(this.home, ".mailrc"), `set mta=/bin/false\nset sendmail=/bin/false\n${rc}`, { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Appends messages to a mailbox, as another program would. */
  add(path: string, messages: readonly Message[]): void {
    this.expect(messages);
    writeFileSync(path, messages.map(({ bytes }) => bytes).join(""), { encoding: "latin1", flag: "a", mode: 0o600 });
  }

  /** Registers messages that another program delivers. */
  expect(messages: readonly Message[]): void {
    for (const { id, bytes } of messages) this.#originals.set(id, contentOf(bytes));
  }

  get ids(): string[] {
    return [...this.#originals.keys()];
  }

  open(options: SessionOptions = {}): Session {
    const tmp = join(this.root, "tmp");
    const env = {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      HOME: this.home,
      MAIL: this.spool,
      MBOX: this.mbox,
      DEAD: join(this.home, "dead.letter"),
      USER: "root",
      LOGNAME: "root",
      TERM: "dumb",
      NO_COLOR: "1",
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
      TMPDIR: tmp,
      XDG_RUNTIME_DIR: tmp,
      UV_THREADPOOL_SIZE: "1", // strace counts each thread's calls separately.
    };
    return new Session(
      [...(options.prefix ?? []), ...this.#client, "-n", ...(options.argv ?? [])],
      env,
      this.home,
      options,
    );
  }

  play(commands: readonly string[], options?: SessionOptions): Promise<Ended> {
    return this.open(options).end(...commands);
  }

  /** Returns the IDs of the messages in a mailbox, in order, and a description of any damage. */
  read(path: string): { ids: string[]; damage: string[] } {
    const bytes = readBytes(path);
    const starts = [...bytes.matchAll(/(?<![^\n])From [^\n]* 20\d\d\n/g)].map(({ index }) => index);
    const damage = (starts[0] ?? bytes.length) > 0 ? ["bytes before the first message"] : [];
    const ids = starts.map((start, at) => {
      const message = bytes.slice(start, starts[at + 1]);
      const id = /\nX-Id: (\S+)\n/.exec(message.slice(0, message.indexOf("\n\n") + 1))?.[1] ?? "";
      if (this.#originals.get(id) !== contentOf(message))
        damage.push(`message ${id || "of unknown origin"} is damaged`);
      if (at + 1 < starts.length && !message.endsWith("\n\n")) damage.push(`no empty line after message ${id}`);
      return id;
    });
    return { ids, damage };
  }

  /**
   * Returns the violations of the guarantees: messages that are missing, damaged, or present in both the spool and
   * mbox.
   *
   * @param isDone whether messages that the session should have removed are also reported
   */
  account({ deleted, saved }: Fates, isDone = false): string[] {
    const [spool, mbox, copies] = [this.read(this.spool), this.read(this.mbox), this.read(this.saved)];
    const found = [...spool.ids, ...mbox.ids];
    return [
      ...spool.damage.map((what) => `spool: ${what}`),
      ...mbox.damage.map((what) => `mbox: ${what}`),
      ...copies.damage.map((what) => `saved: ${what}`),
      ...this.ids.flatMap((id) => {
        const places = found.filter((each) => each === id).length;
        const isCopied = copies.ids.includes(id);
        if (places === 0 && !isCopied && !deleted.has(id)) return [`message ${id} is lost`];
        if (places > 1 || copies.ids.filter((each) => each === id).length > 1) return [`message ${id} is doubled`];
        if (isCopied && !saved.has(id)) return [`message ${id} was not to be saved`];
        return isDone && places > 0 && (deleted.has(id) || isCopied) ? [`message ${id} is still there`] : [];
      }),
    ];
  }

  /**
   * Starts the client twice after a fault. All messages must be accounted for, and deleting a message must still work.
   */
  async accountAfterRestart(fates: Fates, options?: SessionOptions): Promise<string[]> {
    const next = judgeEnd(await this.play(["x"], options)).map((what) => `the next session ${what}`);
    const broken = [...next, ...this.account(fates)];
    const before = this.read(this.spool).ids.length;
    if (broken.length > 0 || before === 0) return broken;
    const { exit, err } = await this.play(["d 1", "q"], options);
    const isDeleted = exit === 0 && this.read(this.spool).ids.length < before;
    return isDeleted ? [] : [`a later "d 1" and "q" had no effect: exit ${exit}, ${err}`];
  }
}

/** A session with a name, and the messages that it may delete or save. */
export interface Plan {
  readonly name: string;
  readonly commands: (lab: Lab) => string[];
  readonly fates: (lab: Lab) => Fates;
}

const none: ReadonlySet<string> = new Set();

export const plans: readonly Plan[] = [
  {
    name: "quit",
    commands: () => ["p 1", "d 2", "p 4", "pre 5", "p 8", "q"],
    fates: () => ({ deleted: new Set(["2"]), saved: none }),
  },
  {
    name: "save",
    commands: ({ saved }) => ["p 1", `s 3 ${saved}`, "d 2", `s 6 7 ${saved}`, "q"],
    fates: () => ({ deleted: new Set(["2"]), saved: new Set(["3", "6", "7"]) }),
  },
  { name: "read all", commands: () => ["p *", "q"], fates: () => ({ deleted: none, saved: none }) },
  {
    name: "delete all",
    commands: () => ["d *", "q"],
    fates: () => ({ deleted: new Set(["1", "2", "3", "4", "5", "6", "7", "8"]), saved: none }),
  },
];
