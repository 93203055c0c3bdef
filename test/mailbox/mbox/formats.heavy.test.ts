/**
 * Tests the real program with every common variant of mbox. Unchanged messages keep all their bytes. A new Status
 * changes only the header of its message.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Home, makeHome } from "../support/program.ts";

let home: Home;
let box: string;
beforeEach(() => {
  home = makeHome();
  box = join(home.path, "box");
});
afterEach(() => home.remove());

const from = "From a@x Sat Jan 16 18:22:00 2021\n";
const message = (fields: string, body: string) => `${from}${fields}Status: RO\n\n${body}\n`;
const last = message("Subject: last\n", "end\n");
const crlf = (text: string) => text.replaceAll("\n", "\r\n");
const long = "x".repeat(100_000_000);

/** Each row has a description, the mailbox's contents and the number of messages. */
const formats: [string, () => string, number][] = [
  ["mboxo", () => message("Subject: a\n", ">From here\nbody\n") + last, 2],
  ["mboxrd", () => message("Subject: a\n", ">>From here\n>From there\n") + last, 2],
  ["CRLF", () => crlf(message("Subject: a\n", "body\n") + last), 2],
  ["CRLF in part", () => crlf(message("Subject: a\n", "body\n")) + last, 2],
  ["NUL bytes", () => message("Subject: a\0b\n", "bo\0dy\0\n") + last, 2],
  ["bytes of no charset", () => message("Subject: \xe4\xff\n", "\x80\xff\xfe\n") + last, 2],
  ["lone CRs", () => message("Subject: a\rb\n", "b\rc\n") + last, 2],
  ["no final newline", () => last.slice(0, -2), 1],
  ["no final empty line", () => last.slice(0, -1), 1],
  ["more empty lines at the end", () => `${last}\n\n\n`, 1],
  ["empty messages", () => message("Subject: a\n", "") + message("", "") + last, 3],
  ["a header that just stops", () => `${from}Subject: a\nStatus: RO\n`, 1],
  ["text before the first message", () => `garbage\n\n${last}`, 1],
  ["a Content-Length that is too large", () => message("Content-Length: 100000\n", "body\n") + last, 2],
  ["a Content-Length that is too small", () => message("Content-Length: 1\n", "body\n") + last, 2],
  ["a Content-Length below nothing", () => message("Content-Length: -5\n", "body\n") + last, 2],
  ["a body line of 100 MB", () => message("Subject: a\n", `${long}\n`) + last, 2],
  ["a header line of 100 MB", () => message(`X: ${long}\n`, "body\n") + last, 2],
];

describe.each(formats)("%s", (_shows, content, count) => {
  test("all messages are found, and a quit without changes writes nothing", () => {
    const before = Buffer.from(content(), "latin1");
    writeFileSync(box, before);
    const { out, err, status } = home.mail(["-f", "box"], ["q"]);
    expect(out).toMatch(new RegExp(`^"box": ${count} messages?\\n`, "m"));
    expect([err, status]).toEqual(["", 0]);
    expect(readFileSync(box).equals(before)).toBe(true);
  });

  test("a new Status changes only that message's header", () => {
    const before = Buffer.from(content(), "latin1");
    writeFileSync(box, before);
    expect(home.mail(["-f", "box"], ["unread 1", "q"]).status).toBe(0);
    const at = before.indexOf("Status: RO") + "Status: ".length;
    const expected = Buffer.concat([before.subarray(0, at), before.subarray(at + 1)]);
    expect(readFileSync(box).equals(expected)).toBe(true);
  });
});
