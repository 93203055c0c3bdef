import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { type LocalMailbox, openLocal } from "../support/local-mailbox.ts";

let directory: string;
let box: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "length-"));
  box = join(directory, "box");
});
afterEach(() => rmSync(directory, { recursive: true }));

const fromLine = (user: string) => `From ${user}@example.org Sat Jan 16 18:22:01 2021\n`;
const measured = (body: string, length = body.length) =>
  `${fromLine("dovecot")}Subject: measured\nContent-Length: ${length}\n\n${body}`;
const last = `${fromLine("b")}Subject: last\n\nend\n\n`;
const unquoted = "text\n\nFrom here to there\nmore\n\nFrom c@example.org Sat Jan 16 18:22:01 2021\nno header\n";
const real = `text\n\n${fromLine("c")}Subject: another\n\nits text\n`;

async function session(work: (mailbox: LocalMailbox) => void | Promise<void>): Promise<LocalMailbox> {
  const mailbox = await openLocal(box, { lockwait: 5, stateDirectory: join(directory, "state") });
  await work(mailbox);
  await mailbox.close();
  return mailbox;
}

async function subjects(text: string): Promise<string[]> {
  writeFileSync(box, text);
  const found: string[] = [];
  await session((mailbox) => {
    for (let n = 1; n <= mailbox.count; n++)
      found.push(/^Subject: (.*)$/m.exec(mailbox.header(n).toString())?.[1] ?? "-");
  });
  return found;
}

test.each([
  ["ends at the next message", `${measured(unquoted)}\n${last}`, ["measured", "last"]],
  ["ends at the next From_ line itself", `${measured(`${unquoted}\n`)}${last}`, ["measured", "last"]],
  ["ends at the end of the file", measured(unquoted), ["measured"]],
  ["is a byte short of the last newline", `${measured(unquoted, unquoted.length - 1)}\n${last}`, ["measured", "last"]],
  ["is too short", `${measured(unquoted, 12)}\n${last}`, ["measured", "-", "-", "last"]],
  ["reaches past the end of the file", `${measured(unquoted, 4000)}\n${last}`, ["measured", "-", "-", "last"]],
  ["spans a message to the end of the file", measured(`${real}\n${last}`), ["measured", "another", "last"]],
  ["spans a message to the next From_ line", `${measured(real)}\n${last}`, ["measured", "another", "last"]],
  [
    "spans a message, and text before it looks like another",
    `${measured(`a\n\nFrom here to there\n\n${real}`)}\n${last}`,
    ["measured", "-", "another", "last"],
  ],
  [
    "is stated twice",
    `${measured(unquoted).replace("Content-Length", "Content-Length: 7\nContent-Length")}\n${last}`,
    ["measured", "-", "-", "last"],
  ],
])(
  "a Content-Length that %s keeps a body in one piece only if the length is valid and does not hide another message",
  async (_, text, wanted) => {
    expect(await subjects(text)).toEqual(wanted);
  },
);

test("a body and its valid Content-Length stay unchanged if a Status field is added", async () => {
  writeFileSync(box, `${measured(unquoted)}\n${last}`);
  await session(async (mailbox) => {
    mailbox.mark(1, Flag.Read);
    await mailbox.commit({ fate: () => "keep" });
  });
  const header = `Subject: measured\nContent-Length: ${unquoted.length}\nStatus: RO\n\n`;
  expect(readFileSync(box, "latin1")).toBe(
    `${fromLine("dovecot")}${header}${unquoted}\n${last.replace("\n\n", "\nStatus: O\n\n")}`,
  );
  expect((await session(() => {})).count).toBe(2);
});

test("a message that is moved to mbox loses its Content-Length, and its body is quoted", async () => {
  writeFileSync(box, `${measured(unquoted)}\n${last}`);
  const mbox = join(directory, "mbox");
  await session(
    async (mailbox) => void (await mailbox.commit({ fate: () => "mbox", mbox: { path: mbox, at: "end" } })),
  );
  expect(readFileSync(mbox, "latin1")).toBe(
    `${fromLine("dovecot")}Subject: measured\nStatus: O\n\n${unquoted.replace(/^From /gm, ">From ")}\n${last.replace("\n\n", "\nStatus: O\n\n")}`,
  );
});

test("an edited message has no Content-Length, and its body is quoted", async () => {
  writeFileSync(box, `${measured(unquoted)}\n${last}`);
  await session(async (mailbox) => {
    mailbox.replace(1, Buffer.from(`${measured(unquoted)}added\n\n`));
    await mailbox.commit({ fate: () => "keep" });
  });
  const text = readFileSync(box, "latin1");
  expect(text).toContain("\n\ntext\n\n>From here to there\n");
  expect(text).not.toContain("Content-Length");
});

test("a body that looked like several messages during delivery is read as one message after delivery", async () => {
  const whole = `${last}${measured(`${unquoted}the end of it\n`)}`;
  writeFileSync(box, whole.slice(0, -8));
  const mailbox = await openLocal(box, { lockwait: 5, stateDirectory: join(directory, "state") });
  expect(mailbox.count).toBe(4);
  mailbox.mark(1, Flag.Deleted);
  writeFileSync(box, whole.slice(-8), { flag: "a" });
  expect(await mailbox.poll()).toBe(0);
  const result = await mailbox.commit({ fate: (n) => (n === 1 ? "drop" : "keep") });
  await mailbox.close();
  expect(result.notice).toContain("were merged");
  expect(readFileSync(box, "latin1")).toBe(whole.slice(last.length));
});

test.each([22, 23, 24, 28, 30, 31, 32, 33])(
  "with a Content-Length of %i in a message, the next message is still found after a quit has added a Status field",
  async (length) => {
    writeFileSync(box, measured("From   b  c\nX-In: mail\n\n", length));
    const before = (await session(() => {})).count;
    await session(async (mailbox) => void (await mailbox.commit({ fate: () => "keep" })));
    expect((await session(() => {})).count).toBe(before);
  },
);
