/** Opens a folder again on servers that lack QRESYNC and therefore cannot report all changes in one response. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { Flag, type Mailbox } from "../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { describeIf } from "../conditions.ts";
import { accessFor, connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, startDovecot } from "./dovecot.ts";

describeIf(dovecotProgram !== undefined)("a folder is opened again", () => {
  let dovecot: Dovecot;
  let directory: string;
  afterEach(async () => {
    await dovecot.stop();
    rmSync(directory, { recursive: true });
  });

  const open = () =>
    openMailbox(`imaps://ann@localhost:${dovecot.imapsPort}/INBOX`, {
      lockwait: 1,
      stateDirectory: join(directory, "state"),
      cacheDirectory: join(directory, "cache"),
      ...accessFor(),
    });
  const append = async (count: number) => {
    const client = await connectTo(dovecot);
    for (let at = 0; at < count; at++) await client.append("INBOX", Buffer.from(`Subject: ${at}\r\n\r\ntext\r\n`));
    await client.logout();
  };
  const statesOf = (mailbox: Mailbox) =>
    Array.from({ length: mailbox.count }, (_, at) => [
      Number(mailbox.key(at + 1).split("-")[1]),
      mailbox.flags(at + 1),
      mailbox.letters?.(at + 1),
    ]);

  test.each<[string, readonly string[], RegExp, RegExp]>([
    [
      "CONDSTORE, only the changed flags are loaded",
      ["QRESYNC"],
      /^UID FETCH \S+ \(UID FLAGS\) \(CHANGEDSINCE \d+\)$/,
      /^UID SEARCH .*(?:UNSEEN|FLAGGED)/,
    ],
    [
      "neither CONDSTORE nor QRESYNC, all flags are loaded",
      ["QRESYNC", "CONDSTORE"],
      /^UID SEARCH .*UNSEEN/,
      /CHANGEDSINCE|CONDSTORE/,
    ],
  ])("on a server with %s", async (_title, without, expected, unexpected) => {
    directory = mkdtempSync(join(tmpdir(), "mail-condstore-"));
    dovecot = await startDovecot("maildir", { without });
    await append(10);
    await (await open()).close();
    const other = await connectTo(dovecot);
    await other.select("INBOX");
    await other.store("2,9", "+", ["\\Flagged"]);
    await other.store("3:5", "+", ["\\Deleted"]);
    await other.expunge("3:5");
    await other.logout();
    await append(1);
    dovecot.clearRawLogs();
    const mailbox = await open();
    expect(statesOf(mailbox)).toEqual([
      ...[1, 2, 6, 7, 8, 9, 10].map((uid) => [uid, Flag.New, [2, 9].includes(uid) ? "F" : ""]),
      [11, Flag.New, ""],
    ]);
    await mailbox.close();
    const [log] = dovecot.readRawLogs();
    expect(log?.commands.filter((line) => expected.test(line))).toHaveLength(1);
    expect(log?.commands.filter((line) => unexpected.test(line))).toEqual([]);
    const again = await open();
    expect(statesOf(again)).toHaveLength(8);
    await again.close();
  });
});
