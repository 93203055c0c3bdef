/**
 * Runs random sessions on a Maildir, with deliveries, kills and changes by other clients, and compares the results with
 * a model. The model maps each message to its mailbox and its seen state.
 */

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { deliver } from "../../../src/mailbox/deliver.ts";
import { uniqueName } from "../../../src/mailbox/maildir/file-name.ts";
import { subjectsIn } from "../support/accounts.ts";
import { filesOf, letter, makeMaildir } from "../support/maildir.ts";
import { type Home, makeHome } from "../support/program.ts";

type Place = "spool" | "mbox" | "kept" | "gone";

interface Known {
  readonly place: Place;
  readonly seen: boolean;
}

type Model = Map<string, Known>;

type Action = "read" | "delete" | "hold" | "mbox" | "save" | "unread";
type Foreign = "list" | "see" | "flag" | "remove";

type Step =
  | { readonly kind: "deliver"; readonly count: number }
  | { readonly kind: "other"; readonly at: number; readonly what: Foreign }
  | {
      readonly kind: "session";
      readonly actions: readonly { readonly at: number; readonly what: Action }[];
      /** The number of messages that are delivered during the session. */
      readonly arrivals: number;
      /** A change that another client makes to a message during the session. */
      readonly foreign: { readonly at: number; readonly what: Foreign } | undefined;
      readonly end: "quit" | "exit" | number;
    };

const place = fc.nat(11);
const foreign = fc.record({ at: place, what: fc.constantFrom<Foreign>("list", "see", "flag", "remove") });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 1, arbitrary: foreign.map((other) => ({ kind: "other" as const, ...other })) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("session" as const),
        actions: fc.uniqueArray(
          fc.record({
            at: place,
            what: fc.constantFrom<Action>("read", "delete", "hold", "mbox", "save", "unread"),
          }),
          { maxLength: 6, selector: ({ at }) => at },
        ),
        arrivals: fc.nat(2),
        foreign: fc.option(foreign, { nil: undefined }),
        end: fc.oneof(
          fc.constant("quit" as const),
          fc.constant("exit" as const),
          // A quit with a few messages makes about forty write calls.
          fc.integer({ min: 1, max: 45 }),
        ),
      }),
    },
  ),
  { minLength: 3, maxLength: 7 },
);

const commands: Readonly<Record<Action, (message: number) => string>> = {
  read: (message) => `p ${message}`,
  delete: (message) => `d ${message}`,
  hold: (message) => `hold ${message}`,
  mbox: (message) => `mbox ${message}`,
  save: (message) => `s ${message} kept/`,
  unread: (message) => `unread ${message}`,
};

const outcome: Readonly<Record<Action, (known: Known) => Known>> = {
  read: () => ({ place: "mbox", seen: true }),
  delete: ({ seen }) => ({ place: "gone", seen }),
  hold: (known) => known,
  mbox: ({ seen }) => ({ place: "mbox", seen }),
  save: () => ({ place: "kept", seen: true }),
  unread: ({ place: where }) => ({ place: where, seen: false }),
};

class Bench {
  readonly home: Home = makeHome();
  readonly spool = makeMaildir(join(this.home.path, "spool"));
  readonly mbox: string;
  model: Model = new Map();
  #count = 0;

  constructor(mbox: string) {
    this.mbox = join(this.home.path, mbox);
    mkdirSync(join(this.home.path, "staged"));
  }

  get inSpool(): string[] {
    return [...this.model].filter(([, known]) => known.place === "spool").map(([subject]) => subject);
  }

