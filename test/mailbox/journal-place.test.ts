/**
 * Tests that any later session completes an interrupted quit, regardless of the mailbox's name, the user and the
 * environment.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendMessages } from "../../src/mailbox/append.ts";
import { writeJournalFile } from "../../src/mailbox/journal-file.ts";
import { createDraft, findJournal, placesForJournal } from "../../src/mailbox/journal-place.ts";
import type { CommitPlan } from "../../src/mailbox/mailbox.ts";
import { writeJournal } from "../../src/mailbox/mbox/journal-writer.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { stateFilePath } from "../../src/mailbox/state-path.ts";
import { showNotices } from "../../src/notices.ts";
import { testAsRoot } from "../conditions.ts";

const message = (id: string) => `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\nbody of ${id}\n\n`;
const before = message("one") + message("two") + message("three");
const after = message("three");
const nobody = 65534;

let directory: string;
let folder: string;
let spool: string;
let notices: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-journal-"));
  folder = join(directory, "real");
  mkdirSync(folder);
  spool = join(folder, "box");
  writeFileSync(spool, before);
  notices = [];
  showNotices((text) => notices.push(text));
});
afterEach(() => {
  showNotices(() => {});
  rmSync(directory, { recursive: true, force: true });
});

/**
 * Creates the state that a session leaves if it is killed during a quit that deletes messages one and two. The journal
 * is complete, but nothing else has been done.
 */
async function interruptQuit(state = "state-of-the-first", path = spool): Promise<void> {
  const { dev, ino } = statSync(path);
  const plan = { path, dev, ino, oldSize: before.length, offset: 0, mbox: null };
  const content = { tail: () => [Buffer.from(after)], forMbox: () => [] };
  (await writeJournal(join(directory, state), plan, openSync(path, "r"), content)).close();
}

async function open(path = spool, state = "state-of-the-next"): Promise<boolean> {
  const mailbox = await openMailbox(path, { lockwait: 1, stateDirectory: join(directory, state) });
  await mailbox.close();
  return mailbox.readOnly;
}

const text = (path: string) => readFileSync(path, "latin1");
const journals = () => readdirSync(folder).filter((name) => name !== "box");

describe("opening the mailbox after an interrupted quit", () => {
  test("an interrupted quit is completed even if the next session has another state directory", async () => {
    await interruptQuit();
    await open();
    expect(text(spool)).toBe(after);
    expect(journals()).toEqual([]);
  });

  test("an interrupted quit is completed when the mailbox is opened through a symbolic link", async () => {
    symlinkSync(folder, join(directory, "linked"));
    await interruptQuit("state", join(directory, "linked/box"));
    symlinkSync(spool, join(directory, "link"));
    await open(join(directory, "link"));
    expect(text(spool)).toBe(after);
    expect(journals()).toEqual([]);
  });

  test("an interrupted quit is completed before anything is appended to the mailbox", async () => {
    await interruptQuit();
    const options = { lockwait: 1, stateDirectory: join(directory, "state") };
    await appendMessages(spool, [[Buffer.from(message("four"))]], options);
    expect(text(spool)).toBe(after + message("four"));
  });

  test.each(["start", "end"] as const)(
    "an interrupted quit is completed before messages are moved to the %s of the mailbox",
    async (at) => {
      await interruptQuit();
      writeFileSync(join(directory, "other"), message("five"));
      const other = await openMailbox(join(directory, "other"), { lockwait: 1, stateDirectory: join(directory, "s") });
      await other.commit({ fate: () => "mbox", mbox: { path: spool, at } });
      await other.close();
      expect(
        text(spool)
          .match(/^X-Id: .*/gm)
          ?.sort(),
      ).toEqual(["X-Id: five", "X-Id: three"]);
    },
  );

  testAsRoot("by the owner, if root's session was interrupted", async () => {
    chownSync(folder, nobody, nobody);
    chownSync(spool, nobody, nobody);
    chmodSync(directory, 0o755);
    await interruptQuit();
    const [journal = ""] = journals();
    expect(statSync(join(folder, journal))).toMatchObject({ uid: nobody, mode: 0o100600 });
    process.seteuid?.(nobody);
    try {
      await open();
    } finally {
      process.seteuid?.(0);
    }
    expect(text(spool)).toBe(after);
  });
});

