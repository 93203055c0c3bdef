import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { MboxMailbox } from "../../../src/mailbox/mbox/mbox-mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "kept-facts-"));
});
afterAll(() => rmSync(home, { recursive: true }));

/** Opens a mailbox that is large enough for facts to be kept. */
async function openLarge(): Promise<MboxMailbox> {
  const path = join(home, "box");
  const message = `From a@b Sat Jan 16 18:22:01 2021\nSubject: number\n\n${"x".repeat(6000)}\n\n`;
  writeFileSync(path, message.repeat(1000));
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(path, longAgo, longAgo);
  const options = { lockwait: 1, stateDirectory: join(home, "state"), cacheDirectory: join(home, "cache") };
  return (await openMailbox(path, options)) as MboxMailbox;
}

test("a search can be interrupted while facts are read", async () => {
  const mailbox = await openLarge();
  const all = Array.from({ length: mailbox.count }, (_, at) => at + 1);
  const asked: number[] = [];
  const pause = (message: number) => {
    asked.push(message);
    return asked.length === 2 ? Promise.reject(new Error("interrupted")) : undefined;
  };
  try {
    await expect(mailbox.narrow(all, { field: "subject", words: ["other"] }, pause)).rejects.toThrow("interrupted");
    expect(asked).toEqual([1, 257]);
    expect(await mailbox.narrow(all, { field: "subject", words: ["other"] }, () => undefined)).toEqual([1000]);
  } finally {
    await mailbox.close();
  }
});
