/**
 * Compares random sessions of the real program with a small model. Messages are delivered before and during the
 * sessions, and some sessions are killed while they are quitting. Each message must be complete and exactly where the
 * model expects it. After a kill, the mailboxes must be either as they were before the quit or as a complete quit
 * leaves them.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { deliver } from "../../src/mailbox/deliver.ts";

const program = join(import.meta.dirname, "../../bin/mail.js");

interface Step {
  readonly command: "p" | "d" | "u" | "pre" | "mbox" | "s" | "unread" | "inc" | "deliver";
  readonly message: number;
}

interface Session {
  readonly before: number;
  readonly steps: readonly Step[];
  /** A number is the delay in milliseconds between a change to a journal (creation, write or removal) and SIGKILL. */
  readonly end: "quit" | "exit" | number;
}

const step = fc.record<Step>({
  command: fc.constantFrom("p", "d", "u", "pre", "mbox", "s", "unread", "inc", "deliver"),
  message: fc.nat({ max: 7 }),
});
const session = fc.record<Session>({
  before: fc.nat({ max: 3 }),
  steps: fc.array(step, { maxLength: 8 }),
  end: fc.oneof(fc.constantFrom<"quit" | "exit">("quit", "quit", "exit"), {
    arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 3, 5, 8, 13),
    weight: 3,
  }),
});

interface Marks {
  id: string;
  touched?: boolean;
  deleted?: boolean;
  preserved?: boolean;
  toMbox?: boolean;
  saved?: boolean;
}

/** The messages in each mailbox, identified by their X-Id. */
interface State {
  spool: string[];
  mbox: string[];
  saved: string[];
}

class World {
  readonly directory = mkdtempSync(join(tmpdir(), "model-"));
  readonly spool = join(this.directory, "spool/user");
  readonly mbox = join(this.directory, "mbox");
  readonly file = join(this.directory, "saved");
  readonly bodies = new Map<string, string>();
  state: State = { spool: [], mbox: [], saved: [] };

  constructor() {
    mkdirSync(join(this.directory, "spool"));
    writeFileSync(this.spool, "");
    writeFileSync(join(this.directory, ".mailrc"), "set append quiet noheader lockwait=20\n", { mode: 0o600 });
  }

  async deliver(): Promise<string> {
    const id = `m${this.bodies.size}`;
    const body = `${id} ${"some text\n".repeat((this.bodies.size % 5) * 40)}>From quoted\nend of ${id}\n`;
    this.bodies.set(id, body);
    const message = Buffer.from(`X-Id: ${id}\nSubject: number ${id}\n\n${body}`);
    await deliver(this.spool, { sender: "a@example.org", date: new Date(0), message }, { lockwait: 20 });
    return id;
  }

