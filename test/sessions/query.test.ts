import { afterEach, expect, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";
import { mail } from "./support/sandbox.ts";

afterEach(removeSandboxes);

const spool = [
  mail({ from: "cron@example.org", subject: "backup done", status: "RO" }),
  mail({ from: "ann@example.org", subject: "hola", body: "The disk is full.\n" }),
  mail({ from: "cron@example.org", subject: "Disk full" }),
];

test("a query is accepted in place of any message list, and undo reverses the command's changes", async () => {
  const { read } = await onTerminal({ spool })`
    $ mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 3 messages 2 new
    & f subject:"disk full" or body:disk
    >N  2 ann@example.org    Sat Jan 16 18:22    7/111   hola
     N  3 cron@example.org   Sat Jan 16 18:22    7/107   Disk full
    & d from:cron and not is:new
    & d before:2022
    & undo
    Undid "d before:2022": 2 deletions
    & s from:cron since:2021-01-01 cronmail
    "cronmail" [New file]
    & f from:nobody and is:new
    No messages satisfy from:nobody and is:new
    & d since:whenever
    Bad date "whenever" in since:; for example 2d, 12h, 3w, 6m, 1y, today, monday, 2026-01 or 2026-01-31
    & | from:cron grep -c Subject >count
    & q
    Held 1 message in {HOME}/spool
  `;
  expect(read("count")).toBe("1\n");
  expect(read("cronmail")).toContain("Subject: Disk full");
});
