import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { fitHeaderLine } from "../../../src/read/comfort/header-columns.ts";
import { headerLine } from "../../../src/read/header-list/header-line.ts";
import { displayWidth } from "../../../src/terminal/display-width.ts";

function parts(subject: string, from = "alice@example.org", number = 1) {
  const header = `From ${from} Sat Jan 16 18:22:01 2021\nFrom: ${from}\nSubject: ${subject}\n\n`;
  const counts = { lines: 10, characters: 234 };
  return {
    number,
    current: number === 1,
    flags: Flag.New,
    listed: { text: Buffer.from(header).toString("latin1") },
    counts,
    showRecipient: { ofOthers: false, ofOwn: false },
    byName: false,
    own: [],
  };
}

const long = "a subject that is longer than any window of these here has room for, and then some more words";

test.each([
  [40, ">N  1 alice@exampl… Jan 16 a subject th…"],
  [60, ">N  1 alice@example.org Jan 16 18:22 a subject that is long…"],
  [80, ">N  1 alice@example.org  Sat Jan 16 18:22   10/234   a subject that is longer t…"],
  [
    120,
    ">N  1 alice@example.org               Sat Jan 16 18:22   10/234   a subject that is longer than any window of these her…",
  ],
])("in %i columns, a header line shows the fields that fit", (columns, line) =>
  expect(fitHeaderLine(parts(long), { columns, last: 9, isUtf8: true })).toBe(line),
);

test("in 80 columns, an ordinary header line is the same as bsd-mailx's", () => {
  expect(fitHeaderLine(parts("first light"), { columns: 80, last: 1, isUtf8: true })).toBe(
    headerLine(parts("first light")),
  );
});

test.each([
  ["a host with a Cyrillic letter in a Latin name", "bank@\u0440aypal.com", "bank@xn--aypal-u…"],
  ["a host in a single script", "ann@b\u00fccher.de", "ann@b\u00fccher.de "],
])("a sender with %s is shown unambiguously", (_what, from, shown) => {
  expect(fitHeaderLine(parts("x", from), { columns: 80, last: 1, isUtf8: true })).toContain(`>N  1 ${shown}`);
});

test("the columns leave room for the message numbers of a large mailbox", () => {
  expect(fitHeaderLine(parts("x", "a@b", 12345), { columns: 80, last: 54321, isUtf8: true })).toMatch(/^ N12345 a@b/);
});

test.each([
  ["encoded words are decoded", "=?UTF-8?B?5pel5pys6Kqe?= =?UTF-8?Q?_caf=C3=A9?=", "日本語 café"],
  ["a charset other than UTF-8 is decoded", "=?ISO-8859-1?Q?se=F1or?=", "señor"],
  ["an encoded newline is shown as a space", "=?UTF-8?Q?x=0A>U__2_fake?=", "x >U  2 fake"],
  ["a tab is shown as a space", "a\tb", "a b"],
])("%s", (_rule, subject, shown) => {
  expect(fitHeaderLine(parts(subject), { columns: 80, last: 1, isUtf8: true })).toMatch(
    new RegExp(`10/234   ${shown.replace("^", "\\^")}$`),
  );
});

test.each([30, 40, 53, 54, 71, 72, 80, 100, 132, 200])(
  "for any message header, the line in the header list fits in %i columns",
  (columns) => {
    const hostile = [
      "日本語".repeat(40),
      "👩‍💻".repeat(60),
      "e\u0301".repeat(200),
      "\u001b[2J".repeat(50),
      "\u202e".repeat(90),
    ];
    for (const subject of hostile) {
      const line = fitHeaderLine(parts(subject, `${subject.slice(0, 20)}@x`), { columns, last: 3, isUtf8: true });
      expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  },
);
