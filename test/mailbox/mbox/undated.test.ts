import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Fate } from "../../../src/mailbox/mailbox.ts";
import { until } from "../../until.ts";
import { type LocalMailbox, openLocal } from "../support/local-mailbox.ts";

let directory: string;
let box: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "undated-"));
  box = join(directory, "box");
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openLocal(box, { lockwait: 5, stateDirectory: join(directory, "state") });
const message = (fromLine: string, subject: string, text = "text") =>
  `${fromLine}\nFrom: Ann <ann@example.org>\nDate: Sat, 16 Jan 2021 18:22:01 +0000\nSubject: ${subject}\n\n${text}\n\n`;
const dated = "From b@example.org Sat Jan 16 18:22:01 2021";

function subjectsOf(mailbox: LocalMailbox): string[] {
  return Array.from(
    { length: mailbox.count },
    (_, n) => /^Subject: (.*)$/m.exec(mailbox.header(n + 1).toString())?.[1] ?? "-",
  );
}

test.each(["From - ", "From -", "From ", "From 1844100@xxx"])(
  "messages are separated by lines of the form %p",
  async (line) => {
    writeFileSync(
      box,
      message(line, "one", "a\n\nFrom here to there\nno header\n\nFrom - \n\nb") +
        message(line, "two") +
        message(dated, "three"),
    );
    const mailbox = await open();
    expect(subjectsOf(mailbox)).toEqual(["one", "two", "three"]);
    await mailbox.close();
  },
);

test("lines without a date do not separate messages in a file whose first From_ line has a date", async () => {
  writeFileSync(box, message(dated, "one", `a\n\n${message("From - ", "inside")}`) + message(dated, "two"));
  const mailbox = await open();
  expect(subjectsOf(mailbox)).toEqual(["one", "two"]);
  await mailbox.close();
});

test("the remaining messages are found again, even if the first remaining From_ line has another form", async () => {
  const text = "a\n\nFrom here to there\nno header";
  const lines = ["From - ", "From - ", dated, "From - "];
  for (let dropped = 1; dropped < 2 ** lines.length; dropped++) {
    writeFileSync(box, lines.map((line, n) => message(line, `${n + 1}`, text)).join(""));
    const fate = (n: number): Fate => ((dropped >> (n - 1)) & 1 ? "drop" : "keep");
    const mailbox = await open();
    await mailbox.commit({ fate });
    await mailbox.close();
    const after = await open();
    const kept = lines.map((_, n) => n + 1).filter((n) => fate(n) === "keep");
    expect(subjectsOf(after)).toEqual(kept.map(String));
    await after.close();
  }
});

test("if a quit that changes From_ lines fails, the session still shows the messages as they are in the file", async () => {
  writeFileSync(box, message("From - ", "one") + message(dated, "two") + message("From - ", "three"));
  // The commit rescans a mailbox that has just been changed.
  await until(() => Date.now() - statSync(box).ctimeMs > 50);
  const mailbox = await open();
  const plan = { fate: (n: number) => (n === 1 ? "mbox" : "keep"), mbox: { path: directory, at: "end" } } as const;
  await expect(mailbox.commit(plan)).rejects.toThrow("Is a directory");
  expect(mailbox.read(3, 0, mailbox.size(3)).toString()).toBe(message("From - ", "three"));
  await mailbox.close();
});

test("a copy in mbox has a From_ line with the author and the date", async () => {
  writeFileSync(box, message("From - ", "one"));
  const mbox = join(directory, "mbox");
  const mailbox = await open();
  await mailbox.commit({ fate: () => "mbox", mbox: { path: mbox, at: "end" } });
  await mailbox.close();
  expect(readFileSync(mbox, "latin1")).toMatch(/^From ann@example\.org Sat Jan 16 18:22:01 2021\nFrom: Ann/);
});
