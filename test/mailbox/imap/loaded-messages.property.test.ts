import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { LoadedMessages, NewlineConverter } from "../../../src/mailbox/imap/loaded-messages.ts";

const bytes = fc
  .array(fc.constantFrom("\r", "\n", "\r\n", "a", "From ", "\0"), { maxLength: 40 })
  .map((each) => each.join(""));

/** Divides a text into pieces of at most `size` characters. */
const divide = (text: string, size: number) => text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];

test("each CRLF becomes LF, and other CRs are kept, regardless of where the bytes are divided", () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 5 }), (text, size) => {
      const converter = new NewlineConverter();
      const found = divide(text, size).map((piece) => converter.convert(Buffer.from(piece)).toString());
      expect(found.join("") + converter.end().toString()).toBe(text.replaceAll("\r\n", "\n"));
    }),
  );
});

test("a message in which filler replaces some parts is read like a complete message", () => {
  const step = fc.oneof(
    bytes.map((text) => ({ text, size: 0 })),
    fc.integer({ min: 1, max: 300 }).map((size) => ({ text: "", size })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.nat(900), fc.nat(900), (steps, a, b) => {
      const loaded = new LoadedMessages();
      try {
        for (const message of [1, 2]) {
          const writer = loaded.begin(message, new Date(0));
          writer.add(Buffer.from("Subject: s\r\n\r\n"));
          let expected = "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nSubject: s\n\n";
          for (const { text, size } of steps) {
            if (size === 0) {
              writer.addSection(Buffer.from(text));
              expected += text.replaceAll("\r\n", "\n");
            } else {
              writer.addFiller(size, "1");
              expected += Array.from({ length: Math.floor((size * 77) / 78) }, (_, at) =>
                at % 77 === 76 ? "\n" : "A",
              ).join("");
            }
          }
          writer.finish("text");
          const found = loaded.find(message, "text");
          if (found === undefined) throw new Error("not loaded");
          expect(found.length).toBe(expected.length);
          expect(loaded.read(found, 0, found.length).toString()).toBe(expected);
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          expect(loaded.read(found, start, end).toString()).toBe(expected.slice(start, end));
          expect(loaded.find(message, "whole")).toBeUndefined();
        }
      } finally {
        loaded.close();
      }
    }),
  );
});
