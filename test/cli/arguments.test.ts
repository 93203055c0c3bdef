/** Tests option forms from other clients' command lines; the meaning of an option can depend on its value. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CommandLine } from "../../src/cli/command-line.ts";
import { expandArguments } from "../../src/cli/expand-arguments.ts";
import { parseArguments } from "../../src/cli/parse.ts";
import { type FileKind, readFieldOrFile } from "../../src/cli/part-options.ts";
import { readSubject } from "../../src/cli/subject-lines.ts";
import type { MailError } from "../../src/errors.ts";

async function parse(argv: readonly string[]): Promise<CommandLine> {
  const given = await parseArguments(argv, () => {});
  if (given === undefined) throw new Error("printed");
  return given;
}

async function complaint(argv: readonly string[]): Promise<readonly [number, string]> {
  const error = (await parse(argv).catch((each: unknown) => each)) as MailError;
  return [error.exit, error.message];
}

describe("the option names of each client are accepted", () => {
  test.each([
    [["--subj=S"], ["--subject=S"]],
    [
      ["--subject", "S"],
      ["--subject", "S"],
    ],
    [["--return-address=a@x"], ["--from=a@x"]],
    [
      ["--from-address", "a@x"],
      ["--from", "a@x"],
    ],
    [["--app=X-A: 1"], ["--header=X-A: 1"]],
    [["--head"], ["--headers"]],
    [["--to"], ["--recipients-from-header"]],
    [["--template"], ["--recipients-from-header"]],
    [["--exist"], ["--exists"]],
    [
      ["--norc", "--nosum"],
      ["--without-system-rc", "--without-header-list"],
    ],
    [["--file=box"], ["-f", "box"]],
    [["--file=-box"], ["-f", "./-box"]],
    [
      ["--file", "box"],
      ["--file", "box"],
    ],
    [["--read"], ["--print"]],
    [["--exec=set x"], ["--startup-cmd=set x"]],
    [["--usage"], ["--help"]],
    [["-?"], ["--help"]],
    [["--no-mime"], ["--without-mime"]],
    [["--no-mime", "--mime"], []],
    [["--alternative", "--no-alternative"], []],
    [["--skip-empty-attachments", "--no-skip-empty-attachments"], []],
    [["--debug-level=mailer.error", "--no-config", "-B"], []],
    [["--debug-level", "mailer.error", "a@x"], ["a@x"]],
    [
      ["-nEs", "S", "a@x"],
      ["-n", "-E", "-s", "S", "a@x"],
    ],
    [["-Ssmtp=x"], ["-S", "smtp=x"]],
    [
      ["-.", "-weird@x"],
      ["--end-options", "--", "-weird@x"],
    ],
    [["-vQ"], ["-vQ"]],
  ])("%j", (argv, words) => expect(expandArguments(argv).words).toEqual(words));

  test("an ambiguous prefix is refused, and the possible names are listed", async () => {
    expect(await complaint(["--content", "x"])).toEqual([
      64,
      expect.stringMatching(/^mail: --content: ambiguous; use --content-\S+ or --content-/),
    ]);
  });
});

describe("the value determines the meaning of an option letter", () => {
  test.each([
    [
      ["-E", "set escape", "a@x"],
      ["--startup-cmd=set escape", "a@x"],
    ],
    [
      ["-Eset escape", "a@x"],
      ["--startup-cmd=set escape", "a@x"],
    ],
    [
      ["-E", "a@x"],
      ["-E", "a@x"],
    ],
    [
      ["-E", "set"],
      ["-E", "set"],
    ],
    [
      ["-M", "text/html", "a@x"],
      ["--body-type=text/html", "a@x"],
    ],
    [["-Mtext/html; charset=utf-8"], ["--body-type=text/html; charset=utf-8"]],
    [
      ["-vM", "text/html"],
      ["-v", "--body-type=text/html"],
    ],
    [["-M", "a@x"], ["a@x"]],
    [["-M", "/var/mail"], ["/var/mail"]],
    [
      ["-M", "-s", "S"],
      ["-s", "S"],
    ],
    [
      ["-m", "body.txt", "a@x"],
      ["--body-file=body.txt", "a@x"],
    ],
    [
      ["-m", "-s", "S", "a@x"],
      ["--without-mime", "-s", "S", "a@x"],
    ],
    [
      ["-ms", "S", "a@x"],
      ["--without-mime", "-s", "S", "a@x"],
    ],
  ])("%j", (argv, words) => expect(expandArguments(argv).words).toEqual(words));

  test.each([
    [["-e", "-s", "S", "a@x"], { exists: false, skipEmpty: true }],
    [["-e"], { exists: true, skipEmpty: false }],
    [["-T", "cc: b@x", "-T", "to:c@x", "a@x"], { cc: ["b@x"], words: ["a@x", "c@x"] }],
    [["-a", "", "a@x"], { header: [], attach: [] }],
    [["-F", "-R", "-#", "-:", "/"], { recordByName: true, readOnly: true, batch: true, resourceFiles: "/" }],
    [["-p"], { print: true }],
  ])("%j", async (argv, meaning) => expect(await parse(argv)).toMatchObject(meaning));
});

describe("GNU mail's labels apply to the attachments that follow them", () => {
  test.each([
    [
      ["--content-type=text/html", "-A", "a", "-A", "b"],
      [
        { path: "a", type: "text/html" },
        { path: "b", type: "text/html" },
      ],
    ],
    [
      ["--content-filename=n", "--attach=a", "-A", "b"],
      [{ path: "a", fileName: "n" }, { path: "b" }],
    ],
    [["--content-name=n", "--attach-fd=5"], [{ path: "/dev/fd/5", name: "n" }]],
    [
      ["--attach=a", "--encoding=8bit", "-A", "b"],
      [{ path: "a" }, { path: "b", encoding: "8bit" }],
    ],
  ])("%j", async (argv, attach) => {
    const given = await parse([...argv, "a@x"]);
    expect(given.attach).toEqual(attach);
    expect(given.bodyEncoding).toBeUndefined();
  });

  test("a label that is not followed by an attachment applies to the body", async () => {
    const given = await parse(["--attach=a", "--content-type=text/html", "--encoding=base64", "a@x"]);
    expect([given.attach, given.bodyType, given.bodyEncoding]).toEqual([
      [{ path: "a" }],
      { type: "text/html" },
      "base64",
    ]);
  });
});

describe("contradictory and invalid options are refused", () => {
  test.each([
    [["a@x", "--", "-f", "b@x"], '"-f": an option of sendmail'],
    [["a@x", "--", "-FName", "-fb@x"], '"-FName": an option of sendmail'],
    [["a@x", "-.", "-odb"], '"-odb": an option of sendmail'],
    [["--count", "-s", "S", "a@x"], "--count and -s cannot be used together"],
    [["--print", "-c", "b@x"], "--print and -c"],
    [["--count", "-t"], "--count and -t"],
    [["--count", "-a", "X-A: 1"], "--count and -a"],
    [["--json", "-f", "box", "-a", "X-A: 1"], "--json and -a"],
    [["--from-json", "-s", "x", "a@x"], "--from-json and -s"],
    [["--from-json", "a@x"], '"a@x": unexpected argument'],
    [["--send", "id:x", "--draft"], "--send and --draft"],
    [["--send", "id:x", "a@x"], '"a@x": unexpected argument'],
    [["--again", "a@x"], "--again requires --send"],
    [["--show", "-f", "box", "id:m-1"], "--show can be used only to list messages with --json"],
    [["--limit", "5", "-f", "box", "from:ann"], "--limit can be used only to list messages with --json"],
    [["--delete", "id:x", "--draft"], "--delete and --draft"],
    [["--delete", "id:x", "--wait", "5"], "--delete and --wait"],
    [["--present", "a@x"], "--present requires --wait"],
    [["--wait", "5", "-s", "x", "a@x"], "--wait and -s"],
    [["--wait", "5", "--json", "--limit", "3"], "--wait and --limit"],
    [["--headers", "-s", "S", "a@x"], "-H and -s"],
    [["--headers", "a@x"], '-H: "a@x": unexpected argument'],
    [["--exists", "-s", "S", "a@x"], "--exists and -s"],
    [["--exist", "a@x"], '--exists: "a@x"'],
    [["-L", "from:a", "a@x"], '-L: "a@x"'],
    [["--queue", "--flush"], "--queue and --flush"],
    [["--config", "a@x"], '--config: "a@x"'],
    [["--check", "a@x", "b@x"], '--check: "b@x"'],
    [["--count", "--print"], "--count and --print"],
    [["--run", "true", "--count"], "--run and --count"],
    [["--content-filename=n", "a@x"], "--content-filename: no attachment follows"],
    [["-A", "a", "--content-name=n", "a@x"], "--content-name: no attachment follows"],
    [["--content-type=html", "a@x"], '--content-type: "html" is invalid'],
    [["--encoding=rot13", "a@x"], '--encoding: "rot13" is invalid'],
    [["--attach-fd=x", "a@x"], '--attach-fd: "x" is invalid'],
    [["--html", "-M", "text/plain", "a@x"], "--html and -M"],
    [["--no-mime", "-A", "a", "a@x"], "--without-mime and -A"],
    [["-m", "a", "-q", "b", "a@x"], "-m and -q"],
    [["-m", "a", "-t"], "-m and -t"],
    [["-T", "fcc: box", "a@x"], '-T "fcc: box"'],
    [["-:", "q"], '-: "q" is invalid'],
    [["-."], "-.: no recipients follow"],
    [["-a", "nocolon", "a@x"], 'not a header field of the form "Name: value", and not a file'],
  ])("%j", async (argv, message) => {
    expect(await complaint(argv)).toEqual([64, expect.stringContaining(message)]);
  });

  test.each([
    [["--", "-weird@x"], ["-weird@x"]],
    [["-f", "--", "-file"], ["-file"]],
    [["--count", "is:new"], ["is:new"]],
    [["--check", "a@x", "--json"], ["a@x"]],
    [["-a", "X-A: 1", "-N"], []],
  ])("%j is accepted", async (argv, words) => expect((await parse(argv)).words).toEqual(words));
});

describe("the argument of -a is a field or a file", () => {
  const kinds: Readonly<Record<string, FileKind>> = {
    "Subject: x": "file",
    "X-A: 1": "file",
    "List-Odd: 1": "file",
    "run: 12:30.log": "file",
    "report.csv": "file",
    "a=b.csv": "file",
    "/dev/fd/63": "pipe",
    fifo: "pipe",
  };
  const field = (text: string) => ({ field: text });
  const file = (path: string, more = {}) => ({ attach: { path, ...more } });

  test.each([
    ["Subject: x", field("Subject: x")],
    ["SUBJECT:x", field("SUBJECT:x")],
    ["X-A: 1", field("X-A: 1")],
    ["List-Odd: 1", field("List-Odd: 1")],
    ["Auto-Submitted: auto-generated", field("Auto-Submitted: auto-generated")],
    ["Odd: no such file", field("Odd: no such file")],
    ["run: 12:30.log", file("run: 12:30.log")],
    ["report.csv", file("report.csv")],
    ["report.csv=utf-8", file("report.csv", { charset: "utf-8" })],
    ["report.csv=latin1#utf-8", file("report.csv", { charset: "latin1#utf-8" })],
    ["a=b.csv", file("a=b.csv")],
    ["a=b.csv=koi8-r", file("a=b.csv", { charset: "koi8-r" })],
    ["/dev/fd/63", file("/dev/fd/63", { isLimited: true })],
    ["fifo", file("fifo", { isLimited: true })],
    ["nosuch.csv", undefined],
    ["nosuch.csv=utf-8", undefined],
    ["", undefined],
  ])("%j", (text, meant) => expect(readFieldOrFile(text, (path) => kinds[path] ?? "none")).toEqual(meant));

  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "mail-arguments-"));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  test("a directory is neither", async () => {
    expect(readFieldOrFile(home)).toBeUndefined();
    writeFileSync(join(home, "file"), "");
    expect(readFieldOrFile(join(home, "file"))).toEqual(file(join(home, "file")));
  });
});

describe("a subject that consists of several lines", () => {
  test.each([
    ["one line", { subject: "one line" }],
    ["S\nContent-Type: text/html", { subject: "S", contentType: "text/html" }],
    ["S\r\ncontent-type: text/html; charset=utf-8\r\n", { subject: "S", contentType: "text/html; charset=utf-8" }],
    [
      "S\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit",
      { subject: "S", contentType: "text/plain" },
    ],
    ["S\nContent-Type: text/html;", { subject: "S", contentType: "text/html" }],
    ["S\nMIME-Version: 1.0", { subject: "S" }],
    ["two\nlines", { subject: "two lines" }],
    ["S\nBcc: m@x", { subject: "S Bcc: m@x", joinedField: "Bcc: m@x" }],
    [
      "S\nContent-Type: text/html\nBcc: m@x",
      { subject: "S Content-Type: text/html Bcc: m@x", joinedField: "Content-Type: text/html" },
    ],
    [
      "S\nContent-Type: multipart/mixed",
      { subject: "S Content-Type: multipart/mixed", joinedField: "Content-Type: multipart/mixed" },
    ],
    [
      "S\nContent-Type: text/html; x=y",
      { subject: "S Content-Type: text/html; x=y", joinedField: "Content-Type: text/html; x=y" },
    ],
    ["S\n\nContent-Type: text/html", { subject: "S  Content-Type: text/html", joinedField: "Content-Type: text/html" }],
  ])("%j", (text, meant) => expect(readSubject(text)).toEqual(meant));
});
