import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { leafParts, partText } from "../../src/message/leaf-parts.ts";

const nested = `From x Sat Jan 16 18:22:03 2021
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="outer-2"

--outer-2

plain
--outer-2
Content-Type: text/html

<p>html</p>
--outer-2--
--outer
Content-Type: image/png
Content-Disposition: attachment; filename*0*=utf-8''na%C3%AF; filename*1=ve.png

x
--outer--
epilogue
`;

test("nested parts are found in order, with their names", () => {
  const parts = [...leafParts(Buffer.from(nested))];
  expect(parts.map(({ type, fileName }) => [type, fileName])).toEqual([
    ["text/plain", undefined],
    ["text/html", undefined],
    ["image/png", "naïve.png"],
  ]);
  expect(parts.slice(0, 2).map(partText)).toEqual(["plain", "<p>html</p>"]);
});

test("CRLF makes no difference", () => {
  const parts = [...leafParts(Buffer.from(nested.replaceAll("\n", "\r\n")))];
  expect(parts.slice(0, 2).map(partText)).toEqual(["plain", "<p>html</p>"]);
});

test("any bytes have parts, and none is longer than the whole", () => {
  const line = fc.constantFrom("--a", "--a--", "", "Content-Type: multipart/mixed; boundary=a", "x", "\r", "--aa");
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      const message = Buffer.from(lines.join("\n"));
      for (const part of leafParts(message)) expect(part.body.length).toBeLessThanOrEqual(message.length);
    }),
  );
});
