import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { transferEncode } from "../../../src/compose/build/transfer-encode.ts";
import { Body, charsetOf, TextFacts, transferEncodingOf } from "../../../src/compose/draft/body.ts";
import { encodeMailbox, encodeText, encodeWords } from "../../../src/message/format-field.ts";
import { decodeBytes } from "../../../src/message/text.ts";

function factsOf(...pieces: (string | Uint8Array)[]): TextFacts {
  const facts = new TextFacts();
  for (const piece of pieces) facts.add(Buffer.from(piece as string));
  return facts;
}

function decoded(text: string, encoding: "base64" | "quoted-printable"): Buffer {
  if (encoding === "base64") return Buffer.from(text, "base64");
  const bytes = text
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1");
}

/** Random bytes in which line endings, CRs and NULs are frequent. */
const anyBody = () =>
  fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom("\n", "\r\n", "\r", "\0", " \n", ".\n", "x".repeat(999)),
      ),
    )
    .map((pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))));

test("every encoded body decodes to the original, and its lines are short enough for a server", async () => {
  await fc.assert(
    fc.asyncProperty(anyBody(), fc.boolean(), async (bytes, eightBit) => {
      const body = new Body();
      for (let at = 0; at < bytes.length; at += 7) body.append(bytes.subarray(at, at + 7));
      const encoding = transferEncodingOf(body.facts, eightBit);
      if (encoding === "7bit" || encoding === "8bit") {
        expect(
          Math.max(
            0,
            ...bytes
              .toString("latin1")
              .split("\n")
              .map((line) => line.length),
          ),
        ).toBeLessThanOrEqual(999);
        expect(bytes.includes(0)).toBe(false);
        if (!eightBit) expect(encoding).toBe("7bit");
        return;
      }
      const pieces: Buffer[] = [];
      for await (const piece of transferEncode(encoding, body)) pieces.push(piece);
      const wire = Buffer.concat(pieces).toString("latin1");
      expect(wire).toMatch(/^(?:[\t\x20-\x7e]{0,76}\n)*$/);
      const lines = (text: string) => (encoding === "base64" ? text : text.replaceAll("\r\n", "\n"));
      expect(decoded(wire, encoding).toString("latin1")).toBe(lines(bytes.toString("latin1")));
    }),
  );
});

test.each([74, 75, 76, 77, 150, 151, 152])(
  "a last line of %d characters without a newline is encoded within 76 columns",
  async (length) => {
    for (const tail of ["x", "\u00e9", "x\u00e9", "\u00e9x"]) {
      const body = new Body();
      body.append(Buffer.from(`${"x".repeat(length)}${tail}`));
      const pieces: Buffer[] = [];
      for await (const piece of transferEncode("quoted-printable", body)) pieces.push(piece);
      const wire = Buffer.concat(pieces).toString("latin1");
      expect(wire).toMatch(/^(?:[\x20-\x7e]{0,76}\n)*$/);
      expect(decoded(wire, "quoted-printable").toString("utf8")).toBe(`${"x".repeat(length)}${tail}`);
    }
  },
);

test("the facts about a body do not depend on the sizes of its pieces", () => {
  fc.assert(
    fc.property(anyBody(), fc.nat(40), (bytes, at) => {
      const { ascii, utf8, binary, lineEnds, longest, ended, size, returns } = factsOf(bytes);
      const pieces = factsOf(bytes.subarray(0, at), bytes.subarray(at));
      expect(pieces).toMatchObject({ ascii, utf8, binary, lineEnds, longest, ended, size, returns });
      expect(utf8).toBe(
        decodeBytes(bytes).match(/[\udc80-\udcff]/) === null || Buffer.from(bytes.toString("utf8")).equals(bytes),
      );
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
  ["a\r\nb\r\n", true, "7bit"],
  ["a\r\nb\n", true, "base64"],
])("%j", (body, eightBit, encoding) => expect(transferEncodingOf(factsOf(body), eightBit)).toBe(encoding));

test("the charset is determined by the bytes or, failing that, by the locale", () => {
  const latin = factsOf(Buffer.of(0xe9));
  expect([factsOf("a"), factsOf("\u00e9"), latin].map((facts) => charsetOf(facts))).toEqual([
    "us-ascii",
    "UTF-8",
    "unknown-8bit",
  ]);
  expect(charsetOf(latin, "ISO-8859-1")).toBe("ISO-8859-1");
});

test("header text is encoded, quoted and folded if necessary", () => {
  expect(encodeWords("plain")).toBe("plain");
  expect(encodeWords("\u00f1")).toBe("=?UTF-8?B?w7E=?=");
  expect(encodeWords(decodeBytes(Buffer.of(0xe9)))).toBe("=?unknown-8bit?B?6Q==?=");
  expect(encodeText(decodeBytes(Buffer.of(0xe9)), 9, "ISO-8859-1")).toBe("=?ISO-8859-1?B?6Q==?=");
  expect(encodeText("=?UTF-8?B?w7E=?=", 9)).toBe("=?UTF-8?B?w7E=?=");
  expect(encodeText("a =?b", 9)).toBe("=?UTF-8?B?YSA9P2I=?=");
  expect(encodeText(`${"word ".repeat(30)}end`, 9)).toMatch(/^[^\n]{60,69}(\n [^\n]{1,77})+$/);
  expect(encodeMailbox("Doe, Jane", "j@x")).toBe('"Doe, Jane" <j@x>');
});
