import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Flag, type Mailbox } from "../../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";

const message = (id: string) => `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\nbody of ${id}\n\n`;

let directory: string;
let box: string;
let mbox: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "merge-"));
  box = join(directory, "box");
  mbox = join(directory, "mbox");
  writeFileSync(box, ["a", "b", "c", "d", "e"].map(message).join(""));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openMailbox(box, { lockwait: 1, stateDirectory: join(directory, "state") });
const ids = (path: string) => [...readFileSync(path, "latin1").matchAll(/X-Id: (\w+)/g)].map(([, id]) => id).join("");

function remove(mailbox: Mailbox, n: number): void {
  mailbox.mark(n, Flag.Deleted | Flag.Touched);
}

/** Commits as quit does: deleted messages are removed, and other messages that were read are moved to mbox. */
async function quit(mailbox: Mailbox, { closes } = { closes: true }) {
  const flags = Array.from({ length: mailbox.count }, (_, i) => mailbox.flags(i + 1));
  const result = await mailbox.commit({
    fate: (n) => {
      const one = flags[n - 1] ?? 0;
      return one & Flag.Deleted ? "drop" : one & Flag.Touched ? "mbox" : "keep";
    },
    mbox: { path: mbox, at: "end" },
  });
  if (closes) await mailbox.close();
  return result;
}

test("messages that another program has moved are found again, even after a check for new mail", async () => {
  const mailbox = await open();
  remove(mailbox, 2);
  mailbox.mark(5, Flag.Touched | Flag.Read);
  writeFileSync(box, ["b", "c", "d", "e", "f", "g"].map(message).join(""));
  expect(await mailbox.poll()).toBe(0);
  const { notice } = await quit(mailbox);
  expect(notice).toMatch(/changed by another program/);
  expect([ids(box), ids(mbox)]).toEqual(["cdfg", "e"]);
});

