/** Tests the header that sendmail submits. */
import { expect, test } from "@jest/globals";
import { formatDateField } from "../../src/message/format-field.ts";
import { completeHeader, recipientsInHeader } from "../../src/sendmail/outgoing-header.ts";

const fields = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`, "latin1"));
const date = new Date(2021, 0, 16, 18, 22, 3);
const additions = { date, messageId: "<new@host>", from: { address: "ann@host", name: "Ann" } };
const complete = (...texts: string[]) => completeHeader(fields(...texts), additions).bytes.toString("latin1");
const ours = `Message-Id: <new@host>\nDate: ${formatDateField(date)}\nFrom: Ann <ann@host>\n`;

test("missing fields are added after the existing ones", () => {
  expect(complete()).toBe(ours);
  expect(complete("Subject: s")).toBe(`Subject: s\n${ours}`);
});

test("existing fields stay the same, byte for byte, even if their names are in upper case", () => {
  const own = ["MESSAGE-ID: <own@x>", "date : yesterday", "FROM:\n\t\xe9 <a@x>", "X: \xff  \n  y"];
  expect(complete(...own)).toBe(`${own.join("\n")}\n`);
});

test.each([
  "Bcc: a@x",
  "BCC : a@x",
  "Bcc:\n a@x,\n\tb@x",
  "Resent-Bcc: a@x",
  "Return-Path: <a@x>",
  "Content-Length: 3",
])("%j is removed", (field) => {
  expect(complete(field, "To: b@x")).not.toMatch(/bcc|return-path|content-length|a@x/i);
});

test("missing Resent- fields are added to a message that is resent", () => {
  expect(complete("Resent-To: a@x", "Resent-From: me@x", "Date: d", "From: f", "Message-ID: <i@x>")).toBe(
    "Resent-To: a@x\nResent-From: me@x\nDate: d\nFrom: f\nMessage-ID: <i@x>\n" +
      `Resent-Message-Id: <new@host>\nResent-Date: ${formatDateField(date)}\n`,
  );
});

test("a message keeps its Message-ID; one is generated only for a message without a Message-ID", () => {
  expect(completeHeader(fields("Message-ID: <own@x>"), additions).messageId).toBe("<own@x>");
  expect(completeHeader(fields("Subject: s"), additions).messageId).toBe("<new@host>");
});

test.each([
  [
    ["To: a@x, B <b@x>", "Cc: c", "Bcc: d@x"],
    ["a@x", "b@x", "c", "d@x"],
  ],
  [
    ["To: a@x", "To: b@x"],
    ["a@x", "b@x"],
  ],
  [["TO :\n a@x,\n\tb@x"], ["a@x", "b@x"]],
  [
    ["To: friends: a@x, b@x;", "Cc: undisclosed-recipients:;"],
    ["a@x", "b@x"],
  ],
  [
    ["To: a@x", "Bcc: b@x", "Resent-To: c@x", "Resent-Bcc: d@x"],
    ["c@x", "d@x"],
  ],
  [["To: a@x", "Resent-From: me@x"], []],
  [["Subject: To: a@x", "Reply-To: b@x", "X-To: c@x"], []],
  [['To: "x, y" <a@x> (b@x), =?UTF-8?Q?n=2C?= <c@x>'], ["a@x", "c@x"]],
])("the recipients of %j are %j", (texts, recipients) => {
  expect(recipientsInHeader(fields(...texts))).toEqual(recipients);
});
