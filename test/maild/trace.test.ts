import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Arrival, Cleaner } from "../../src/maild/trace.ts";

const arrival: Arrival = {
  id: "DE3232C16A",
  date: new Date(Date.UTC(2021, 0, 16, 18, 22, 3)),
  helo: "here",
  client: { name: "localhost", address: "127.0.0.1" },
  protocol: "ESMTP",
  sender: "ana@dominio",
};

/** Passes a message through a Cleaner. @param length the number of bytes in each piece of the message */
function clean(
  wire: string,
  length = 7,
): { message: Buffer; messageId: string; hops: number; isHeaderTooLong: boolean } {
  const cleaner = new Cleaner(arrival, "dominio");
  const bytes = Buffer.from(wire, "latin1");
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += length) pieces.push(cleaner.write(bytes.subarray(at, at + length)));
  pieces.push(cleaner.end());
  const { messageId, hops, isHeaderTooLong } = cleaner;
  return { message: Buffer.concat(pieces), messageId, hops, isHeaderTooLong };
}

test("missing fields are added after the existing ones", () => {
  const { message, messageId } = clean("Subject: x\r\n folded\r\nReturn-Path: <a@b>\r\n c\r\n\r\nbody\r\n");
  expect(messageId).toBe("<20210116182203.DE3232C16A@dominio>");
  expect(message.toString()).toMatch(
    /^Subject: x\n folded\nMessage-Id: <20210116182203\.DE3232C16A@dominio>\nDate: .*\nFrom: ana@dominio\n\nbody\n$/,
  );
});

test("a message without a header is treated as a body", () => {
  expect(clean("just text\r\n").message.toString()).toMatch(/^Message-Id: .*\nDate: .*\nFrom: .*\n\njust text\n$/);
});

test("every byte of a body is kept", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const body = Buffer.from(bytes).toString("latin1").replace(/\r\n/g, "\n");
      const expected = body === "" || body.endsWith("\n") ? body : `${body}\n`;
      const { message } = clean(`From: a@b\r\nDate: now\r\nMessage-Id: <1@b>\r\n\r\n${body}`);
      expect(message.toString("latin1")).toBe(`From: a@b\nDate: now\nMessage-Id: <1@b>\n\n${expected}`);
    }),
  );
});

test("the result does not depend on the pieces in which a message arrives", () => {
  const line = fc.constantFrom(
    "Subject: x",
    " folded",
    "Bcc: a",
    "Received: by b",
    "",
    "From here",
    "x",
    "\r",
    "a\r\rb",
    ".",
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 9 }),
      fc.constantFrom("\r\n", "\n", ""),
      fc.integer({ min: 1, max: 9 }),
      (lines, end, length) => {
        const wire = `${lines.join("\r\n")}${end}`;
        expect(clean(wire, length)).toEqual(clean(wire, 1000));
      },
    ),
  );
});

test("a header of more than a megabyte is refused, and a long line that is not a field begins the body", () => {
  const field = `X-Long: ${"x".repeat(70_000)}\r\n`;
  expect(clean(`${field.repeat(16)}\r\nbody\r\n`, 5000).isHeaderTooLong).toBe(true);
  const kept = clean(`${field.repeat(3)}\r\nbody\r\n`, 5000);
  expect(kept.message.toString().startsWith(field.replace("\r", "").repeat(3))).toBe(true);
  const body = "x".repeat(2_000_000);
  expect(clean(`${body}\r\n`, 5000).message.toString().endsWith(`\n\n${body}\n`)).toBe(true);
});

test("only Received fields in the header are counted as hops", () => {
  expect(clean("Received: a\r\nreceived: b\r\n\r\nReceived: c\r\n").hops).toBe(2);
});
