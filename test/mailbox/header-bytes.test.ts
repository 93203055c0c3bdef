import { expect, test } from "@jest/globals";
import { farStatus } from "../../src/mailbox/far-status.ts";
import { headerIn, headerOf, isHeaderContinued } from "../../src/mailbox/header-bytes.ts";
import { formatForStorage } from "../../src/mailbox/stored-form.ts";

const start = "From a@x Sat Jan 16 18:22:01 2021\nSubject: s\n";
const long = "x".repeat(5 << 20);

function holding(text: string) {
  const bytes = Buffer.from(text, "latin1");
  const read = (_message: number, from: number, to: number) => bytes.subarray(from, to);
  const header = () => headerOf(bytes.length, (length) => bytes.subarray(0, length));
  return { bytes, mailbox: { size: () => bytes.length, read, header } };
}

test.each<[string, string, string]>([
  ["with its empty line", `${start}\ntext\n`, `${start}\n`],
  ["that ends with the message", start, start],
  ["of a field without end, up to that field", `${start}X: ${long}\n\ntext\n`, start],
  ["of a folded field without end, up to that field", `${start}X: y\n z${long}\n\ntext\n`, start],
  [
    "in CRLF, up to the field without end",
    `${start.replaceAll("\n", "\r\n")}X: ${long}`,
    start.replaceAll("\n", "\r\n"),
  ],
])("the header %s", (_what, text, header) => {
  const { bytes, mailbox } = holding(text);
  expect(mailbox.header().equals(Buffer.from(header))).toBe(true);
  if (text.includes(long)) expect(headerIn(bytes.subarray(0, -20))?.equals(Buffer.from(header))).toBe(true);
  expect(isHeaderContinued(mailbox.header(), bytes.length)).toBe(text.includes(long));
});

test.each<[string, string]>([
  ["precedes an overlong field", `X: ${long}\n\ntext\n`],
  ["precedes an overlong folded field", `X: y\n z${long}\n\ntext\n`],
])("a Status field is added so that it %s, and all other bytes stay unchanged", (_what, rest) => {
  const { mailbox } = holding(start + rest);
  const stored = Buffer.concat([...formatForStorage(mailbox, 1, { status: "RO" })]).toString("latin1");
  expect(stored === `${start}Status: RO\n${rest}`).toBe(true);
});

test.each<[string, string, string]>([
  ["after an overlong field", `X: ${long}\n@\ntext\n`, "Status: O\n"],
  ["in upper case, folded, before another field", `X: ${long}\n@Y: z\n\nStatus: U\n`, "STATUS : O\n x\n\ty\n"],
  ["after many fields", `${`Y: ${"y".repeat(90)}\n`.repeat(60_000)}@\n`, "Status: O\n"],
  ["in CRLF", `X: ${long}\r\n@\r\ntext\r\n`, "Status: O\r\n"],
  ["at the message's end", `X: ${long}\n@`, "Status: O\n"],
])("a Status field %s is replaced in place", (_what, rest, old) => {
  const before = old.endsWith("\r\n") ? start.replaceAll("\n", "\r\n") : start;
  const { mailbox } = holding(before + rest.replace("@", old));
  const stored = Buffer.concat([...formatForStorage(mailbox, 1, { status: "RO" })]).toString("latin1");
  const wanted = before + rest.replace("@", old.endsWith("\r\n") ? "Status: RO\r\n" : "Status: RO\n");
  expect(stored === wanted).toBe(true);
});

test.each([0, 1, 2, 3, 7, 8, 9, 10])(
  "a Status field is found if it begins %i bytes before the end of a one-megabyte piece",
  (before) => {
    const status = "Status: O\n";
    const field = (length: number) => `X: ${"x".repeat(length - 4)}\n`;
    const message = start + field(8 << 20) + field((1 << 20) - before);
    const { mailbox } = holding(`${message}${status}\ntext\n`);
    expect(farStatus(mailbox, 1, start.length)).toEqual({ start: message.length, end: message.length + status.length });
  },
);
