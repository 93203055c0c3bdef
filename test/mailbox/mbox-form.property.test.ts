import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { mboxForm } from "../../src/mailbox/mbox-form.ts";

const date = new Date(Date.UTC(2021, 0, 16, 18, 22, 3));

test("From at the start of a line is quoted, regardless of how the message is divided into pieces", () => {
  const text = fc.array(fc.constantFrom("From ", "From", "F", "\n", "x", ">From ", "ro"), { maxLength: 12 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (parts, length) => {
      const message = Buffer.from(parts.join(""));
      const pieces: Buffer[] = [];
      for (let at = 0; at < message.length; at += length) pieces.push(message.subarray(at, at + length));
      const [fromLine = "", ...rest] = [...mboxForm({ sender: "a@b", date, message: pieces })];
      expect(fromLine.toString()).toMatch(/^From a@b Sat Jan 16 18:22:03 2021\n$/);
      const quoted = message.toString().replace(/^From /gm, ">From ");
      expect(Buffer.concat(rest).toString()).toBe(`${quoted}${quoted === "" || quoted.endsWith("\n") ? "" : "\n"}\n`);
    }),
  );
});
