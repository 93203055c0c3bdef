import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Arrival, cleanUp } from "../../src/maild/trace.ts";

const arrival: Arrival = {
  id: "DE3232C16A",
  date: new Date(Date.UTC(2021, 0, 16, 18, 22, 3)),
  helo: "here",
  client: { name: "localhost", address: "127.0.0.1" },
  protocol: "ESMTP",
  sender: "ana@dominio",
};

const clean = (wire: string) => cleanUp(Buffer.from(wire, "latin1"), arrival, "dominio");

test("missing fields are added behind the ones there are", () => {
  const { message, messageId } = clean("Subject: x\r\n folded\r\nReturn-Path: <a@b>\r\n c\r\n\r\nbody\r\n");
  expect(messageId).toBe("<20210116182203.DE3232C16A@dominio>");
  expect(message.toString()).toMatch(
    /^Subject: x\n folded\nMessage-Id: <20210116182203\.DE3232C16A@dominio>\nDate: .*\nFrom: ana@dominio\n\nbody\n$/,
  );
});

test("a message without header is a body", () => {
  expect(clean("just text\r\n").message.toString()).toMatch(/^Message-Id: .*\nDate: .*\nFrom: .*\n\njust text\n$/);
});

test("a body keeps each of its bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const body = Buffer.from(bytes).toString("latin1").replace(/\r\n/g, "\n");
      const expected = body === "" || body.endsWith("\n") ? body : `${body}\n`;
      const { message } = clean(`From: a@b\r\nDate: now\r\nMessage-Id: <1@b>\r\n\r\n${body}`);
      expect(message.toString("latin1")).toBe(`From: a@b\nDate: now\nMessage-Id: <1@b>\n\n${expected}`);
    }),
  );
});
