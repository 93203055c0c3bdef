import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { letter, makePlace } from "../../act/support/boxes.ts";

const place = makePlace();
const dated = (subject: string, day: number, more = "") =>
  letter(subject, {
    from: subject === "b" ? "zoe@x.org" : "ann@x.org",
    fields: `Date: 0${day} Jan 2026 10:00 +0000\n${more}`,
  });

beforeAll(() => {
  place.create("mbox", "box", [
    dated("c", 3),
    dated("a", 1, "References: <c@x.org>\n"),
    dated("b", 2),
    letter("d", {
      fields: "Date: 9 Jan 2026 10:00 +0000\nReferences: <c@x.org> <a@x.org>\n",
      body: "long\n".repeat(99),
    }),
    dated("e", 5, "References: <b@x.org>\n"),
  ]);
  place.create("Maildir", "dir", [dated("c", 3), dated("a", 1), dated("b", 2)]);
});
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

const list = (...argv: string[]) => {
  const { status, values, problems } = place.json("message", argv);
  expect(problems).toEqual([]);
  return `${status}: ${values.map(({ subject }) => subject).join("")}`;
};

test.each([
  [["--limit", "2"], "0: ca"],
  [["--limit", "9"], "0: cabde"],
  [["--newest"], "0: edbac"],
  [["--limit", "2", "--newest"], "0: ed"],
  [["--newest", "from:ann"], "0: edac"],
  [["--newest", "--limit", "1", "subject:c or subject:a"], "0: a"],
  [["--newest", "1-3"], "0: bac"],
  [["--newest", "from:nobody"], "1: "],
  [["--sort", "date"], "0: abced"],
  [["--sort", "-date"], "0: decba"],
  [["--sort", "subject", "--limit", "3"], "0: abc"],
  [["--sort", "from"], "0: cadeb"],
  [["--sort", "-size", "--limit", "1"], "0: d"],
  [["--sort", "-subject", "from:ann"], "0: edca"],
])("mail --json %j lists messages in this order: %s", (argv, wanted) => {
  expect(list(...argv, "-f", "box")).toBe(wanted);
});

test("in a large mailbox, --newest reverses the complete list, and --limit lists only the first messages", () => {
  place.create(
    "mbox",
    "large",
    Array.from({ length: 2100 }, (_, at) => letter(`${at + 1}`)),
  );
  const all = Array.from({ length: 2100 }, (_, at) => at + 1);
  const numbers = (...argv: string[]) =>
    place.json("message", [...argv, "-f", "large"]).values.map((each) => each["number"]);
  expect(numbers()).toEqual(all);
  expect(numbers("--newest")).toEqual([...all].reverse());
  expect(numbers("--limit", "1500")).toEqual(all.slice(0, 1500));
  expect(numbers("--limit", "1500", "--newest")).toEqual([...all].reverse().slice(0, 1500));
  expect(numbers("--limit", "1500", "--newest", "not subject:x").slice(-2)).toEqual([602, 601]);
});

test("a deleted message in a Maildir is not listed, with or without --newest", () => {
  place.create("Maildir", "partly", [letter("a"), letter("b"), letter("c")]);
  const second = readdirSync(join(place.home, "partly/new")).sort()[1] ?? "";
  renameSync(join(place.home, "partly/new", second), join(place.home, "partly/cur", `${second}:2,ST`));
  const numbers = (...argv: string[]) =>
    place.json("message", [...argv, "-f", "partly"]).values.map((each) => each["subject"]);
  expect(numbers().sort()).toEqual(["a", "c"]);
  expect(numbers("--newest")).toEqual(numbers().reverse());
});

test.each([
  [["--newest", "--limit", "2"], "0: ba"],
  [["--sort", "subject"], "0: abc"],
])("in a Maildir, mail --json %j lists messages in this order: %s", (argv, wanted) => {
  expect(list(...argv, "-f", "dir")).toBe(wanted);
});

test("--thread groups messages, and each message has the id of the first message in its thread", () => {
  const ids = place.ids("box");
  const { values } = place.json("message", ["--thread", "-f", "box"]);
  const threads = Object.fromEntries(values.map(({ subject, thread }) => [subject, thread]));
  expect(threads).toEqual({
    c: { root: ids["c"], depth: 0 },
    a: { root: ids["c"], depth: 1 },
    d: { root: ids["c"], depth: 2 },
    b: { root: ids["b"], depth: 0 },
    e: { root: ids["b"], depth: 1 },
  });
  const order = values.map(({ subject }) => subject).join("");
  expect(["cadbe", "becad"]).toContain(order);
});

test("--text, --parts and --all-headers add only the fields that were requested", () => {
  const keys = (...argv: string[]) => Object.keys(place.json("message", [...argv, "-f", "box", "1"]).values[0] ?? {});
  const usual = keys();
  expect(keys("--text").slice(usual.length)).toEqual(["text", "isTruncated"]);
  expect(keys("--parts").slice(usual.length)).toEqual(["parts"]);
  expect(keys("--all-headers", "--text").slice(usual.length)).toEqual(["text", "isTruncated", "headers"]);
});

test("control characters from a message are escaped in all fields", () => {
  const hostile = "\u001b[2J \u009b31m \u2028 \u007f";
  place.create("mbox", "hostile", [
    letter("x", {
      from: `"${hostile}" <a@x.org>`,
      fields: `Content-Type: text/plain; charset=utf-8; name="${hostile}"\nX-Other: ${hostile}\n`,
      body: hostile,
    }),
  ]);
  const { values } = place.json("message", ["--text", "--parts", "--all-headers", "-f", "hostile"]);
  expect(values[0]?.["text"]).toContain(hostile);
  expect(values[0]?.["headers"]).toContainEqual({ name: "X-Other", value: hostile });
});
