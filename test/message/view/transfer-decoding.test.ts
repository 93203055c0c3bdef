import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesOf } from "../../../src/message/view/bytes.ts";
import { decodeBody } from "../../../src/message/view/transfer-decoding.ts";

function decoded(text: string): string {
  const source = bytesOf(Buffer.from(text, "latin1"));
  const encoded = { encoding: "quoted-printable", source, start: 0, end: source.size };
  return decodeBody(encoded, source.size).toString("latin1");
}

test.each([
  ["codes with upper-case and lower-case digits", "caf=C3=A9 =3d", "caf\xc3\xa9 ="],
  ["soft line breaks", "one=\n line=\r\ns", "one lines"],
  ["a soft line break followed by white space", "one= \t\n line", "one line"],
  ["white space at the end of a line", "a \t\r\nb \nc ", "a\r\nb\nc "],
  ["invalid codes", "a=ZZ=4=", "a=ZZ=4"],
])("quoted-printable is decoded: %s", (_shows, text, wanted) => {
  expect(decoded(text)).toBe(wanted);
});

test("for any quoted-printable text, the decoder agrees with two regular expressions", () => {
  const piece = fc.constantFrom("=", "\n", "\r\n", " ", "\t", "4", "A", "f", "g", "\xe9");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join("");
      const wanted = text
        .replace(/[ \t]+(\r?\n)?/g, (run, end?: string) => end ?? run)
        .replace(/=(?:\r?\n|$|([0-9A-Fa-f]{2}))/g, (_all, hex?: string) =>
          hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
        );
      expect(decoded(text)).toBe(wanted);
    }),
    { numRuns: 3000 },
  );
});
