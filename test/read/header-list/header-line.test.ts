import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { toBytes } from "../../../src/message/text.ts";
import { headerLine } from "../../../src/read/header-list/header-line.ts";

function line(header: string, flags: number = Flag.New, number = 1): string {
  const counts = { lines: 20, characters: 509 };
  const shown = { showRecipient: { ofOthers: false, ofOwn: false }, byName: false, own: [] };
  return headerLine({
    number,
    current: true,
    flags,
    listed: { text: toBytes(header).toString("latin1") },
    counts,
    ...shown,
  });
}

const readFromLine = "From u@x.org Sat Jan 16 18:22:03 2021\n";

test("the header line in the acceptance test is reproduced byte for byte", () => {
  expect(line(`From debian@DOMINIO  Sat Jan 16 18:22:03 2021\nSubject: Re: hola\n\n`, 0)).toBe(
    ">U  1 debian@DOMINIO     Sat Jan 16 18:22   20/509   Re: hola",
  );
});

test.each([
  ["name before it", "Name <a@x.org>", "a@x.org"],
  ["comment after it", "c@x.org (Comment)", "c@x.org"],
  ["comment before it, with its space", "(Before) d@x.org", " d@x.org"],
  ["second address", "Two <e@x.org>, f@x.org", "e@x.org, f@x.org"],
  ["quoted name", '"Q, N." <q@x.org>', "q@x.org"],
  ["path of hosts", "N <a!b!c!n>", "c!n"],
])("the sender is shown correctly if the From field contains an address with a %s", (_shows, from, shown) => {
  expect(line(`${readFromLine}From: ${from}\n\n`).slice(6, 23).trimEnd()).toBe(shown);
});

test.each([
  ["Sender, if there is no From", "Sender: N <s@x.org>\n", "s@x.org"],
  ["From, even if there is a Sender", "Sender: s@x.org\nFrom: a@x.org\n", "a@x.org"],
  ["From, even if it is empty", "Sender: s@x.org\nFrom:\n", ""],
  ["the From_ line, if both fields are missing", "To: a@x.org\n", "u@x.org"],
])("the sender is taken from %s", (_shows, fields, shown) => {
  expect(line(`${readFromLine}${fields}\n`).slice(6, 23).trimEnd()).toBe(shown);
});

test.each([
  [Flag.New, "N"],
  [0, "U"],
  [Flag.New | Flag.Read, " "],
  [Flag.Read | Flag.Saved, "*"],
  [Flag.Read | Flag.Preserved, "P"],
  [Flag.New | Flag.Preserved, "N"],
  [Flag.Read | Flag.ToMbox, "M"],
])("a message with the flags %d is marked %j", (flags, mark) => {
  expect(line(readFromLine, flags)[1]).toBe(mark);
});

test("the sender and the subject are truncated at character boundaries, so that a line has at most 80 bytes", () => {
  const shown = line(`${readFromLine}From: ${"é".repeat(20)}\nSubject: ${"é".repeat(60)}\n\n`);
  expect(shown).toContain(` ${"é".repeat(8)}   Sat`);
  expect(toBytes(shown).length).toBe(79);
});

test("a message number above 999 shortens the subject", () => {
  expect(toBytes(line(`${readFromLine}Subject: ${"s".repeat(80)}\n\n`, 0, 1000)).length).toBe(80);
});

test("control characters are made visible, but undecodable bytes and bells are kept", () => {
  expect(line(`${readFromLine}Subject: a\x1b[1m\x07\x9b\udce9\n\n`).slice(-11)).toBe("a^[[1m\x07M^[\udce9");
});
