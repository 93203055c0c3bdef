import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Fate, Flag } from "../../../src/mailbox/mailbox.ts";
import { type LocalMailbox, openLocal } from "../support/local-mailbox.ts";
import { mailboxText, soundMessage } from "./nasty.ts";

const directory = mkdtempSync(join(tmpdir(), "commit-"));
const box = join(directory, "box");
const options = { lockwait: 5, stateDirectory: join(directory, "state") };
afterAll(() => rmSync(directory, { recursive: true }));

const content = () => readFileSync(box, "latin1");

async function session(work: (mailbox: LocalMailbox) => Promise<void>): Promise<void> {
  const mailbox = await openLocal(box, options);
  await work(mailbox);
  await mailbox.close();
}

/** Returns the bytes of each message. */
async function messages(): Promise<string[]> {
  const found: string[] = [];
  await session(async (mailbox) => {
    for (let n = 1; n <= mailbox.count; n++) found.push(mailbox.read(n, 0, mailbox.size(n)).toString("latin1"));
  });
  return found;
}

const withoutStatus = (text: string) => text.replace(/(?<=\n)Status: R?O\r?\n/, "");

test("a message whose Status is correct keeps every byte, regardless of the messages around it", async () => {
  await fc.assert(
    fc.asyncProperty(mailboxText, async (text) => {
      writeFileSync(box, text, "latin1");
      const before = await messages();
      await session(async (mailbox) => void (await mailbox.commit({ fate: () => "keep" })));
      const after = await messages();
      expect(after.length).toBe(before.length);
      for (const [index, message] of before.entries()) {
        const status = /\nstatus[ \t]*:([^\r\n]*)/i.exec(message.split(/\n\r?\n/)[0] as string);
        if (/^ R?O$/.test(status?.[1] ?? "")) expect(after[index]).toBe(message);
      }
      // A second commit has nothing left to do.
      const { mtimeMs } = statSync(box);
      const once = content();
      await session(async (mailbox) => void (await mailbox.commit({ fate: () => "keep" })));
      expect(content()).toBe(once);
      if (!/\n[^:\n]*\n/.test(once)) expect(statSync(box).mtimeMs).toBe(mtimeMs);
    }),
    { numRuns: 60 },
  );
});

test("a commit changes the Status of messages that were read, removes deleted and moved messages, and changes nothing else", async () => {
  const decision = fc.constantFrom<"keep" | "read" | "drop" | "mbox">("keep", "read", "drop", "mbox");
  const mbox = join(directory, "mbox");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(soundMessage, decision), { maxLength: 8 }), async (parts) => {
      writeFileSync(box, parts.map(([text]) => text).join(""), "latin1");
      rmSync(mbox, { force: true });
      await session(async (mailbox) => {
        expect(mailbox.count).toBe(parts.length);
        for (const [i, [, what]] of parts.entries()) if (what === "read") mailbox.mark(i + 1, Flag.Read | Flag.Touched);
        const fate = (n: number): Fate => {
          const [, what] = parts[n - 1] as [string, string];
          return what === "drop" || what === "mbox" ? what : "keep";
        };
        await mailbox.commit({ fate, mbox: { path: mbox, at: "end" } });
      });
      const left = parts.filter(([, what]) => what === "keep" || what === "read");
      const found = await messages();
      expect(found.map(withoutStatus)).toEqual(left.map(([text]) => withoutStatus(text)));
      for (const [i, [text, what]] of left.entries()) {
        const read = what === "read" || text.includes("\nStatus: RO");
        expect(/\nStatus: (R?O)\r?\n/.exec(found[i] as string)?.[1]).toBe(read ? "RO" : "O");
      }
      const moved = parts.filter(([, what]) => what === "mbox").map(([text]) => withoutStatus(text));
      const inMbox = moved.length > 0 ? readFileSync(mbox, "latin1") : "";
      expect(inMbox.replace(/(?<=\n)Status: R?O\r?\n/g, "")).toBe(moved.join(""));
    }),
    { numRuns: 100 },
  );
});
