import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { paintMessage } from "../../../src/read/show/message-paint.ts";

const text = `From ann@x Sat Jan 16 18:22:03 2021
Subject: hola
 folded
X:y

See https://example.org/a?b=c, or (http://x.org).
> quoted
> > twice https://example.org
>>> thrice
plain: text
`;

const painted = (...pieces: Uint8Array[]) => [...paintMessage(pieces)];

test("header fields, quotations of each depth, and links have their own styles", () => {
  const styled = painted(Buffer.from(text)).filter(({ style }) => style !== "plain");
  expect(styled.map(({ text, style }) => [style, text])).toEqual([
    ["hint", "From ann@x Sat Jan 16 18:22:03 2021\n"],
    ["field-name", "Subject:"],
    ["field-value", " hola\n"],
    ["field-value", " folded\n"],
    ["field-name", "X:"],
    ["field-value", "y\n"],
    ["field-value", "\n"],
    ["link", "https://example.org/a?b=c"],
    ["link", "http://x.org"],
    ["quote", "> quoted\n"],
    ["quote-2", "> > twice "],
    ["link", "https://example.org"],
    ["quote-2", "\n"],
    ["quote-3", ">>> thrice\n"],
  ]);
});

test("a message has the same text and styles regardless of where it is split into pieces", () => {
  const whole = Buffer.from(`${text}日本語 ${"é".repeat(20)}`);
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length)), (cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), whole.length];
      const pieces = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
      expect(painted(...pieces)).toEqual(painted(whole));
    }),
  );
});

test.each(["", "\n"])("a very long line is printed in pieces, divided between characters (end: %j)", (end) => {
  const long = Buffer.from(`\n${"日".repeat(100_000)}${end}`);
  for (const { text } of painted(long)) expect(text.length).toBeLessThan(100_000);
  expect(
    painted(long)
      .map(({ text }) => text)
      .join(""),
  ).toBe(long.toString());
});

test("a header field that exactly fills a piece does not end the header", () => {
  for (let length = 16_380; length <= 16_390; length++) {
    const styled = painted(Buffer.from(`X: ${"x".repeat(length)}\nY: z\n`));
    expect(styled.at(-1)).toEqual({ style: "field-value", text: " z\n" });
  }
});
