import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile } from "../../src/mailbox/lock/lock-file.ts";
import { kinds, letter, makePlace } from "./support/boxes.ts";
import { parseLines, parseProblems } from "./support/schemas.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

const program = join(import.meta.dirname, "../../bin/mail.js");
const at = (name: string) => join(place.home, name);

/** Starts `mail --wait`. Returns a promise of the exit code and the output. */
function startWaiting(argv: readonly string[], seconds = 20) {
  return finishWaiting(spawnWaiting(argv, seconds));
}

function spawnWaiting(argv: readonly string[], seconds = 20) {
  return spawn(process.execPath, [program, "-n", "--json", "--wait", `${seconds}`, ...argv], {
    cwd: place.home,
    env: { PATH: process.env["PATH"], HOME: place.home, MAIL: at("spool"), TZ: "UTC" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function finishWaiting(child: ReturnType<typeof spawnWaiting>) {
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const all = Promise.all([text(child.stdout), text(child.stderr), ended]);
  return all.then(([out, err, exit]) => ({ exit, values: parseLines("message", out), problems: parseProblems(err) }));
}

/**
 * The time in milliseconds that the program usually needs before it begins to wait for mail. Every test must pass even
 * if the program needs more time.
 */
const usualStart = 400;

describe.each(kinds)("mail --wait on a mailbox in %s format", (kind) => {
  beforeEach(() => {
    for (const name of ["box", "spool"]) rmSync(at(name), { recursive: true, force: true });
    place.create(kind, "box", [letter("old"), letter("code 1")]);
  });

  test("a message that is already in the mailbox ends the wait only if --present is given", async () => {
    expect(await startWaiting(["-f", "box", "subject:code"], 0.2)).toMatchObject({
      exit: 75,
      values: [],
      problems: [{ error: { code: 75, reason: "timed out" } }],
    });
    expect(await startWaiting(["-f", "box", "--present", "subject:code"], 0)).toMatchObject({
      exit: 0,
      values: [{ subject: "code 1" }],
      problems: [],
    });
  });

  test("the first matching message to arrive ends the wait and stays unread", async () => {
    const waiting = startWaiting(["-f", "box", "--text", "subject:code"]);
    await sleep(usualStart);
    let stop = false;
    // Mail is delivered repeatedly, because a message does not end the wait if it arrives before the wait begins.
    const delivering = (async () => {
      for (let n = 2; !stop; n++) {
        place.deliver(kind, "box", letter("other"));
        place.deliver(kind, "box", letter(`code ${n}`));
        await sleep(300);
      }
    })();
    const { exit, values, problems } = await waiting;
    stop = true;
    await delivering;
    expect({ exit, problems }).toEqual({ exit: 0, problems: [] });
    expect(values).toMatchObject([
      { subject: expect.stringMatching(/^code [2-9]/), state: "new", text: expect.stringMatching(/^body of code/) },
    ]);
    const ids = place.json("message", ["-f", "box"]).values.map(({ id }) => id);
    expect(ids).toContain(values[0]?.["id"]);
  });

  test("with --present, a message that arrives at any moment ends the wait", async () => {
    for (let round = 0; round < 12; round++) {
      rmSync(at("box"), { recursive: true, force: true });
      place.create(kind, "box", [letter("old")]);
      const waiting = startWaiting(["-f", "box", "--present", "subject:code"]);
      await sleep(round * 30);
      place.deliver(kind, "box", letter("code"));
      expect(await waiting).toMatchObject({ exit: 0, values: [{ subject: "code" }] });
    }
  }, 60_000);

  test("a message that arrives after the wait has ended is left unchanged", async () => {
    expect(await startWaiting(["-f", "box", "subject:late"], 0.1)).toMatchObject({ exit: 75 });
    place.deliver(kind, "box", letter("late"));
    expect(place.json("message", ["-f", "box", "subject:late"]).values).toMatchObject([{ state: "new" }]);
  });

  test("an invalid query is refused at once", async () => {
    expect(await startWaiting(["-f", "box", "since:nonsense"])).toMatchObject({
      exit: 64,
      problems: [{ error: { reason: "invalid query" } }],
    });
    expect(await startWaiting(["-f", "box", "3"])).toMatchObject({ exit: 64 });
  });

  test("without --json, the message is printed as with --print", () => {
    const { status, stdout } = place.run(["--wait", "0", "--present", "-f", "box", "subject:code"]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/Subject: code 1\n(?:.*\n)*body of code 1\n/),
    });
  });
});

test("a wait may begin before the system mailbox exists", async () => {
  rmSync(at("spool"), { recursive: true, force: true });
  const waiting = startWaiting(["subject:code"]);
  await sleep(usualStart);
  place.deliver("mbox", "spool", letter("code"));
  expect(await waiting).toMatchObject({ exit: 0, values: [{ subject: "code" }] });
});

test("-f with a missing file causes an error", async () => {
  expect(await startWaiting(["-f", "none", "subject:code"])).toMatchObject({ exit: 66 });
});

test("if another program replaces the mailbox, only the new message ends the wait", async () => {
  rmSync(at("box"), { recursive: true, force: true });
  place.create("mbox", "box", [letter("one"), letter("code 1"), letter("three")]);
  const waiting = startWaiting(["-f", "box", "subject:code"]);
  await sleep(usualStart);
  let stop = false;
  const replacing = (async () => {
    for (let n = 2; !stop; n++) {
      const kept = readFileSync(at("box"), "utf8").replace(/^From .*\n(?:(?!From ).*\n)*/, "");
      writeFileSync(at("box.new"), `${kept}From x@x Sat Jan 16 18:22:03 2021\n${letter(`code ${n}`)}\n`);
      renameSync(at("box.new"), at("box"));
      await sleep(700);
    }
  })();
  const { exit, values } = await waiting;
  stop = true;
  await replacing;
  expect({ exit, values }).toMatchObject({ exit: 0, values: [{ subject: expect.stringMatching(/^code [2-9]/) }] });
});

test("the wait ends when a message arrives whose header is written slowly and without a lock", async () => {
  rmSync(at("box"), { recursive: true, force: true });
  place.create("mbox", "box", [letter("old")]);
  const waiting = startWaiting(["-f", "box", "--present", "--text", "subject:slow"]);
  await sleep(usualStart);
  const pieces = ["From x@x Sat Jan 16 18:22:03 2021\n", "To: ann\n", "Subject: slow\n\nfirst line\nlast line\n\n"];
  for (const piece of pieces) {
    appendFileSync(at("box"), piece);
    // The program compares the message with the query after each piece, if the machine is fast enough.
    await sleep(200);
  }
  expect(await waiting).toMatchObject({ exit: 0, values: [{ text: "first line\nlast line\n" }] });
});

describe("while a delivery agent holds the lock and the program opens the mailbox", () => {
  /** Starts a wait, and calls `change` after the program has examined the size of the file, but before it reads the file. */
  async function changeBeforeOpening(change: () => void, seconds?: number) {
    rmSync(at("box"), { recursive: true, force: true });
    place.create("mbox", "box", [letter("old"), letter("code 1")]);
    const descriptor = openSync(at("box"), "r+");
    const release = await lockFile(at("box"), descriptor, 0);
    const child = spawnWaiting(["-f", "box", "subject:code"], seconds);
    const waiting = finishWaiting(child);
    // The program reports that the mailbox is locked.
    await once(child.stderr, "data");
    change();
    await release();
    closeSync(descriptor);
    return waiting;
  }

  test("a message that the agent delivers ends the wait", async () => {
    const result = await changeBeforeOpening(() => {
      place.deliver("mbox", "box", letter("other"));
      place.deliver("mbox", "box", letter("code 2"));
    });
    expect(result).toMatchObject({ exit: 0, values: [{ subject: "code 2" }] });
  });

  test("if the agent rewrites the file, an old message does not end the wait", async () => {
    const rewrite = () =>
      writeFileSync(at("box"), readFileSync(at("box"), "utf8").replace(/^To: /gm, "Status: RO\nTo: "));
    expect(await changeBeforeOpening(rewrite, 0.5)).toMatchObject({ exit: 75, values: [] });
  });
});
