import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { toBytes } from "../../../src/message/text.ts";
import { headerLine } from "../../../src/read/header-list/header-line.ts";

function line(header: string, flags: number = Flag.New, number = 1): string {
  const counts = { lines: 20, characters: 509 };
  const shown = { showRecipient: { ofOthers: false, ofOwn: false }, byName: false, own: [] };
  return headerLine({ number, current: true, flags, header: toBytes(header), counts, ...shown });
}

const readFromLine = "From u@x.org Sat Jan 16 18:22:03 2021\n";

test("the acceptance line, to the byte", () => {
  expect(line(`From debian@DOMINIO  Sat Jan 16 18:22:03 2021\nSubject: Re: hola\n\n`, 0)).toBe(
    ">U  1 debian@DOMINIO     Sat Jan 16 18:22   20/509   Re: hola",
  );
});

test.each([
  ["name in front", "Name <a@x.org>", "a@x.org"],
  ["comment behind", "c@x.org (Comment)", "c@x.org"],
  ["comment before, and its blank", "(Before) d@x.org", " d@x.org"],
  ["two addresses", "Two <e@x.org>, f@x.org", "e@x.org, f@x.org"],
  ["quoted name", '"Q, N." <q@x.org>', "q@x.org"],
  ["path of hosts", "N <a!b!c!n>", "c!n"],
])("the sender with a %s", (_shows, from, shown) => {
  expect(line(`${readFromLine}From: ${from}\n\n`).slice(6, 23).trimEnd()).toBe(shown);
});

test.each([
  ["Sender, without From", "Sender: N <s@x.org>\n", "s@x.org"],
  ["From, with Sender", "Sender: s@x.org\nFrom: a@x.org\n", "a@x.org"],
  ["an empty From, all the same", "Sender: s@x.org\nFrom:\n", ""],
  ["the From_ line, without both", "To: a@x.org\n", "u@x.org"],
])("the sender is of %s", (_shows, fields, shown) => {
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
])("the mark of flags %d is %j", (flags, mark) => {
  expect(line(readFromLine, flags)[1]).toBe(mark);
});

test("sender and subject are cut at a character's end, within 80 bytes", () => {
  const shown = line(`${readFromLine}From: ${"é".repeat(20)}\nSubject: ${"é".repeat(60)}\n\n`);
  expect(shown).toContain(` ${"é".repeat(8)}   Sat`);
  expect(toBytes(shown).length).toBe(79);
});

test("a message number above 999 eats from the subject", () => {
  expect(toBytes(line(`${readFromLine}Subject: ${"s".repeat(80)}\n\n`, 0, 1000)).length).toBe(80);
});

test("controls are written out, but bytes that are no text and bells stay", () => {
  expect(line(`${readFromLine}Subject: a\x1b[1m\x07\x9b\udce9\n\n`).slice(-11)).toBe("a^[[1m\x07M^[\udce9");
});
