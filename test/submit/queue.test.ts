/** Tests the queue's own functions; test/compose/queue.test.ts tests the queue with the program. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import { Queue } from "../../src/submit/queue.ts";
import { isDamaged } from "../../src/submit/queue-entry.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-queue-unit-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("even if an entry cannot be replaced with a new file, as on a full disk, it keeps only the recipients who have not received the message", async () => {
  const queue = new Queue(directory);
  const waits = (recipient: string) => ({ recipient, reply: "450 4.2.0 later", exit: Exit.TempFail });
  const envelope = { from: "me@x.org", to: ["one@x.org", "two@x.org"] };
  const message = { size: 2, open: () => Readable.from([Buffer.from("b\n")]) };
  const id = await queue.add("smtp://localhost:25", envelope, envelope.to.map(waits), message);
  // A directory with the same name prevents the creation of the temporary file that would replace the entry.
  mkdirSync(join(directory, `${id}.json.${process.pid}`));
  const tried = queue.withEntry(id, async () => ({ keep: [waits("two@x.org")] }));
  await expect(tried).rejects.toThrow("Is a directory");
  const [entry] = queue.entries();
  expect(entry !== undefined && !isDamaged(entry) && entry.envelope.to).toEqual(["two@x.org"]);
  expect(readFileSync(join(directory, `${id}.message`), "utf8")).toBe("b\n");
});

test("a flush that begins while another process is removing a sent message leaves no lock file behind", async () => {
  // The other process has removed the message and the lock file, and is about to release its lock.
  writeFileSync(join(directory, "Q1.lock.lock"), `${process.ppid}\n`);
  const attempt = () => Promise.reject(new Error("there is nothing to send"));
  expect(await new Queue(directory).withEntry("Q1", attempt)).toBe(false);
  expect(readdirSync(directory)).toEqual(["Q1.lock.lock"]);
});
