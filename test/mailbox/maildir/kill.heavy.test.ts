/**
 * Kills a session just before each of its write calls in turn, and then opens the mailbox again. No message may be lost
 * or duplicated.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { subjectsIn } from "../support/accounts.ts";
import { letter, makeMaildir } from "../support/maildir.ts";
import { type Home, makeHome } from "../support/program.ts";

const subjects = ["s1", "s2", "s3", "s4", "s5"];

function maildirSpool(home: Home): string {
  const files = subjects.map((subject, index) => [
    index < 2 ? `cur/160000000${index}.1.host:2,S` : `new/160000000${index}.1.host`,
    letter("ann@example.org", subject, "From here\n\nbody\n"),
  ]);
  return makeMaildir(join(home.path, "spool"), Object.fromEntries(files) as Record<string, string>);
}

function mboxSpool(home: Home): string {
  const path = join(home.path, "spool");
  const text = subjects.map((subject) => `From ann Sat Jan 16 18:22:03 2021\nSubject: ${subject}\n\nbody\n\n`);
  writeFileSync(path, text.join(""));
  return path;
}

const old = "From old Sat Jan 16 18:22:03 2021\nSubject: old\nStatus: RO\n\nbody\n\n";

// Messages 3 and 5 have been read, and are therefore moved to mbox; message 2 is deleted; message 4 is saved elsewhere
// and removed.
const lines = ["p 3", "d 2", "p 5", "s 4 kept/", "q"];

test.each<[string, (home: Home) => string, string, readonly string[]]>([
  ["a Maildir into an mbox", maildirSpool, "mbox", ["set append"]],
  ["an mbox into a Maildir", mboxSpool, "read/", []],
  [
    "a Maildir, with an edited message, into a Maildir",
    maildirSpool,
    "read/",
    ['set EDITOR="sed -i s/body/BODY/"', "e 1", "hold 1"],
  ],
])(
  "no message is lost or duplicated if a quit that moves %s is killed at any step",
  (_shows, makeSpool, destination, before) => {
    let call = 0;
    for (let killed = true; killed; ) {
      call++;
      const home = makeHome();
      try {
        const spool = makeSpool(home);
        const mbox = join(home.path, destination);
        if (destination === "mbox") writeFileSync(mbox, old);
        const environment = { MAIL: spool, MBOX: mbox };
        const run = home.mailKilledAt(call, [...before, ...lines], environment);
        killed = run.signal === "SIGKILL";
        if (!killed) expect([run.status, run.err]).toEqual([0, ""]);
        const again = home.mail([], ["x"], environment);
        expect([call, again.err.replace(/^mail: .*interrupted save.*\n/, "")]).toEqual([call, ""]);
        const inSpool = subjectsIn(spool);
        const there = [...inSpool, ...subjectsIn(mbox).filter((subject) => subject !== "old")].sort();
        const kept = subjectsIn(join(home.path, "kept"));
        // Before the quit, all messages are in the spool. After the quit, message 2 is deleted, and message 4 is in the
        // file to which it was saved.
        const quitDone = !inSpool.includes("s2");
        expect([call, there]).toEqual([call, quitDone ? ["s1", "s3", "s5"] : subjects]);
        expect([call, inSpool.includes("s4") || kept.join() === "s4"]).toEqual([call, true]);
        expect(kept.length).toBeLessThanOrEqual(1);
      } finally {
        home.remove();
      }
    }
    expect(call).toBeGreaterThan(20);
  },
);
