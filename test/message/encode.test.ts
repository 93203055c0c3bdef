import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { charsetOf, encodeBody, transferEncodingOf } from "../../src/message/encode.ts";
import { encodeMailbox, encodeWords } from "../../src/message/encoded-words.ts";
import { fromBytes } from "../../src/message/text.ts";

function decoded(text: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(text, "base64");
  if (encoding !== "quoted-printable") return Buffer.from(text, "latin1");
  const bytes = text
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1");
}

test("every body comes back, in lines a server takes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), (bytes, eightBit) => {
      const body = Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n"), "latin1");
      const encoding = transferEncodingOf(body, eightBit);
      const wire = encodeBody(body, encoding).toString("latin1");
      expect(Math.max(...wire.split("\n").map((line) => line.length))).toBeLessThanOrEqual(998);
      if (!eightBit) expect(wire).toMatch(/^[\0-\x7f]*$/);
      expect(decoded(wire, encoding).equals(body)).toBe(true);
    }),
  );
});

test.each([
  ["plain\n", true, "7bit"],
  ["caf\u00e9\n", true, "8bit"],
  ["caf\u00e9\n", false, "quoted-printable"],
  [`${"x".repeat(999)}\n`, true, "quoted-printable"],
  ["a\0b\n", true, "base64"],
  ["a\rb\n", true, "base64"],
])("%j", (body, eightBit, encoding) => expect(transferEncodingOf(Buffer.from(body), eightBit)).toBe(encoding));

test("charsets by bytes", () => {
  expect([Buffer.from("a"), Buffer.from("\u00e9"), Buffer.of(0xe9)].map(charsetOf)).toEqual([
    "us-ascii",
    "UTF-8",
    "unknown-8bit",
  ]);
});

test("header text", () => {
  expect(encodeWords("plain")).toBe("plain");
  expect(encodeWords("\u00f1")).toBe("=?UTF-8?B?w7E=?=");
  expect(encodeWords(fromBytes(Buffer.of(0xe9)))).toBe("=?unknown-8bit?B?6Q==?=");
  expect(encodeMailbox("Doe, Jane", "j@x")).toBe('"Doe, Jane" <j@x>');
});