describe("an untrusted journal is reported and left in place", () => {
  const place = () => placesForJournal(spool, ".journal", join(directory, "state"), undefined)[0]?.path ?? "";
  test.each<[string, (path: string) => void]>([
    ["if others can write to it", (path) => chmodSync(path, 0o666)],
    ["if it has a second link", (path) => linkSync(path, join(directory, "second"))],
    [
      "if it is a symbolic link",
      (path) => {
        linkSync(path, join(directory, "target"));
        rmSync(path);
        symlinkSync(join(directory, "target"), path);
      },
    ],
  ])("%s", async (_how, plant) => {
    await interruptQuit();
    plant(place());
    expect(await open()).toBe(false);
    expect(text(spool)).toBe(before);
    expect(existsSync(place())).toBe(true);
    expect(notices).toEqual([expect.stringContaining(`${place()}: `)]);
  });

  testAsRoot("if it belongs to a user other than the mailbox's owner", async () => {
    await interruptQuit();
    chownSync(place(), nobody, nobody);
    await open();
    expect(text(spool)).toBe(before);
    expect(notices).toEqual([`${place()}: belongs to another user; not used`]);
  });

  test("a quit does not replace an untrusted journal, but creates its own in another directory", async () => {
    await interruptQuit();
    const places = placesForJournal(spool, ".journal", join(directory, "state"), undefined);
    const [beside, own] = [places[0], places.at(-1)];
    if (beside === undefined || own === undefined) throw new Error("no place");
    expect(createDraft([beside, own], false).place).toBe(own);
    expect(existsSync(beside.path)).toBe(true);
  });
});

describe("if only root can complete an interrupted quit", () => {
  testAsRoot(
    "if only root can finish a quit, the owner can read the mailbox and learns which command root must run",
    async () => {
      chownSync(folder, nobody, nobody);
      chownSync(spool, nobody, nobody);
      chmodSync(directory, 0o755);
      const { dev, ino } = statSync(spool);
      const mbox = { path: join(directory, "mbox-of-root"), at: "end", oldSize: -1 } as const;
      const plan = { path: spool, dev, ino, oldSize: before.length, offset: 0, mbox };
      const content = { tail: () => [Buffer.from(after)], forMbox: () => [Buffer.from(message("one"))] };
      const state = join(directory, "state-of-root");
      (await writeJournal(state, plan, openSync(spool, "r"), content)).close();

      process.seteuid?.(nobody);
      try {
        expect(await open()).toBe(true);
      } finally {
        process.seteuid?.(0);
      }
      expect(notices).toEqual([expect.stringContaining(`run "mail -f ${spool}"`)]);
      expect(notices.join()).toContain("root");
      expect(text(spool)).toBe(before);

      await open(spool, "state-of-root");
      expect(text(spool)).toBe(after);
      expect(text(mbox.path)).toBe(message("one"));
      expect(journals()).toEqual([]);
    },
  );

  testAsRoot("a journal of the owner does not lead root to a file of root's", async () => {
    const secret = join(directory, "secret");
    writeFileSync(secret, message("secret"), { mode: 0o600 });
    chownSync(folder, nobody, nobody);
    chownSync(spool, nobody, nobody);
    chmodSync(directory, 0o755);
    await interruptQuit();
    const found = findJournal(spool, ".journal", join(directory, "state"));
    const path = found?.place.path ?? "";
    const line = JSON.parse(text(path).split("\n")[0] ?? "") as object;
    const planted = JSON.stringify({
      ...line,
      mbox: { path: secret, at: "end", oldSize: message("secret").length, length: 0 },
    });
    const bytes = readFileSync(path);
    const start = bytes.indexOf(10) + 1;
    writeFileSync(path, Buffer.concat([Buffer.from(planted.padEnd(start - 1)), bytes.subarray(start - 1)]));
    expect(await open()).toBe(true);
    expect(notices).toEqual([expect.stringContaining('until nobody has run "mail -f')]);
    expect(text(secret)).toBe(message("secret"));
    expect(text(spool)).toBe(before);
  });

  const rootsQuit = async (state: string) => {
    chmodSync(directory, 0o755);
    chownSync(folder, nobody, nobody);
    chownSync(spool, nobody, nobody);
    const { dev, ino } = statSync(spool);
    const mbox = { path: join(directory, "mbox-of-root"), at: "end", oldSize: -1 } as const;
    const plan = { path: spool, dev, ino, oldSize: before.length, offset: 0, mbox };
    const content = { tail: () => [Buffer.from(after)], forMbox: () => [Buffer.from(message("one"))] };
    return writeJournal(join(directory, state), plan, openSync(spool, "r"), content);
  };

  testAsRoot("root finishes it with another state directory, too", async () => {
    (await rootsQuit("state-of-root")).close();
    expect(await open(spool, "another-state-of-root")).toBe(false);
    expect(text(spool)).toBe(after);
    expect(journals()).toEqual([]);
  });

  testAsRoot("a notice without a journal is removed by root", async () => {
    (await rootsQuit("state-of-root")).close();
    rmSync(join(directory, "state-of-root"), { recursive: true });
    expect(await open()).toBe(false);
    expect([text(spool), journals()]).toEqual([before, []]);
  });

  testAsRoot("a notice does not lead root to the journal of another mailbox", async () => {
    const quit = await rootsQuit("state-of-root");
    quit.close();
    writeFileSync(join(folder, "other"), before);
    chownSync(join(folder, "other"), nobody, nobody);
    writeFileSync(join(folder, ".other.mail-journal.unfinished"), `${quit.place.path}\n`);
    chownSync(join(folder, ".other.mail-journal.unfinished"), nobody, nobody);
    expect(await open(join(folder, "other"))).toBe(false);
    expect(text(join(folder, "other"))).toBe(before);
    expect(existsSync(quit.place.path)).toBe(true);
  });
});

