/**
 * Runs rounds of a race. A program lists a mailbox and acts on a message by its ID, while another program delivers mail
 * or expunges messages. The action must affect only the message with this ID. If the message is gone, the action must
 * change nothing.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import { appendMessages } from "../../../src/mailbox/append.ts";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";
import { runMail } from "../../run-mail.ts";
import { type Kind, letter, makePlace } from "./boxes.ts";
import { parseLines } from "./schemas.ts";

/** The number of times that each outcome occurred, so that a test can check that the race took place. */
export interface Occurred {
  done: number;
  gone: number;
  /**
   * The number of actions refused because the mailbox was locked or had changed too much; such an action changes
   * nothing.
   */
  refused: number;
}

/** The number of messages in the mailbox at the start of a round. */
const usualCount = 6;
/** Runs the program without a race. @returns how many milliseconds it takes */
async function measureProgram(path: string, env: NodeJS.ProcessEnv): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    await runMail(["-n", "--delete", "--json", "-f", path, "id:m-0"], env);
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

/** Runs rounds. @param other the operation that the other program performs in each round */
export async function playRounds(kind: Kind, other: "deliver" | "expunge", rounds: number): Promise<Occurred> {
  const place = makePlace();
  const path = join(place.home, "box");
  const options = { lockwait: 10, stateDirectory: join(place.home, "state") };
  const env = { PATH: process.env["PATH"], HOME: place.home, TZ: "UTC" };
  const occurred: Occurred = { done: 0, gone: 0, refused: 0 };
  let written = 0;
  const nextSubject = () => `s${++written}`;
  const list = async () => {
    const mailbox = await openMailbox(path, options);
    const ids = Array.from({ length: mailbox.count }, (_, index) => mailbox.key(index + 1));
    await mailbox.close();
    const subjects = place.subjects("box");
    expect(subjects).toHaveLength(ids.length);
    return new Map(subjects.map((subject, index) => [subject, ids[index] as string]));
  };
  /** Removes messages. @returns how many of them were no longer in the mailbox when it was locked */
  const expunge = async (ids: ReadonlySet<string>): Promise<number> => {
    const mailbox = await openMailbox(path, options);
    for (let n = 1; n <= mailbox.count; n++) if (ids.has(mailbox.key(n))) mailbox.mark(n, Flag.Deleted | Flag.Touched);
    // The pause makes it likely that the action changes the mailbox between opening and commit.
    await sleep(Math.random() * usualTime);
    const { notice } = await mailbox.commit({
      fate: (n) => ((mailbox.flags(n) & Flag.Deleted) !== 0 ? "drop" : "as-is"),
    });
    await mailbox.close();
    return Number(/no longer exist: (\d+)$/.exec(notice ?? "")?.[1] ?? 0);
  };
  place.create(kind, "box", []);
  place.deliver(kind, "box", letter(nextSubject()));
  // The other program starts at a random moment while the program that acts on the message is running.
  const usualTime = await measureProgram(path, env);
  try {
    for (let round = 0; round < rounds; round++) {
      while (place.subjects("box").length < usualCount) place.deliver(kind, "box", letter(nextSubject()));
      const before = await list();
      const subjects = [...before.keys()];
      const target = subjects[Math.floor(Math.random() * subjects.length)] as string;
      const id = before.get(target) as string;
      const expunged = other === "expunge" ? subjects.filter((each) => Math.random() < 0.4 || each === target) : [];
      if (Math.random() < 0.5) expunged.splice(expunged.indexOf(target), expunged.includes(target) ? 1 : 0);
      const arrived = other === "deliver" ? nextSubject() : undefined;
      const act = Math.random() < 0.5 ? ["--delete"] : ["--move", join(place.home, "old")];
      const acting = runMail(["-n", ...act, "--json", "-f", path, `id:${id}`], env);
      await sleep(Math.random() * usualTime);
      let missing = 0;
      if (arrived === undefined) missing = await expunge(new Set(expunged.map((each) => before.get(each) as string)));
      else await appendMessages(path, [[storedForm(letter(arrived))]], options);
      const { exit, out, err } = await acting;
      const [result] = parseLines("act", out);
      const after = place.subjects("box");
      const isDone = result?.["done"] === true;
      const context = { round, kind, other, act, target, expunged, exit, out, err };
      if (exit === 0) occurred.done++;
      else if (exit === 1) occurred.gone++;
      else occurred.refused++;
      expect({ ...context, isDone }).toEqual({ ...context, isDone: exit === 0 });
      const left = [...subjects, ...(arrived === undefined ? [] : [arrived])].filter(
        (each) => !expunged.includes(each) && !(isDone && each === target),
      );
      expect({ ...context, after: [...after].sort() }).toEqual({ ...context, after: left.sort() });
      // The other program reports a missing message only if the action has removed it.
      const mostMissing = isDone && expunged.includes(target) ? 1 : 0;
      expect({ ...context, missing, isExplained: missing <= mostMissing }).toEqual({
        ...context,
        missing,
        isExplained: true,
      });
      // An action may fail only if the message is gone or the mailbox could not be changed.
      if (exit === 1) expect({ ...context, isGone: expunged.includes(target) }).toEqual({ ...context, isGone: true });
      if (exit !== 0 && exit !== 1) expect({ ...context, exit }).toEqual({ ...context, exit: 75 });
      const moved = place.subjects("old");
      expect({ ...context, moved }).toEqual({ ...context, moved: isDone && act[0] === "--move" ? [target] : [] });
      rmSync(join(place.home, "old"), { force: true });
    }
    return occurred;
  } finally {
    rmSync(place.home, { recursive: true, force: true });
  }
}

function storedForm(text: string): Buffer {
  return Buffer.from(`From ann@x.org Sat Jan 16 18:22:03 2021\n${text}\n`);
}
