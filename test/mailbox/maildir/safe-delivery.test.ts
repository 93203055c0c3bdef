import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { appendMessages } from "../../../src/mailbox/append.ts";
import { deliver } from "../../../src/mailbox/deliver.ts";
import { removeAbandoned } from "../../../src/mailbox/maildir/directory.ts";
import { deliveryTime, nameWith, uniqueName } from "../../../src/mailbox/maildir/file-name.ts";
import { fileFrames, frameMessage } from "../../../src/mailbox/to-maildir.ts";
import { testAsRoot } from "../../conditions.ts";
import { filesOf, letter, makeMaildir } from "../support/maildir.ts";
import { type Home, makeHome } from "../support/program.ts";

let home: Home;
let maildir: string;

beforeEach(() => {
  home = makeHome();
  maildir = makeMaildir(join(home.path, "Maildir"));
});

afterEach(() => home.remove());

const nobody = 65534;
const delivery = (message: string) => ({
  sender: "ann@example.org",
  date: new Date(2021, 0, 16, 18, 22, 3),
  message: Buffer.from(message),
});

describe("file names", () => {
  test("file names are unique, and the delivery times in them are in ascending order", () => {
    const names = Array.from({ length: 5000 }, uniqueName);
    expect(new Set(names).size).toBe(5000);
    expect(names.map(deliveryTime)).toEqual(names.map(deliveryTime).sort((a, b) => a - b));
  });

  test("file names contain each flag once, in ASCII order", () => {
    expect(nameWith("1.host", "SFaSR")).toBe("1.host:2,FRSa");
  });
});

describe("deliveries", () => {
  test("a delivery creates one file in new, with Return-Path and an unquoted body, and leaves nothing in tmp", async () => {
    await deliver(maildir, delivery("Subject: one\n\nFrom here\n"), { lockwait: 1 });
    const [[name, content] = []] = filesOf(maildir);
    expect(name).toMatch(/^new\/\d+\.M\d{6}P\d+R[0-9a-f]+\./);
    expect(content).toBe("Return-Path: <ann@example.org>\nSubject: one\n\nFrom here\n");
    expect(readdirSync(join(maildir, "tmp"))).toEqual([]);
  });

  test("a killed delivery leaves a file in tmp, which is removed after 36 hours, regardless of its modification time", () => {
    const file = join(maildir, "tmp/1.host");
    writeFileSync(file, "half");
    utimesSync(file, new Date(0), new Date(0));
    const hours = (number: number) => Date.now() + number * 3600 * 1000;
    removeAbandoned(maildir, hours(35));
    expect(readdirSync(join(maildir, "tmp"))).toEqual(["1.host"]);
    removeAbandoned(maildir, hours(37));
    expect(readdirSync(join(maildir, "tmp"))).toEqual([]);
    rmSync(join(maildir, "tmp"), { recursive: true });
    removeAbandoned(maildir, hours(37));
  });

  test("a failed delivery leaves none of its messages behind", async () => {
    const messages = function* () {
      for (let number = 0; number < 100; number++) yield [Buffer.from(`From a b\nSubject: ${number}\n\nbody\n\n`)];
      throw new Error("the source is gone");
    };
    await expect(appendMessages(maildir, messages(), { lockwait: 1 })).rejects.toThrow("the source is gone");
    expect(filesOf(maildir).size).toBe(0);
    expect(readdirSync(join(maildir, "tmp"))).toEqual([]);
  });

  testAsRoot("of root into another's Maildir is made with that user's rights", async () => {
    chmodSync(home.path, 0o755);
    for (const place of [".", "tmp", "new", "cur"]) chownSync(join(maildir, place), nobody, nobody);
    await deliver(maildir, delivery("Subject: one\n\nbody\n"), { lockwait: 1 });
    const [[name = ""] = []] = filesOf(maildir);
    expect(lstatSync(join(maildir, name)).uid).toBe(nobody);
    // Root must not follow a link to a directory to which only root can write.
    const forbidden = join(home.path, "of-root");
    mkdirSync(forbidden, { mode: 0o755 });
    rmSync(join(maildir, "tmp"), { recursive: true });
    symlinkSync(forbidden, join(maildir, "tmp"));
    await expect(deliver(maildir, delivery("Subject: two\n\nbody\n"), { lockwait: 1 })).rejects.toThrow(
      "Permission denied",
    );
    expect(readdirSync(forbidden)).toEqual([]);
    expect(process.geteuid?.()).toBe(0);
  });

  test("a message in mbox form is delivered with its Status converted to flags and all other bytes unchanged", async () => {
    const body = fc
      .array(fc.constantFrom("x", "\n", "\r\n", "From here", ">From", "\0", "é"), { maxLength: 12 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const path = makeMaildir(join(home.path, `box${uniqueName()}`));
        const stored = Buffer.from(
          `From ann@x Sat Jan 16 18:22:03 2021\nX-Status: A\nSubject: s\nStatus: RO\n\n${text}\n\n`,
        );
        await appendMessages(path, [[stored.subarray(0, 30), stored.subarray(30)]], { lockwait: 1 });
        const [[name, content] = []] = filesOf(path);
        expect(name).toMatch(/^cur\/.*:2,RS$/);
        expect(content).toBe(Buffer.from(`Return-Path: <ann@x>\nSubject: s\n\n${text}\n`).toString("latin1"));
      }),
      { numRuns: 50 },
    );
  });
});

test("each message in a journal is delivered once, even if the journal is replayed", async () => {
  const content = (number: number) => [
    Buffer.from(letter("ann", `s${number}`)),
    Buffer.from("x".repeat(number * 70_000)),
  ];
  const frames = ["F", "", "S"].flatMap((flags, number) => [
    ...frameMessage(
      () => content(number),
      () => flags,
      { fromMaildir: true },
    ),
  ]);
  const whole = Buffer.concat(frames);
  // The pieces end in the middle of lines and messages.
  const pieces = function* () {
    for (let at = 0; at < whole.length; at += 4099) yield whole.subarray(at, at + 4099);
  };
  await fileFrames(maildir, pieces());
  writeFileSync(join(maildir, "new", "other"), "");
  await fileFrames(maildir, pieces());
  const contents = [...filesOf(maildir).values()].filter((text) => text !== "");
  expect(contents.sort()).toEqual([0, 1, 2].map((number) => content(number).join("")).sort());
});
