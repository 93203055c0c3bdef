/** Sends Dovecot every command that a connection supports, and checks Dovecot's log. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ImapConnection } from "../../src/mailbox/imap/imap-connection.ts";
import { describeIf } from "../conditions.ts";
import { connectTo, settingsFor } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, formats, startDovecot } from "./dovecot.ts";

const message = (subject: string) => Buffer.from(`From: a@x.example\r\nSubject: ${subject}\r\n\r\ntext\r\n`);

describeIf(dovecotProgram !== undefined).each(formats)("Dovecot with %s", (format) => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot(format);
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
  });

  test("STARTTLS precedes the login", async () => {
    const connection = await ImapConnection.open(settingsFor(dovecot.imapPort, { isSecure: false }));
    expect(connection.isEncrypted).toBe(true);
    await connection.logout();
    expect(connection.isOpen).toBe(false);
  });

  test("a wrong password is reported with the server's reply", async () => {
    const logIn = ({ logIn: send }: { logIn(user: string, password: string): Promise<void> }) =>
      send("ann", 'wrong "\\');
    await expect(ImapConnection.open(settingsFor(dovecot.imapsPort, { logIn }))).rejects.toMatchObject({
      reason: "login refused",
      message: `localhost port ${dovecot.imapsPort}: login failed: Authentication failed.`,
    });
  });

  test("an untrusted certificate is refused before the login", async () => {
    let isAsked = false;
    const settings = settingsFor(dovecot.imapsPort, {
      tls: { ca: [], minVersion: "TLSv1.2", rejectUnauthorized: true },
      explainTls: (error) =>
        /CERT|self-signed/.test(error.message) ? { reason: "certificate not trusted", detail: "x" } : undefined,
      logIn: async () => {
        isAsked = true;
      },
    });
    await expect(ImapConnection.open(settings)).rejects.toMatchObject({ reason: "certificate not trusted" });
    expect(isAsked).toBe(false);
  });

  test("messages are appended, found, fetched, marked, copied, moved and removed by their UIDs", async () => {
    const connection = await connectTo(dovecot);
    expect(await connection.enable("CONDSTORE", "QRESYNC")).toBe(true);
    const appended = await connection.append("INBOX", message("one"), {
      flags: ["\\Seen"],
      received: new Date(86400_000),
    });
    await connection.append("INBOX", message('grüße "x" \\'), { flags: ["$Forwarded"] });
    await connection.append("INBOX", message("three"));
    const { uidValidity, exists, readOnly } = await connection.select("INBOX");
    expect({ exists, readOnly, appended }).toEqual({
      exists: 3,
      readOnly: false,
      appended: { uidValidity, sources: [], uids: [1] },
    });
    expect(await connection.search({ word: "ALL" })).toEqual([1, 2, 3]);
    expect(await connection.search({ word: "SUBJECT" }, { text: "grüße" })).toEqual([2]);
    expect(await connection.search({ word: "NOT" }, { all: [{ word: "SEEN" }, { set: "1:2" }] })).toEqual([2, 3]);
    const fetched: unknown[] = [];
    const ranges = [
      { section: "HEADER", start: 0, length: 30 },
      { section: "", start: 38, length: 100 },
    ];
    await connection.fetch("1", { flags: true, facts: true, ranges }, (found) => {
      const { uid, flags = [], size, received } = found;
      const seen = flags.filter((flag) => flag !== "\\Recent");
      fetched.push(uid, seen, size, received, found.bytes("HEADER")?.toString(), found.bytes("")?.toString());
    });
    const whole = message("one").toString();
    expect(fetched).toEqual([1, ["\\Seen"], whole.length, 86400_000, whole.slice(0, 30), whole.slice(38)]);
    await connection.store("2", "-", ["$Forwarded"]);
    await connection.store("1:2", "+", ["\\Flagged", "$Label1"]);
    expect(await connection.search({ word: "FLAGGED" })).toEqual([1, 2]);
    expect(await connection.search({ word: "KEYWORD" }, { word: "$Forwarded" })).toEqual([]);
    expect((await connection.copy("1:2", "Trash"))?.uids).toEqual([1, 2]);
    expect((await connection.move("2", "Sent"))?.uids).toEqual([1]);
    await connection.store("1", "+", ["\\Deleted"]);
    await connection.expunge("1,3");
    expect(await connection.search({ word: "ALL" })).toEqual([3]);
    await expect(connection.copy("3", "nowhere")).rejects.toMatchObject({ reason: "no such folder" });
    await connection.unselect();
    await connection.logout();
  });

  test("names, queries and flags cannot inject commands", async () => {
    const connection = await connectTo(dovecot, "bob");
    await connection.select("INBOX");
    const injection = 'x" \r\nA1 CREATE injected\r\n {3}\r\n\\';
    for (const attempt of [
      () => connection.create(injection),
      () => connection.copy("1", injection),
      () => connection.append(injection, message("x")),
      () => connection.search({ word: "SUBJECT" }, { text: injection }),
      () => connection.list(injection),
      () => connection.store("1", "+", ["a)\r\nA1 CREATE injected"]),
      () => connection.store("1", "+", ["{3}"]),
      () => connection.fetch("1\r\nA1 CREATE injected", { flags: true }, () => undefined),
    ]) {
      await attempt().catch(() => undefined);
      expect(connection.isOpen).toBe(true);
    }
    expect((await connection.list()).map(({ name }) => name).sort()).toEqual(
      expect.not.arrayContaining([expect.stringContaining("injected\r"), "injected"]),
    );
    await connection.logout();
  });

  test("IDLE reports another client's changes, and folders are listed with their special uses", async () => {
    const [one, two] = [await connectTo(dovecot, "small"), await connectTo(dovecot, "small")];
    await one.select("INBOX");
    const stop = new AbortController();
    const counts: number[] = [];
    one.listen({
      onExists: (count) => {
        counts.push(count);
        stop.abort();
      },
    });
    const idle = one.idle(stop.signal);
    await two.append("INBOX", message("new"));
    await idle;
    expect(counts).toEqual([1]);
    await one.create("Größe & Co");
    expect(await one.list()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "Größe & Co" }),
        expect.objectContaining({ name: "Trash", attributes: expect.arrayContaining(["\\trash"]) }),
      ]),
    );
    await one.remove("Größe & Co");
    await Promise.all([one.logout(), two.logout()]);
  });
});