  start() {
    const { XDG_STATE_HOME: _state, XDG_CACHE_HOME: _cache, ...rest } = process.env;
    const env = {
      ...rest,
      HOME: this.directory,
      MAIL: this.spool,
      MBOX: this.mbox,
      MAILRC: `${this.directory}/.mailrc`,
    };
    const child = spawn(process.execPath, [program, "-n"], { env, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    child.stdin.on("error", () => {});
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let marks = 0;
    /** Resolves when all previous commands have been carried out. Their output may still be in transit. */
    const reached = async () => {
      const mark = join(this.directory, `mark-${process.hrtime.bigint()}-${marks++}`);
      child.stdin.write(`!touch ${mark}\n`);
      while (!existsSync(mark) && child.exitCode === null && child.signalCode === null) await sleep(1);
    };
    return { child, ended, reached, output: () => output };
  }

  /** Returns the messages in a file, and checks that each is complete. */
  ids(path: string): string[] {
    let text = "";
    try {
      text = readFileSync(path, "latin1");
    } catch {}
    return text
      .split(/^(?=From )/m)
      .filter((message) => message !== "")
      .map((message) => {
        const id = /\nX-Id: (\w+)\n/.exec(message)?.[1] ?? "?";
        const wanted = `X-Id: ${id}\nSubject: number ${id}\n\n${this.bodies.get(id)}\n`;
        expect(message.replace(/^From .*\n/, "").replace(/^Status: R?O?\n/m, "")).toBe(wanted);
        return id;
      });
  }

  now(): State {
    return { spool: this.ids(this.spool), mbox: this.ids(this.mbox), saved: this.ids(this.file) };
  }
}

function apply(all: Marks[], { command, message }: Step): Marks | undefined {
  const one = all[message];
  if (one === undefined) return undefined;
  if (command === "u") Object.assign(one, { deleted: false, touched: true });
  if (one.deleted) return undefined;
  if (command === "p" || command === "s") one.touched = true;
  if (command === "s") one.saved = true;
  if (command === "d")
    Object.assign(one, { touched: true, deleted: true, preserved: false, toMbox: false, saved: false });
  if (command === "pre") Object.assign(one, { preserved: true, toMbox: false });
  if (command === "mbox") Object.assign(one, { touched: true, toMbox: true, preserved: false });
  if (command === "unread") one.touched = false;
  return one;
}

function fateOf({ touched, deleted, preserved, toMbox, saved }: Marks): "keep" | "drop" | "mbox" {
  if (deleted) return "drop";
  if (preserved) return "keep";
  if (toMbox) return "mbox";
  if (!touched) return "keep";
  return saved ? "drop" : "mbox";
}

let kills = 0;

async function play(world: World, { before, steps, end }: Session): Promise<void> {
  const { state } = world;
  for (let n = 0; n < before; n++) state.spool.push(await world.deliver());
  if (state.spool.length === 0) return;
  const running = world.start();
  await running.reached();
  const marks: Marks[] = state.spool.map((id) => ({ id }));
  const saved: string[] = [];
  for (const step of steps) {
    if (step.command === "deliver") {
      await running.reached();
      state.spool.push(await world.deliver());
      continue;
    }
    if (step.command === "inc") {
      running.child.stdin.write("inc\n");
      for (const id of state.spool.slice(marks.length)) marks.push({ id });
    } else {
      const argument = step.command === "s" ? ` ${world.file}` : "";
      running.child.stdin.write(`${step.command} ${step.message + 1}${argument}\n`);
      const one = apply(marks, step);
      if (step.command === "s" && one !== undefined) saved.push(one.id);
    }
  }
  await running.reached();
  // The journal is beside the mailbox.
  const watch = fs.watch(dirname(world.spool), (_event, name) => {
    const isJournal = name?.includes(".mail-journal") === true;
    if (typeof end === "number" && isJournal) setTimeout(() => running.child.kill("SIGKILL"), end);
  });
  running.child.stdin.write(end === "exit" ? "x\n" : "q\n");
  const code = await running.ended;
  watch.close();
  if (typeof end !== "number") expect([code, running.output()]).toEqual([0, expect.anything()]);
  // The next start completes the interrupted quit.
  const next = world.start();
  next.child.stdin.end("x\n");
  await next.ended;
  const as = (kind: string) => marks.filter((one) => fateOf(one) === kind).map(({ id }) => id);
  const arrived = state.spool.slice(marks.length);
  const unchanged = { ...state, saved: [...state.saved, ...saved] };
  const done = { spool: [...as("keep"), ...arrived], mbox: [...state.mbox, ...as("mbox")], saved: unchanged.saved };
  const found = world.now();
  if (end === "quit") expect(found).toEqual(done);
  else if (end === "exit") expect(found).toEqual(unchanged);
  else expect([unchanged, done]).toContainEqual(found);
  if (code === null) kills++;
  world.state = found;
}

test("no message is lost, duplicated or damaged by sessions, deliveries and kills", async () => {
  const until = Date.now() + 40_000;
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: 5 }), async (sessions) => {
      const world = new World();
      try {
        for (const one of sessions) if (Date.now() < until) await play(world, one);
      } finally {
        rmSync(world.directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 60, endOnFailure: true },
  );
  expect(kills).toBeGreaterThan(0);
});