test("if two sessions delete different messages, both messages are removed", async () => {
  const [first, second] = [await open(), await open()];
  remove(first, 1);
  remove(second, 4);
  second.mark(5, Flag.Touched | Flag.Read);
  expect((await quit(first)).notice).toBeUndefined();
  const { notice, moved, held } = await quit(second);
  expect(notice).toMatch(/changed by another program during the session; this session's changes were merged$/);
  expect([ids(box), ids(mbox), moved, held]).toEqual(["bc", "e", 1, 2]);
});

test("new mail stays if two sessions delete the message before it", async () => {
  const [first, second] = [await open(), await open()];
  remove(first, 5);
  remove(second, 5);
  appendFileSync(box, message("new"));
  await quit(first);
  await quit(second);
  expect(ids(box)).toBe("abcdnew");
});

test.each<[string, () => void, string, string]>([
  [
    "replaced the mailbox with a new file with more mail",
    () => {
      writeFileSync(`${box}.new`, readFileSync(box, "latin1") + message("new"));
      renameSync(`${box}.new`, box);
    },
    "acdnew",
    "e",
  ],
  ["removed messages", () => writeFileSync(box, message("c") + message("e")), "c", "e"],
  [
    "changed the Status of messages",
    () => writeFileSync(box, readFileSync(box, "latin1").replaceAll("Status: O", "Status: RO")),
    "acd",
    "e",
  ],
  ["only delivered mail", () => appendFileSync(box, message("new")), "acdnew", "e"],
  ["emptied the mailbox", () => writeFileSync(box, ""), "", ""],
])("the session's changes apply to the remaining messages if another program %s", async (_what, other, left, moved) => {
  const mailbox = await open();
  remove(mailbox, 2);
  mailbox.mark(5, Flag.Touched | Flag.Read);
  other();
  await quit(mailbox);
  writeFileSync(mbox, "", { flag: "a" });
  expect([ids(box), ids(mbox)]).toEqual([left, moved]);
});

test("a message that was incomplete when it was deleted is removed completely", async () => {
  writeFileSync(box, message("a") + message("b").slice(0, -10));
  const mailbox = await open();
  remove(mailbox, 2);
  appendFileSync(box, message("b").slice(-10) + message("new"));
  await quit(mailbox);
  expect(readFileSync(box, "latin1")).toBe(message("a") + message("new"));
});

test("if a message was saved before all of it had arrived, the complete message stays in the mailbox", async () => {
  writeFileSync(box, message("a") + message("b").slice(0, -10));
  const mailbox = await open();
  mailbox.mark(2, Flag.Saved | Flag.Touched | Flag.Read);
  appendFileSync(box, message("b").slice(-10) + message("new"));
  await mailbox.commit({ fate: (n) => (n === 2 ? "drop" : "keep") });
  await mailbox.close();
  expect(readFileSync(box, "latin1")).toBe(message("a") + message("b") + message("new"));
});

test.each<[string, number, string, string]>([
  ["removed if it was deleted", Flag.Deleted | Flag.Touched, "", ""],
  ["removed if it was deleted and more mail arrived", Flag.Deleted | Flag.Touched, message("more"), ""],
  ["kept completely if it was saved", Flag.Saved | Flag.Touched, "", message("b")],
  ["kept completely if it was saved and more mail arrived", Flag.Saved | Flag.Touched, message("more"), message("b")],
])("a message that was incomplete, and was completed before the quit, is %s", async (_how, flags, more, left) => {
  writeFileSync(box, message("a") + message("b").slice(0, -10));
  const mailbox = await open();
  mailbox.mark(2, flags);
  appendFileSync(box, message("b").slice(-10) + message("new"));
  expect(await mailbox.poll()).toBe(1);
  const isDropped = (mailbox.flags(2) & (Flag.Deleted | Flag.Saved)) !== 0;
  appendFileSync(box, more);
  await mailbox.commit({ fate: (n) => (n === 2 && isDropped ? "drop" : "keep") });
  await mailbox.close();
  expect(readFileSync(box, "latin1")).toBe(message("a") + left + message("new") + more);
});

test.each([
  ["after a newline", "\n"],
  ["without a newline", ""],
])(
  "if a message without a final empty line is deleted, mail that was delivered after it (%s) is kept",
  async (_how, between) => {
    writeFileSync(box, message("a") + message("b").trimEnd());
    const mailbox = await open();
    remove(mailbox, 2);
    appendFileSync(box, `${between}${message("new")}`);
    await quit(mailbox);
    expect(ids(box)).toBe("abnew");
  },
);

test.each<[string, number, string]>([
  ["deleted", Flag.Deleted | Flag.Touched, message("new")],
  ["deleted, and the new one is longer", Flag.Deleted | Flag.Touched, `${message("new")}more of it\n\n`],
  ["saved", Flag.Saved | Flag.Touched, message("n")],
  ["read", Flag.Read | Flag.Touched, message("n")],
])(
  "if another program removed the last message, new mail at the same offset is kept: %s",
  async (_how, flags, arrived) => {
    const mailbox = await open();
    mailbox.mark(5, flags);
    writeFileSync(box, ["a", "b", "c", "d"].map(message).join("") + arrived);
    await mailbox.commit({ fate: (n) => (n === 5 ? "drop" : "keep") });
    await mailbox.close();
    expect(readFileSync(box, "latin1")).toBe(["a", "b", "c", "d"].map(message).join("") + arrived);
  },
);

test("if another program removed the last message, new mail at the same offset stays unread", async () => {
  writeFileSync(box, message("a") + message("b").replace("O", "RO"));
  const mailbox = await open();
  remove(mailbox, 1);
  writeFileSync(box, message("a") + message("new"));
  await quit(mailbox);
  expect(readFileSync(box, "latin1")).toBe(message("new"));
});

test("if thousands of messages were deleted, new mail at the offset of the last deleted message is kept", async () => {
  const text = `${"a line of the body\n".repeat(250)}\n`;
  const old = Array.from({ length: 2001 }, (_, at) => message(`old${at}`) + text);
  writeFileSync(box, old.join("") + message("last") + text);
  const mailbox = await open();
  for (let n = 1; n <= 2002; n++) remove(mailbox, n);
  const changed = old.join("") + message("new").replace("body", "another body") + text;
  writeFileSync(box, changed);
  await expect(quit(mailbox)).rejects.toThrow(/changed by another program during the session; nothing was written/);
  expect(readFileSync(box, "latin1")).toBe(changed);
});

test("if the mailbox has been removed, nothing is written and the user is notified", async () => {
  const mailbox = await open();
  remove(mailbox, 2);
  rmSync(box);
  await expect(quit(mailbox)).rejects.toThrow(/removed by another program during the session; nothing was written/);
});

test("an edited message that another program has also changed is not overwritten", async () => {
  const mailbox = await open();
  mailbox.replace(2, Buffer.from(message("edited")));
  const other = ["a", "b", "c", "d", "e"].map((id) => message(id).replace("body of b", "another body of b")).join("");
  writeFileSync(box, other);
  await expect(quit(mailbox)).rejects.toThrow(/changed by another program during the session; nothing was written/);
  expect(readFileSync(box, "latin1")).toBe(other);
});

test("during a commit, a message's flags are found under its number in the session, even if other messages were removed", async () => {
  const mailbox = await open();
  for (const n of [2, 4]) remove(mailbox, n);
  writeFileSync(box, ["b", "c", "d", "e"].map(message).join(""));
  const { notice } = await mailbox.commit({ fate: (n) => (mailbox.flags(n) & Flag.Deleted ? "drop" : "as-is") });
  await mailbox.close();
  expect(notice).toMatch(/were merged$/);
  expect(ids(box)).toBe("ce");
});

test("after a commit that leaves everything as it is, messages that have moved twice are still found", async () => {
  const mailbox = await open();
  remove(mailbox, 3);
  writeFileSync(box, ["b", "c", "d", "e"].map(message).join(""));
  await mailbox.commit({ fate: () => "as-is" });
  writeFileSync(box, ["c", "d", "e"].map(message).join(""));
  await quit(mailbox);
  expect(ids(box)).toBe("de");
});

describe("if a quit fails after another program has removed messages", () => {
  let mailbox: Mailbox;

  beforeEach(async () => {
    mailbox = await open();
    remove(mailbox, 3);
    mailbox.mark(2, Flag.Touched | Flag.Read);
    writeFileSync(box, ["b", "c", "d", "e"].map(message).join(""));
    mkdirSync(mbox);
    await expect(quit(mailbox, { closes: false })).rejects.toThrow("mbox: Is a directory");
    rmSync(mbox, { recursive: true });
  });

  test("the messages keep their numbers in the session", async () => {
    const shown = async () => {
      const found: string[] = [];
      for await (const { messages, stored } of mailbox.openMessages([1, 2, 3, 4, 5], "header"))
        for (const n of messages)
          found.push(
            `${/X-Id: (.)/.exec(stored.header(n).toString())?.[1]}${mailbox.flags(n) & Flag.Deleted ? "*" : ""}`,
          );
      return found.join(" ");
    };
    expect(await shown()).toBe("a b c* d e");
    await mailbox.close();
  });

  test("the next quit carries out the same decisions, even if the mailbox has changed again", async () => {
    writeFileSync(box, ["b", "c", "e", "new"].map(message).join(""));
    await quit(mailbox);
    expect([ids(box), ids(mbox)]).toEqual(["enew", "b"]);
  });
});

test("a rewrite that leaves the size and the timestamps of a mailbox unchanged is noticed", async () => {
  // The resolution of timestamps may be several milliseconds. Most of these rewrites then leave the timestamps
  // unchanged.
  for (let round = 0; round < 20; round++) {
    writeFileSync(box, message("a") + message("long"));
    const mailbox = await open();
    remove(mailbox, 2);
    const rewritten = message("long") + message("b");
    writeFileSync(box, rewritten, { flag: "r+" });
    await quit(mailbox);
    expect(readFileSync(box, "latin1")).toBe(rewritten.replace(message("long"), ""));
  }
});
