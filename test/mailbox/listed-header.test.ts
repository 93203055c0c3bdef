import { expect, test } from "@jest/globals";
import { readHeaderToList } from "../../src/mailbox/listed-header.ts";

const megabyte = 1 << 20;

/** Returns a mailbox with one message. The mailbox records the length of each read. */
function holding(text: string) {
  const bytes = Buffer.from(text, "latin1");
  const asked: number[] = [];
  const read = (_message: number, start: number, end: number) => {
    asked.push(end - start);
    return bytes.subarray(start, end);
  };
  const header = () => {
    asked.push(bytes.length);
    return bytes.subarray(0, text.indexOf("\n\n") + 2);
  };
  return { mailbox: { size: () => bytes.length, read, header }, asked };
}

const start = "From a@x Sat Jan 16 18:22:01 2021\n";
const long = "x".repeat(3 * megabyte);

test.each<[string, string, string]>([
  ["small", `${start}Subject: s\n\ntext\n`, `${start}Subject: s\n\n`],
  ["that of a large message", `${start}Subject: s\n\n${long}`, `${start}Subject: s\n\n`],
  ["without an end", `${start}Subject: s\n${"X: y\n".repeat(2)}`, `${start}Subject: s\nX: y\nX: y\n`],
])("a header that is %s is returned in full", (_what, text, header) => {
  const { mailbox } = holding(text.includes("\n\n") ? text : `${text}\n`);
  expect(readHeaderToList(mailbox, 1).toString().trimEnd()).toBe(header.trimEnd());
});

test.each<[string, string, RegExp]>([
  ["a long field before others", `${start}X: ${long}\nSubject: late\n\n`, /^From a@x .*\nX: x+\nSubject: late\n\n$/],
  ["an address behind a long name", `${start}From: ${long} <a@x>\n\n`, /\nFrom: x+ <a@x>\n\n$/],
  ["a folded field", `${start}Subject: one\n ${long}\n two\nTo: b@x\n\n`, /\nSubject: one\n x+\n two\nTo: b@x\n\n$/],
  ["a CRLF header", `${start}X: ${long}\r\nSubject: s\r\n\r\nSubject: text\r\n`, /\nX: x+\r\nSubject: s\r\n\r\n$/],
  [
    "a great many fields",
    `${start}${"X-A: b\n".repeat(200_000)}Subject: s\n\n`,
    /^From .*\n(?:X-A: b\n)+Subject: s\n\n$/,
  ],
  ["a header with no end", `${start}Subject: s\nX: ${long}`, /^From .*\nSubject: s\nX: x+$/],
])("for %s, the fields that a list shows are kept", (_what, text, header) => {
  const { mailbox, asked } = holding(text);
  const found = readHeaderToList(mailbox, 1);
  expect(found.toString()).toMatch(header);
  expect(found.length).toBeLessThan(1.2 * megabyte);
  expect(Math.max(...asked)).toBeLessThanOrEqual(megabyte);
});