  next(): string {
    return `m-${++this.#count}`;
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "deliver") {
      for (let delivered = 0; delivered < step.count; delivered++) {
        const subject = this.next();
        const message = Buffer.from(letter("ann@example.org", subject, "From here\n\nbody\n"));
        await deliver(this.spool, { sender: "ann@example.org", date: new Date(), message }, { lockwait: 1 });
        this.model.set(subject, { place: "spool", seen: false });
      }
    } else if (step.kind === "other") {
      const subject = this.inSpool[step.at];
      if (subject === undefined) return;
      const [from, to] = this.foreignMove(subject, step.what);
      if (to === undefined) rmSync(from);
      else renameSync(from, to);
      this.foreignOutcome(subject, step.what);
    } else this.session(step);
  }

  /** Renames or removes a message's file as another client does. @returns the file's old and new names */
  foreignMove(subject: string, what: Foreign): [from: string, to: string | undefined] {
    const [name = ""] = [...filesOf(this.spool)].find(([, text]) => text.includes(`Subject: ${subject}\n`)) ?? [];
    const [base = "", letters = ""] = name.replace(/^(new|cur)\//, "").split(":2,");
    const add = { list: "", see: "S", flag: "F", remove: "" }[what];
    const named = [...new Set(letters + add)].sort().join("");
    return [join(this.spool, name), what === "remove" ? undefined : join(this.spool, `cur/${base}:2,${named}`)];
  }

  foreignOutcome(subject: string, what: Foreign): void {
    const known = this.model.get(subject);
    if (known === undefined) return;
    if (what === "remove") this.model.set(subject, { ...known, place: "gone" });
    if (what === "see") this.model.set(subject, { ...known, seen: true });
  }

  session({ actions, arrivals, foreign: other, end }: Step & { kind: "session" }): void {
    const numbered = this.inSpool;
    const lines: string[] = [];
    const killed = typeof end === "number";
    const after: Model = new Map();
    if (numbered.length > 0) {
      for (let arrived = 0; arrived < arrivals; arrived++) {
        const subject = this.next();
        const name = uniqueName();
        writeFileSync(join(this.home.path, "staged", name), letter("ben@example.org", subject));
        lines.push(`!mv staged/${name} spool/new/`);
        this.model.set(subject, { place: "spool", seen: false });
      }
      const untouched =
        other === undefined || actions.some(({ at }) => at === other.at) ? undefined : numbered[other.at];
      if (untouched !== undefined && other !== undefined) {
        const [from, to] = this.foreignMove(untouched, other.what);
        if (from !== to) lines.push(to === undefined ? `!rm '${from}'` : `!mv '${from}' '${to}'`);
        this.foreignOutcome(untouched, other.what);
      }
      for (const { at, what } of actions) {
        const subject = numbered[at];
        // After a kill, a saved message may legitimately be in two mailboxes, but the model cannot express this.
        if (subject === undefined || (killed && what === "save")) continue;
        lines.push(commands[what](at + 1));
        after.set(subject, outcome[what](this.model.get(subject) as Known));
        // A save takes effect immediately.
        if (what === "save" && end === "exit") lines.pop();
      }
    }
    const environment = { MAIL: this.spool, MBOX: this.mbox };
    const run = killed
      ? this.home.mailKilledAt(end, [...lines, "q"], environment)
      : this.home.mail([], [...lines, end], environment);
    if (numbered.length === 0) return;
    if (run.signal !== null) this.home.mail([], ["x"], environment);
    else expect([run.status, run.err]).toEqual([0, ""]);
    if (end === "exit") return;
    if (run.signal !== null && this.agrees(this.model)) return;
    this.model = new Map([...this.model, ...after]);
  }

  found(): Model {
    const model: Model = new Map();
    const put = (where: Place, subjects: readonly string[]) => {
      for (const subject of subjects) {
        expect([subject, model.get(subject)]).toEqual([subject, undefined]);
        model.set(subject, { place: where, seen: true });
      }
    };
    put("mbox", subjectsIn(this.mbox));
    put("kept", subjectsIn(join(this.home.path, "kept")));
    for (const [name, text] of filesOf(this.spool)) {
      const subject = /^Subject: (.*)$/m.exec(text)?.[1] ?? "";
      expect([subject, model.get(subject)]).toEqual([subject, undefined]);
      model.set(subject, { place: "spool", seen: /:2,.*S/.test(name) });
    }
    return model;
  }

  agrees(model: Model): boolean {
    return this.described(this.found()) === this.described(model);
  }

  /**
   * Returns the model as text. The text includes the seen state only for messages in the spool. The seen state in other
   * mailboxes is checked by the tests of sessions.
   */
  described(model: Model): string {
    return [...model]
      .filter(([, known]) => known.place !== "gone")
      .map(([subject, known]) => `${subject} ${known.place}${known.place === "spool" && known.seen ? " seen" : ""}`)
      .sort()
      .join("\n");
  }
}

test.each(["mbox", "read/"])("every message is exactly where the model expects it if MBOX is %s", async (mbox) => {
  const property = fc.asyncProperty(steps, async (history) => {
    const bench = new Bench(mbox);
    try {
      for (const step of history) {
        await bench.step(step);
        expect(bench.described(bench.found())).toBe(bench.described(bench.model));
      }
      expect(readdirSync(join(bench.home.path, "staged"))).toEqual([]);
    } finally {
      bench.home.remove();
    }
  });
  await fc.assert(property, { numRuns: Number(process.env["MAIL_TEST_RUNS"] ?? 15), endOnFailure: true });
});
