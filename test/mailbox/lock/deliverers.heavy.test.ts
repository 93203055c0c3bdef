/**
 * Tests four delivery agents that write to a spool while sessions read and delete messages and quit. In each test, they
 * use only one kind of lock (fcntl or dotlock). MAIL_TEST_MESSAGES is the total number of messages; 10000 messages take
 * several minutes.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { subjectsInMbox } from "../support/accounts.ts";
import { makeHome } from "../support/program.ts";

const messages = Number(process.env["MAIL_TEST_MESSAGES"] ?? 1000);
const deliverer = join(process.cwd(), "test/mailbox/support/deliverer.cjs");

async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

test.each(["fcntl", "dotlock"])(
  "no message is lost or duplicated if delivery agents use only %s locks",
  async (how) => {
    const home = makeHome();
    try {
      const spool = join(home.path, "spool");
      writeFileSync(spool, "");
      const each = messages / 4;
      const running = new Set<string>();
      const codes = ["a", "b", "c", "d"].map(async (name) => {
        running.add(name);
        const code = await ended(
          spawn(process.execPath, [deliverer, how, spool, name, String(each)], { stdio: "inherit" }),
        );
        running.delete(name);
        return code;
      });
      const deleted: string[] = [];
      let sessions = 0;
      // Each step runs one session, so that the exits of delivery agents are handled between sessions.
      for (let turn = true; turn; ) {
        turn = running.size > 0;
        const run = home.mail([], ["f 1", "d 1", "p 2", "mbox 3-40", "q"], { MAIL: spool, lockwait: "30" });
        sessions++;
        if (run.err.startsWith("No mail for")) continue;
        // Standard error contains nothing except a notice that the session is waiting.
        expect([run.status, run.err.replace(/^mail: .*; waiting, at most 30 seconds\n/gm, "")]).toEqual([0, ""]);
        const [, first] = /^[> ][NU ]+1 .*?([abcd]-\d+)$/m.exec(run.out) ?? [];
        if (first !== undefined) deleted.push(first);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(await Promise.all(codes)).toEqual([0, 0, 0, 0]);
      const all = [...subjectsInMbox(spool), ...subjectsInMbox(join(home.path, "mbox")), ...deleted];
      const wanted = ["a", "b", "c", "d"].flatMap((name) =>
        Array.from({ length: each }, (_, index) => `${name}-${index + 1}`),
      );
      expect(all.length).toBe(messages);
      expect(all.sort()).toEqual(wanted.sort());
      expect(sessions).toBeGreaterThan(5);
      process.stderr.write(`${how}: ${messages} messages, ${sessions} sessions, ${deleted.length} deleted\n`);
    } finally {
      home.remove();
    }
  },
  30 * 60_000,
);
