import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { kinds, letter, makePlace, readMessages } from "./support/boxes.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

const pdf = `Content-Type: multipart/mixed; boundary=cut\n`;
const parts =
  "--cut\n\nhello\n--cut\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\naGkK\n--cut--";
const letters = [letter("one"), letter("two", { fields: pdf, body: parts }), letter("three", { from: "cron@y.org" })];

describe.each(kinds)("for a mailbox in %s format", (kind) => {
  let ids: Record<string, string>;
  const id = (subject: string) => ids[subject] as string;

  beforeEach(() => {
    for (const name of ["box", "old", "parts"]) rmSync(join(place.home, name), { recursive: true, force: true });
    place.create(kind, "box", letters);
    ids = place.ids("box");
  });

  test("--delete removes the messages with the given IDs and leaves the states of other messages unchanged", () => {
    const before = readMessages(join(place.home, "box"));
    const { status, values, problems } = place.json("act", ["--delete", "-f", "box", `id:${id("one")}`]);
    expect({ status, problems }).toEqual({ status: 0, problems: [] });
    expect(values).toEqual([{ version: 1, act: "delete", id: id("one"), done: true, reason: null, to: null }]);
    expect(readMessages(join(place.home, "box"))).toEqual(before.slice(1));
    const left = place.json("message", ["-f", "box"]).values;
    expect(left.map(({ state, id: each }) => [state, each])).toEqual([
      ["new", id("two")],
      ["new", id("three")],
    ]);
  });

  test("the id: prefix is optional, and options may follow the arguments", () => {
    const { status, stdout } = place.run([id("two"), "--delete", "-f", "box"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${id("two")}: deleted\n` });
    expect(place.subjects("box")).toEqual(["one", "three"]);
  });

  test("only the messages that match a query are deleted", () => {
    expect(place.run(["--delete", "-f", "box", "from:cron", "or", "subject:one"]).status).toBe(0);
    expect(place.subjects("box")).toEqual(["two"]);
  });

  test("if a message is gone, the exit code is 1, the reason is `gone`, and nothing is changed", () => {
    expect(place.run(["--delete", "-f", "box", id("one")]).status).toBe(0);
    const before = readMessages(join(place.home, "box"));
    for (const act of [["--delete"], ["--move", "./old"], ["--copy", "./old"], ["--mark", "read"]]) {
      const { status, values, problems } = place.json("act", [
        ...act,
        "-f",
        "box",
        `id:${id("one")}`,
        `id:${id("two")}`,
      ]);
      expect({ status, problems }).toMatchObject({ status: 1, problems: [{ error: { code: 1, reason: "gone" } }] });
      expect(values.map(({ done, reason }) => [done, reason])).toEqual([
        [false, "gone"],
        [false, "not attempted"],
      ]);
    }
    expect(readMessages(join(place.home, "box"))).toEqual(before);
    expect(readMessages(join(place.home, "old"))).toEqual([]);
  });

  test("--dry-run reports what would be done and changes nothing", () => {
    const before = readMessages(join(place.home, "box"));
    const dry = (...argv: string[]) => place.json("act", ["--dry-run", ...argv, "-f", "box", "from:ann"]);
    for (const act of [
      ["--delete"],
      ["--move", "./old"],
      ["--copy", "./old"],
      ["--mark", "read"],
      ["--save-parts", "."],
    ]) {
      const { status, values } = dry(...act);
      expect({ status, ids: values.map((each) => each["id"]) }).toEqual({ status: 0, ids: [id("one"), id("two")] });
      expect(values.map(({ done, reason }) => [done, reason])).toEqual([
        [false, "dry run"],
        [false, "dry run"],
      ]);
    }
    expect(readMessages(join(place.home, "box"))).toEqual(before);
    expect(readdirSync(place.home)).not.toContain("old");
    expect(place.run(["--dry-run", "--delete", "-f", "box", id("one")]).stdout).toBe(
      `${id("one")}: would be deleted\n`,
    );
  });

  test.each(kinds)("--move moves messages to a folder in %s format and leaves them unread", (other) => {
    if (other === "Maildir") place.create(other, "old", []);
    const { values } = place.json("act", ["--move", "./old", "-f", "box", "from:ann"]);
    expect(values.map(({ done, to }) => [done, to])).toEqual([
      [true, join(place.home, "old")],
      [true, join(place.home, "old")],
    ]);
    expect(place.subjects("box")).toEqual(["three"]);
    expect(place.subjects("old").sort()).toEqual(["one", "two"]);
    expect(place.json("message", ["-f", "old"]).values.map(({ state }) => state)).not.toContain("read");
  });

  test.each(kinds)(
    "--copy copies messages to a folder in %s format, leaves the copies unread, and keeps the originals",
    (other) => {
      if (other === "Maildir") place.create(other, "old", []);
      const before = readMessages(join(place.home, "box"));
      expect(place.json("act", ["--copy", "./old", "-f", "box", id("one")]).values).toMatchObject([{ done: true }]);
      expect(readMessages(join(place.home, "box"))).toEqual(before);
      expect(place.subjects("old")).toEqual(["one"]);
      expect(place.json("message", ["-f", "old"]).values.map(({ state }) => state)).not.toContain("read");
    },
  );

  test("--mark changes the marks of the selected messages and of no others", () => {
    const flagsOf = (subject: string) =>
      place.json("message", ["-f", "box"]).values.find((each) => each["subject"] === subject)?.["flags"];
    const mark = (state: string) => place.json("act", ["--mark", state, "-f", "box", id("two")]);
    for (const state of ["read", "flagged", "answered", "draft"]) {
      expect(mark(state).values).toMatchObject([{ act: "mark", done: true, to: state }]);
      expect(flagsOf("two")).toContain(state);
    }
    mark("unflagged");
    mark("unread");
    expect(flagsOf("two")).toEqual(["answered", "draft"]);
    expect([flagsOf("one"), flagsOf("three")]).toEqual([[], []]);
    expect(place.ids("box")).toEqual(ids);
  });

  test("--save-parts --dry-run reports the files that --save-parts would create", () => {
    mkdirSync(join(place.home, "parts"));
    writeFileSync(join(place.home, "parts/a.pdf"), "mine");
    const save = (...argv: string[]) =>
      place.json("act", ["--save-parts", "parts", ...argv, "-f", "box", id("one"), id("two")]).values;
    const planned = save("--dry-run");
    expect(planned).toMatchObject([
      { done: false, files: [] },
      { done: false, reason: "dry run" },
    ]);
    expect(readdirSync(join(place.home, "parts"))).toEqual(["a.pdf"]);
    expect(save().map(({ files }) => files)).toEqual(planned.map(({ files }) => files));
  });

  test.each([
    { act: ["--move", "./none/old"], reason: "ENOENT" },
    { act: ["--copy", "./none/old"], reason: "ENOENT" },
    { act: ["--move", ""], reason: "usage" },
    { act: ["--copy", "./box"], reason: "same folder" },
  ])("$act fails with and without --dry-run, for the same reason", ({ act, reason }) => {
    const before = readMessages(join(place.home, "box"));
    for (const dry of [["--dry-run"], []]) {
      const { status, values, problems } = place.json("act", [...act, ...dry, "-f", "box", id("one")]);
      expect({ values, problems }).toMatchObject({ values: [], problems: [{ error: { code: status, reason } }] });
    }
    expect(readMessages(join(place.home, "box"))).toEqual(before);
  });

  test("--save-parts saves attachments, overwrites no file, and accepts messages without attachments", () => {
    mkdirSync(join(place.home, "parts"));
    writeFileSync(join(place.home, "parts/a.pdf"), "mine");
    const { status, values } = place.json("act", ["--save-parts", "parts", "-f", "box", "from:ann"]);
    expect(status).toBe(0);
    expect(values.map(({ files }) => files)).toEqual([[], [join(place.home, "parts/a (1).pdf")]]);
    expect(readFileSync(join(place.home, "parts/a (1).pdf"), "utf8")).toBe("hi\n");
    expect(readFileSync(join(place.home, "parts/a.pdf"), "utf8")).toBe("mine");
    expect(place.json("act", ["--save-parts", "nix", "-f", "box", "from:ann"])).toMatchObject({
      status: 73,
      problems: [{ error: { reason: "not a directory" } }],
    });
  });

  test("--part writes the decoded bytes of a part", () => {
    expect(place.run(["--part", "2", id("two"), "-f", "box"])).toMatchObject({ status: 0, stdout: "hi\n", stderr: "" });
    expect(place.run(["--part", "9", id("two"), "-f", "box"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `mail: ${id("two")}: no part 9; mail --show --json id:${id("two")} lists the parts\n`,
    });
    expect(place.run(["--part", "1", "m-00000000000000000000000000000000", "-f", "box"])).toMatchObject({ status: 1 });
  });

  test("--show prints one message in full and leaves it unread", () => {
    const before = readMessages(join(place.home, "box"));
    const [plain] = place.json("message", ["--show", id("one"), "-f", "box"]).values;
    expect(plain?.["text"]).toBe("body of one\n");
    for (const words of [[id("two")], [`id:${id("two")}`], ["subject:two"]]) {
      const [shown] = place.json("message", ["--show", ...words, "-f", "box"]).values;
      expect(shown).toMatchObject({
        id: id("two"),
        state: "new",
        text: "hello\n",
        isTruncated: false,
        parts: [
          { number: "1", type: "text/plain", name: null },
          { number: "2", type: "application/pdf", name: "a.pdf", size: 3 },
        ],
      });
      const headers = shown?.["headers"] as { name: string }[];
      expect(headers.map(({ name }) => name)).toContain("Content-Type");
    }
    expect(place.json("message", ["--show", "from:ann", "-f", "box"])).toMatchObject({
      status: 64,
      values: [],
      problems: [{ error: { reason: "too many matches" } }],
    });
    expect(place.json("message", ["--show", "from:zoe", "-f", "box"])).toEqual({ status: 1, values: [], problems: [] });
    for (const missing of ["id:m-1", `m-${"0".repeat(32)}`])
      expect(place.json("message", ["--show", missing, "-f", "box"])).toMatchObject({
        status: 1,
        values: [],
        problems: [{ error: { code: 1, reason: "gone" } }],
      });
    expect(readMessages(join(place.home, "box"))).toEqual(before);
  });

  test("a query that matches more messages than --at-most allows is refused", () => {
    const refused = place.json("act", ["--delete", "--at-most", "1", "-f", "box", "from:ann"]);
    expect(refused).toMatchObject({ status: 64, values: [], problems: [{ error: { reason: "too many matches" } }] });
    expect(place.subjects("box")).toHaveLength(3);
    expect(place.run(["--delete", "--at-most", "2", "-f", "box", "from:ann"]).status).toBe(0);
    expect(place.subjects("box")).toEqual(["three"]);
  });

  test.each([["1"], ["1-2"], ["from:ann", "and", "2"], ["$"], ["."], ["+"]])(
    "message numbers are refused: %s",
    (...words) => {
      const refused = place.json("act", ["--delete", "-f", "box", ...words]);
      expect(refused).toMatchObject({ status: 64, values: [], problems: [{ error: { reason: "invalid query" } }] });
      expect(place.subjects("box")).toHaveLength(3);
    },
  );

  test("if a query matches nothing, the exit code is 1", () => {
    expect(place.json("act", ["--delete", "-f", "box", "from:zoe"])).toMatchObject({
      status: 1,
      values: [],
      problems: [{ error: { reason: "no match" } }],
    });
  });

  test("messages are not moved or copied into the mailbox that already contains them", () => {
    symlinkSync("box", join(place.home, "old"));
    for (const act of ["--move", "--copy"])
      expect(place.json("act", [act, "./old", "-f", "box", id("one")])).toMatchObject({
        status: 64,
        problems: [{ error: { reason: "same folder" } }],
      });
    expect(place.subjects("box")).toHaveLength(3);
  });
});

test("if identical copies share an ID, an action on that ID affects one copy; if the ID is given twice, two copies are affected", () => {
  place.create("mbox", "copies", [letter("same"), letter("other"), letter("same"), letter("same")]);
  const { same } = place.ids("copies");
  expect(place.run(["--delete", "-f", "copies", `id:${same}`]).status).toBe(0);
  expect(place.subjects("copies")).toEqual(["other", "same", "same"]);
  expect(place.run(["--delete", "-f", "copies", `id:${same}`, `id:${same}`]).status).toBe(0);
  expect(place.subjects("copies")).toEqual(["other"]);
});

test("without -f, actions use the system mailbox, and messages that have been read are not moved to mbox", () => {
  place.create("mbox", "spool", [letter("read", { fields: "Status: RO\n" }), letter("new")]);
  expect(place.run(["--mark", "flagged", "subject:read"]).status).toBe(0);
  expect(place.run(["--delete", "subject:new"]).status).toBe(0);
  expect(place.subjects("spool")).toEqual(["read"]);
  expect(place.run(["--delete", "subject:read"]).status).toBe(0);
  expect(place.json("act", ["--delete", "id:m-00000000000000000000000000000000"])).toMatchObject({
    status: 1,
    values: [{ reason: "gone" }],
    problems: [{ error: { reason: "gone" } }],
  });
  expect(place.json("act", ["--delete", "subject:read"])).toMatchObject({
    status: 1,
    problems: [{ error: { reason: "no match" } }],
  });
  expect(readdirSync(place.home)).not.toContain("mbox");
});

test.each([
  [["--delete", "--move", "x", "id:a"]],
  [["--delete"]],
  [["--delete", "-s", "subject", "id:a"]],
  [["--delete", "-R", "id:a"]],
  [["--delete", "--count", "id:a"]],
  [["--delete", "-t", "id:a"]],
  [["--mark", "red", "id:a"]],
  [["--at-most", "3"]],
  [["--at-most", "x", "--delete", "id:a"]],
  [["--reply", "a", "--all", "--sender"]],
  [["--reply", "a", "b"]],
  [["--quote", "x@y"]],
  [["--forward", "a"]],
  [["--part", "1"]],
  [["--part", "1", "a", "b"]],
  [["--show"]],
  [["--limit", "0"]],
  [["--sort", "colour"]],
  [["--thread", "--newest"]],
  [["--newest", "--sort", "date"]],
  [["--count", "--limit", "3"]],
  [["--print"]],
  [["--wait", "-1"]],
  [["--wait", "soon"]],
  [["--track", "--delete", "id:a"]],
  [["--no-such-option"]],
  [["--limit"]],
])("conflicting or invalid options cause exit code 64 (%j)", (argv) => {
  const { status, values, problems } = place.json("act", argv);
  expect({ status, values, problems }).toMatchObject({
    status: 64,
    values: [],
    problems: [{ error: { code: 64, reason: "usage" } }],
  });
});

test.each(["--limit", "--newest", "--thread", "--text", "--parts", "--all-headers"])(
  "%s without --json is refused",
  (option) => {
    const argv = option === "--limit" ? [option, "1"] : [option];
    expect(place.run([...argv, "-f", "box"])).toMatchObject({ status: 64, stdout: "" });
  },
);

test.each([["--delete"], ["--move", "./old"], ["--mark", "read"]])(
  "%s in a read-only mailbox fails with and without --dry-run, for the same reason",
  (...act) => {
    place.create("mbox", "packed", letters);
    writeFileSync(join(place.home, "packed.gz"), gzipSync(readFileSync(join(place.home, "packed"))));
    for (const dry of [["--dry-run"], []])
      expect(place.json("act", [...act, ...dry, "-f", "packed.gz", "subject:one"])).toMatchObject({
        status: 77,
        values: [],
        problems: [{ error: { code: 77, reason: "read-only mailbox" } }],
      });
  },
);

test("output from start-up files is not part of the result", () => {
  place.create("mbox", "inbox", letters);
  writeFileSync(join(place.home, ".mailrc"), "echo hola\nset nonsense=1\nbogus\n");
  const { status, values, problems } = place.json("message", ["-f", "inbox", "subject:one"]);
  rmSync(join(place.home, ".mailrc"));
  expect({ status, subjects: values.map(({ subject }) => subject) }).toEqual({ status: 0, subjects: ["one"] });
  expect(problems[0]).toEqual({ warning: { message: "hola" } });
});

test.each([
  [["--part", "1"], "1"],
  [["--json"], "from:ann"],
  [["--json", "--show"], "from:ann"],
  [["--count"], "from:ann"],
  [["--print"], "from:ann"],
  [["--wait", "0", "--present"], "from:ann"],
  [["-L", "from:ann"], ""],
  [["--folders"], ""],
  [["--queue"], ""],
  [["--json-schema"], ""],
] as const)("%j with --dry-run is refused, because it would be ignored", (form, word) => {
  place.create("mbox", "file", letters);
  const file = /^--(?:folders|queue|json-schema)$/.test(form[0]) ? [] : ["-f", "file"];
  const { status, stdout, stderr } = place.run([...form, "--dry-run", ...file, word].filter((each) => each !== ""));
  expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
  expect(stderr).toMatch(/--dry-run.* cannot be used together/);
});

test.each([["--delete"], ["--show"], ["--mark", "read"]])("%s refuses an empty query", (...form) => {
  place.create("mbox", "file", letters);
  expect(place.json("message", [...form, "-f", "file", " "])).toMatchObject({
    status: 64,
    problems: [{ error: { reason: "invalid query", message: expect.stringMatching(/^The query is empty;/) } }],
  });
});

describe.each([
  ["an empty file", ["-f", "empty"]],
  ["an empty system mailbox", []],
  ["a missing system mailbox", []],
] as const)("for %s", (name, file) => {
  beforeEach(() => {
    place.create("mbox", "empty", []);
    if (name === "an empty system mailbox") place.create("mbox", "spool", []);
    else rmSync(join(place.home, "spool"), { force: true });
  });

  test.each([
    [["--json"], "since:nonsense"],
    [["--json"], ":x"],
    [["--json"], '"a'],
    [["--show"], "is:new and"],
    [["--show"], "3"],
    [["--count"], "(is:new"],
    [["--delete"], "size:x"],
    [["--mark", "read"], "7"],
    [["--wait", "0"], "since:nonsense"],
  ])("%j refuses the invalid query %j", (form, query) => {
    expect(place.json("message", [...form, ...file, query])).toMatchObject({
      status: 64,
      values: [],
      problems: [{ error: { code: 64, reason: "invalid query" } }],
    });
  });

  test("a valid list or query matches nothing", () => {
    for (const query of [":n", "and", "1-3", "from:ann and 1", "since:1d"])
      expect(place.json("message", [...file, query])).toEqual({ status: 1, values: [], problems: [] });
  });
});