testAsRoot("if others can write to the mailbox, a journal of another user makes it read-only", async () => {
  await interruptQuit();
  chownSync(placesForJournal(spool, ".journal", join(directory, "s"), undefined)[0]?.path ?? "", nobody, nobody);
  chmodSync(spool, 0o660);
  expect(await open()).toBe(true);
  expect(notices).toEqual([expect.stringContaining('until nobody has run "mail -f')]);
  expect(text(spool)).toBe(before);
});

test("if version 0.1.0 named a journal after a symbolic link, the journal is found when the mailbox is opened by its real name", async () => {
  await interruptQuit();
  const beside = placesForJournal(spool, ".journal", join(directory, "state"), undefined)[0]?.path ?? "";
  symlinkSync(spool, join(directory, "link"));
  const state = join(directory, "state");
  mkdirSync(state, { mode: 0o700 });
  renameSync(beside, stateFilePath(state, join(directory, "link"), ".journal"));
  await open(spool, "state");
  expect(text(spool)).toBe(after);
  expect(readdirSync(state)).toEqual([]);
});

/** Writes a journal. The first attempt to write it fails. Returns the paths of all attempts. */
async function writeAfterFailure(fail: () => void): Promise<{ tried: string[]; beside: string; own: string }> {
  const [beside, own] = [0, -1].map((at) =>
    placesForJournal(spool, ".journal", join(directory, "s"), undefined).at(at),
  );
  if (beside === undefined || own === undefined) throw new Error("no place");
  const tried: string[] = [];
  await writeJournalFile([beside, own], spool, (descriptor, { path }) => {
    tried.push(path);
    if (tried.length === 1) fail();
    writeSync(descriptor, "x");
  });
  return { tried, beside: beside.path, own: own.path };
}

test("if no space is left for the user in the preferred directory, the journal is written in the next one", async () => {
  const { tried, beside, own } = await writeAfterFailure(() => {
    throw Object.assign(new Error("quota"), { code: "EDQUOT", errno: -122, syscall: "write" });
  });
  expect(tried).toEqual([beside, own]);
  expect([journals(), text(own)]).toEqual([[], "x"]);
});

test("if a write fails with ENOSPC on a disk that has space, this is reported, and no journal is left behind", async () => {
  const written = writeAfterFailure(() => writeSync(openSync("/dev/full", "w"), "x"));
  await expect(written).rejects.toThrow(/No space left on device; .* was not changed$/);
  expect(journals()).toEqual([]);
});

describe("the mbox to which an interrupted quit was moving messages", () => {
  const other = () => join(folder, "other");
  const options = () => ({ lockwait: 1, stateDirectory: join(directory, "state") });
  const ids = (path: string) => text(path).match(/^X-Id: .*/gm);
  /**
   * Creates the journal of an interrupted quit. The quit should have kept message three in `path` and moved message one
   * to `to`.
   */
  async function interruptMove(path: string, to: string, at: "start" | "end"): Promise<void> {
    const { dev, ino } = statSync(path);
    const mbox = { path: to, at, oldSize: statSync(to).size };
    const plan = { path, dev, ino, oldSize: before.length, offset: 0, mbox };
    const content = { tail: () => [Buffer.from(after)], forMbox: () => [Buffer.from(message("one"))] };
    (await writeJournal(join(directory, "state"), plan, openSync(path, "r"), content)).close();
  }

  test.each(["start", "end"] as const)(
    "an interrupted quit from an mbox is completed before other messages are moved to the %s of that mbox",
    async (at) => {
      writeFileSync(other(), before);
      await interruptMove(spool, other(), at);
      await interruptQuit("state", other());
      await open(spool, "state");
      expect(ids(spool)).toEqual(["X-Id: three"]);
      expect(ids(other())?.sort()).toEqual(["X-Id: one", "X-Id: three"]);
      expect(journals()).toEqual(["other"]);
    },
  );

  test("if a quit was interrupted in a mailbox, messages in the mbox cannot be moved to that mailbox until the quit is completed", async () => {
    writeFileSync(other(), before);
    await interruptMove(spool, other(), "end");
    const mailbox = await openMailbox(other(), options());
    const plan: CommitPlan = { fate: () => "mbox", mbox: { path: spool, at: "end" } };
    await expect(mailbox.commit(plan)).rejects.toThrow(`run "mail -f ${spool}" first`);
    await mailbox.close();
    expect([text(spool), text(other())]).toEqual([before, before]);
    await open(spool, "state");
    expect(ids(other())).toEqual(["one", "two", "three", "one"].map((id) => `X-Id: ${id}`));
  });

  test("two interrupted quits are completed without a deadlock even if each journal names the mailbox of the other quit", async () => {
    writeFileSync(other(), before);
    await interruptMove(spool, other(), "end");
    await interruptMove(other(), spool, "end");
    await open(spool, "state");
    await open(other(), "state");
    expect([ids(spool), ids(other())]).toEqual([
      ["X-Id: three", "X-Id: one"],
      ["X-Id: three", "X-Id: one"],
    ]);
  });
});
