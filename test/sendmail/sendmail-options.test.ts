/** Tests the command line of sendmail(8). */
import { expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import { parseSendmailOptions } from "../../src/sendmail/sendmail-options.ts";

const parse = (...argv: string[]) => parseSendmailOptions("sendmail", argv);

test.each([
  ["cron", ["-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"], { fullName: "CronDaemon", ignoreDots: true }],
  ["PHP's mail()", ["-t", "-i"], { recipientsFromHeader: true, ignoreDots: true, recipients: [] }],
  ["PHP's mail() with parameters", ["-t", "-i", "-fweb@x.org"], { sender: "web@x.org" }],
  ["bsd-mailx", ["-i", "-t", "-f", "a@x.org", "-m", "-v"], { sender: "a@x.org", verbose: true }],
  ["mutt", ["-oem", "-oi", "-f", "a@x.org", "--", "b@x.org"], { ignoreDots: true, recipients: ["b@x.org"] }],
  ["git send-email", ["-f", "a@x.org", "-i", "b@x.org", "c@x.org"], { recipients: ["b@x.org", "c@x.org"] }],
  ["letters in one word", ["-tiv"], { recipientsFromHeader: true, ignoreDots: true, verbose: true }],
  ["-o with a separate value", ["-o", "i", "a"], { ignoreDots: true, recipients: ["a"] }],
  ["the null sender", ["-f", "<>", "a"], { sender: "" }],
  ["an empty sender", ["-f", "", "a"], { sender: "" }],
  ["a sender in angle brackets", ["-r<a@x.org>", "a"], { sender: "a@x.org" }],
  [
    "notifications",
    ["-N", "success,delay", "-Rhdrs", "-V", "id-1", "a"],
    {
      dsn: { notify: ["success", "delay"], return: "HDRS", id: "id-1" },
    },
  ],
  [
    "options without an effect",
    ["-X", "/tmp/log", "-OQueueDirectory=/tmp", "-G", "-U", "-Ac", "-h", "3", "-n", "a"],
    {
      expandAliases: false,
      recipients: ["a"],
    },
  ],
  ["a recipient that begins with a dash", ["--", "-f"], { recipients: ["-f"], sender: undefined }],
  ["an option after a recipient", ["a@x.org", "-t"], { recipients: ["a@x.org", "-t"], recipientsFromHeader: false }],
])("the arguments of %s are accepted", (_caller, argv, expected) => {
  expect(parse(...argv)).toMatchObject(expected);
});

test.each([
  ["sendmail", ["-bp"], "list"],
  ["sendmail", ["-bi"], "check-aliases"],
  ["sendmail", ["-bm"], "send"],
  ["sendmail", ["-q"], "flush"],
  ["sendmail", ["-qf"], "flush"],
  ["mailq", [], "list"],
  ["newaliases", [], "check-aliases"],
  ["mail-sendmail", [], "send"],
  ["sendmail.js", ["--help"], "help"],
])("%s %j selects the task %s", (name, argv, mode) => {
  expect(parseSendmailOptions(name, argv).mode).toBe(mode);
});

test.each([
  [["-C", "/tmp/sendmail.cf", "a"], "-C"],
  [["-C/tmp/sendmail.cf", "a"], "-C"],
  [["-bs"], "-bs"],
  [["-bd"], "-bd"],
  [["-q30m"], "-q30m"],
  [["-Z", "a"], "-Z"],
  [["--unknown"], "--unknown"],
  [["-f"], "-f: requires an argument"],
  [["-N", "never,success", "a"], "-N"],
  [["-R", "half", "a"], "-R"],
  [["-V", "two words", "a"], "-V"],
  [["-B", "9BIT", "a"], "-B"],
  [["-q", "a"], '"a": unexpected argument'],
  [["-f", "a@x.org\nBcc: b@x.org", "a"], "line break"],
])("%j is refused with 64", (argv, reason) => {
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ exit: Exit.Usage }));
  expect(() => parse(...argv)).toThrow(reason);
});
