/**
 * Tests a race on a server. A program lists a folder and acts on a message by id, while another client delivers or
 * expunges messages. The action must affect only the message with this id. If the message is gone, the action must
 * change nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ImapConnection } from "../../src/mailbox/imap/imap-connection.ts";
import { letter, readMessages } from "../act/support/boxes.ts";
import { parseLines } from "../act/support/schemas.ts";
import { describeIf } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, prepareHome, startDovecot } from "./dovecot.ts";

const rounds = Number(process.env["MAIL_TEST_ROUNDS"] ?? 20);
/** The number of messages in the folder at the start of a round. */
const usualCount = 6;

describeIf(dovecotProgram !== undefined)("a folder on a server that another client changes", () => {
  let dovecot: Dovecot;
  let home: string;
  let other: ImapConnection;

  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    home = mkdtempSync(join(tmpdir(), "mail-imap-race-"));
    writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)}\n`);
    other = await connectTo(dovecot);
  });
  afterAll(async () => {
    await other.logout();
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
    rmSync(home, { recursive: true });
  });

  const act = async (form: string, argv: readonly string[]) => {
    const { exit, out, err } = await runMail(["-n", "--json", ...argv], {
      PATH: process.env["PATH"],
      HOME: home,
      TZ: "UTC",
    });
    return { exit, err, values: parseLines(form, out) };
  };
  /** Returns the subjects of the messages stored on the server. */
  const subjects = (folder: string) =>
    readMessages(join(dovecot.directory, `ann/Maildir/.${folder}`))
      .map((text) => /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? "")
      .sort();

  test.each(["deliver", "expunge"] as const)(
    "an action by id never affects another message during a concurrent operation (%s)",
    async (kind) => {
      const address = `imaps://ann@localhost:${dovecot.imapsPort}/${kind}`;
      const target = `${kind}-target`;
      let written = 0;
      const deliver = async () => {
        const subject = `s${++written}`;
        await other.append(kind, Buffer.from(letter(subject).replace(/\n/g, "\r\n")));
        return subject;
      };
      await other.create(kind);
      await other.select(kind);
      const occurred = { done: 0, gone: 0 };
      for (let round = 0; round < rounds; round++) {
        await other.create(target);
        while (subjects(kind).length < usualCount) await deliver();
        const begun = performance.now();
        const { values } = await act("message", ["-f", address]);
        const time = performance.now() - begun;
        const ids = new Map(values.map(({ subject, id }) => [String(subject), String(id)]));
        const names = [...ids.keys()];
        const named = names[round % names.length] as string;
        const isNamedExpunged = kind === "expunge" && round % 2 === 0;
        const expunged =
          kind === "deliver"
            ? []
            : names.filter((each) => (each === named ? isNamedExpunged : each < named || Math.random() < 0.3));
        const action = round % 4 < 2 ? ["--delete"] : ["--move", `${address}-target`];
        const acting = act("act", [...action, "-f", address, `id:${ids.get(named)}`]);
        await sleep(Math.random() * time);
        const arrived = kind === "deliver" ? [await deliver()] : [];
        if (expunged.length > 0) {
          const uids = expunged.map((each) => ids.get(each)?.split("-")[1]).join(",");
          await other.store(uids, "+", ["\\Deleted"]);
          await other.expunge(uids);
        }
        const { exit, err, values: results } = await acting;
        const isDone = results[0]?.["done"] === true;
        const context = { round, action, named, expunged, exit, err };
        if (exit === 0) occurred.done++;
        else if (exit === 1) occurred.gone++;
        else expect(context).toEqual({ ...context, exit: "0 or 1" });
        expect({ ...context, isDone }).toEqual({ ...context, isDone: exit === 0 });
        const left = [...names, ...arrived].filter((each) => !expunged.includes(each) && !(isDone && each === named));
        expect({ ...context, left: subjects(kind) }).toEqual({ ...context, left: left.sort() });
        if (exit === 1) expect({ ...context, isNamedExpunged }).toEqual({ ...context, isNamedExpunged: true });
        const moved = isDone && action[0] === "--move" ? [named] : [];
        expect({ ...context, moved: subjects(target) }).toEqual({ ...context, moved });
        await other.remove(target);
      }
      expect(occurred.done).toBeGreaterThan(rounds / 4);
    },
    1_800_000,
  );
});
