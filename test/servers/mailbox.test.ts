/** Opens mailboxes on Dovecot as sessions do, and checks Dovecot's log. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { ListFacts } from "../../src/mailbox/list-facts.ts";
import { type CommitPlan, type Fate, Flag, type Mailbox, type MessageNeed } from "../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { listLeaves, parseParts } from "../../src/message/view/part.ts";
import { partLines } from "../../src/message/view/part-list.ts";
import { describeIf } from "../conditions.ts";
import { accessFor, connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, formats, startDovecot } from "./dovecot.ts";

const lines = (...each: string[]) => Buffer.from(each.map((line) => `${line}\r\n`).join(""));
const message = (subject: string, ...body: string[]) =>
  lines("From: Ann <ann@x.example>", `Subject: ${subject}`, "", ...(body.length > 0 ? body : ["text"]));

describeIf(dovecotProgram !== undefined).each(formats)("a mailbox on Dovecot with %s", (format) => {
  let dovecot: Dovecot;
  let directory: string;
  let folders = 0;
  let folder: string;

  beforeAll(async () => {
    dovecot = await startDovecot(format);
    directory = mkdtempSync(join(tmpdir(), "mail-imap-"));
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    folder = `Größe & ${++folders}`;
    const client = await connectTo(dovecot);
    await client.create(folder);
    await client.logout();
    dovecot.clearRawLogs();
  });

  const fill = async (...messages: readonly (readonly [Buffer, ...string[]])[]) => {
    const client = await connectTo(dovecot);
    for (const [bytes, ...flags] of messages) await client.append(folder, bytes, { flags, received: new Date(0) });
    await client.logout();
  };
  const open = (): Promise<Mailbox> =>
    openMailbox(`imaps://ann@localhost:${dovecot.imapsPort}/${folder}`, {
      lockwait: 1,
      stateDirectory: join(directory, "state"),
      cacheDirectory: join(directory, "cache"),
      ...accessFor(),
    });
  const read = async (mailbox: Mailbox, messages: readonly number[], need: MessageNeed) => {
    const found: string[] = [];
    for await (const { messages: some, stored } of mailbox.openMessages(messages, need)) {
      for (const each of some)
        found.push(
          (need === "header" || need === "facts"
            ? stored.header(each)
            : stored.read(each, 0, stored.size(each))
          ).toString(),
        );
    }
    return found;
  };
  const planOf = (fates: Readonly<Record<number, Fate>>, mbox?: CommitPlan["mbox"]): CommitPlan => ({
    fate: (each) => fates[each] ?? "keep",
    ...(mbox === undefined ? {} : { mbox }),
  });
  /** Returns the subjects and flags of the messages on the server. */
  const contents = async () => {
    const client = await connectTo(dovecot);
    await client.select(folder, { readOnly: true });
    const found: string[] = [];
    await client.fetch("1:*", { flags: true, ranges: [{ section: "HEADER", start: 0, length: 1000 }] }, (each) => {
      const flags = (each.flags ?? []).filter((flag) => flag !== "\\Recent").sort();
      found.push([/Subject: (.*)\r/.exec(each.bytes("HEADER")?.toString() ?? "")?.[1], ...flags].join(" "));
    });
    await client.logout();
    return found;
  };
  const subjectFact = (mailbox: Mailbox, number: number) =>
    (mailbox as Mailbox & { facts(message: number): ListFacts | undefined }).facts(number)?.subject;
  const fromLine = "From ann@x.example Thu Jan  1 00:00:00 1970\n";

  test("message states are determined by searches, and message bytes are loaded only for the windows that are read", async () => {
    await fill([message("one"), "\\Seen"], [message("two"), "\\Flagged", "$Label1"], [message("three"), "\\Deleted"]);
    dovecot.clearRawLogs();
    const mailbox = await open();
    expect(mailbox.count).toBe(3);
    expect([1, 2, 3].map((each) => mailbox.flags(each))).toEqual([Flag.Read, Flag.New, Flag.New | Flag.Deleted]);
    expect([1, 2, 3].map((each) => mailbox.letters?.(each))).toEqual(["S", "F", "T"]);
    expect(mailbox.key(1)).toMatch(/^\d+-1$/);
    expect(dovecot.readRawLogs().flatMap(({ commands }) => commands.filter((line) => /FETCH/.test(line)))).toEqual([]);
    const header = `${fromLine}From: Ann <ann@x.example>\nSubject: one\n\n`;
    expect(await read(mailbox, [1], "header")).toEqual([header]);
    expect(await read(mailbox, [3, 1], "whole")).toEqual([
      `${header.replace("one", "three")}text\n\n`,
      `${header}text\n\n`,
    ]);
    await mailbox.close();
    expect(await contents()).toEqual(["one \\Seen", "two $Label1 \\Flagged", "three \\Deleted"]);
  });

  test("header lists fetch only the fields that they show", async () => {
    const long = `X-Long: ${"x".repeat(900)}`;
    await fill(
      [lines("Return-Path: <sender@x.example>", long, "From: Ann <ann@x.example>", "Subject: plain", "", "text")],
      [
        lines(
          "From: Ann <ann@x.example>",
          long,
          "Subject: caf\u00e9",
          "Content-Type: text/plain; charset=utf-8",
          "",
          "text",
        ),
      ],
    );
    dovecot.clearRawLogs();
    const mailbox = await open();
    const found = await read(mailbox, [1, 2], "facts");
    expect(found[0]).toMatch(/^From sender@x\.example .*\nFrom: Ann <ann@x\.example>\nSubject: plain\n\n$/);
    expect(found[1]).toContain("Subject: caf\u00e9\nContent-Type: text/plain; charset=utf-8\n");
    const [log] = dovecot.readRawLogs();
    expect(log?.commands.filter((line) => /BODY/.test(line))).toEqual([expect.stringContaining("HEADER.FIELDS")]);
    expect(await read(mailbox, [1, 2], "header")).toEqual([
      expect.stringContaining(long),
      expect.stringContaining(long),
    ]);
    await mailbox.close();
  });

  test("the server sorts by size", async () => {
    const sized = (length: number) => [message("x".repeat(length))] as const;
    await fill(sized(5), sized(9), sized(5), sized(1));
    dovecot.clearRawLogs();
    const mailbox = await open();
    expect(await mailbox.sortBySize?.(false)).toEqual([4, 1, 3, 2]);
    expect(await mailbox.sortBySize?.(true)).toEqual([2, 1, 3, 4]);
    const [log] = dovecot.readRawLogs();
    expect(log?.commands.filter((line) => /FETCH|SORT/.test(line))).toEqual([
      "UID SORT (SIZE) UTF-8 ALL",
      "UID SORT (REVERSE SIZE) UTF-8 ALL",
    ]);
    await mailbox.close();
  });

  test("a message is presented in the form in which an mbox would store it", async () => {
    const odd = [
      lines("Return-Path: <sender@x.example>", "Subject: s", "", "From here", "", "last"),
      lines("Subject: only a header", ""),
      Buffer.from("Subject: no newline at the end\r\n\r\nlast"),
      lines("Subject: dots", "", ".", "..", "\u00fc"),
    ];
    await fill(...odd.map((each) => [each] as const));
    const mailbox = await open();
    const anonymous = "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n";
    const found = await read(mailbox, [1, 2, 3, 4], "whole");
    expect(found[0]).toBe(
      "From sender@x.example Thu Jan  1 00:00:00 1970\nReturn-Path: <sender@x.example>\nSubject: s\n\nFrom here\n\nlast\n\n",
    );
    expect(found[1]?.replace(/\n+$/, "\n\n")).toBe(`${anonymous}Subject: only a header\n\n`);
    expect(found[2]?.replace(/\n+$/, "\n")).toBe(`${anonymous}Subject: no newline at the end\n\nlast\n`);
    expect(found[3]).toBe(`${anonymous}Subject: dots\n\n.\n..\nü\n\n`);
    await mailbox.close();
  });

  test("quit changes only the flags that the session changed, and removes only the messages that it deleted", async () => {
    const keywords = ["$Label1", "other"];
    await fill(
      [message("read"), ...keywords],
      [message("unread"), "\\Seen", ...keywords],
      [message("marked"), "\\Flagged", ...keywords],
      [message("deleted here"), ...keywords],
      [message("deleted elsewhere"), "\\Deleted", ...keywords],
      [message("undeleted"), "\\Deleted", ...keywords],
    );
    const mailbox = await open();
    mailbox.mark(1, Flag.Read | Flag.StatusChanged);
    mailbox.mark(2, Flag.StatusChanged, Flag.Read);
    mailbox.mark(3, Flag.Unflagged | Flag.Answered, Flag.Flagged);
    mailbox.mark(4, Flag.Deleted);
    mailbox.mark(6, 0, Flag.Deleted);
    const other = await connectTo(dovecot);
    await other.select(folder);
    await other.store("1", "+", ["added"]);
    await other.store("2", "+", ["\\Deleted"]);
    await other.logout();
    await mailbox.commit(planOf({ 4: "drop", 5: "drop" }));
    await mailbox.close();
    expect(await contents()).toEqual([
      "read $Label1 \\Seen added other",
      "unread $Label1 \\Deleted other",
      "marked $Label1 \\Answered other",
      "deleted elsewhere $Label1 \\Deleted other",
      "undeleted $Label1 other",
    ]);
  });

  test("an edited message is appended with its flags and keywords, and replaces the original", async () => {
    await fill([message("before"), "\\Flagged", "$Label1"], [message("other")]);
    const mailbox = await open();
    mailbox.mark(1, Flag.Read);
    mailbox.replace(1, Buffer.from(`${fromLine}From: Ann <ann@x.example>\nSubject: after\n\nedited\n\n`));
    expect(await read(mailbox, [1], "whole")).toEqual([expect.stringContaining("Subject: after")]);
    await mailbox.commit(planOf({}));
    await mailbox.close();
    expect(await contents()).toEqual(["other", "after $Label1 \\Flagged \\Seen"]);
    const again = await open();
    expect((await read(again, [2], "whole"))[0]).toBe(
      `${fromLine}From: Ann <ann@x.example>\nSubject: after\n\nedited\n\n`,
    );
    await again.close();
  });

  test("messages keep their numbers while other clients remove and add messages", async () => {
    await fill([message("one")], [message("two")], [message("three")]);
    const mailbox = await open();
    const other = await connectTo(dovecot);
    await other.select(folder);
    await other.store("1", "+", ["\\Deleted"]);
    await other.expunge("1");
    await fill([message("four"), "\\Seen"]);
    expect(await mailbox.poll()).toBe(1);
    expect(await mailbox.poll()).toBe(0);
    expect([mailbox.count, mailbox.flags(4)]).toEqual([4, Flag.Read]);
    const found = await read(mailbox, [1, 2, 4], "header");
    expect(found[0]).toContain("Subject: (message 1: removed by another program)");
    expect(found[1]).toContain("Subject: two");
    expect(found[2]).toContain("Subject: four");
    await expect(read(mailbox, [1], "whole")).rejects.toThrow("message 1: removed by another program");
    mailbox.mark(2, Flag.Deleted);
    await other.store("2", "+", ["\\Deleted"]);
    await other.expunge("2");
    await other.logout();
    await mailbox.commit(planOf({ 1: "drop", 2: "drop" }));
    await mailbox.close();
    expect((await contents()).map((each) => each.replace(" \\Seen", ""))).toEqual(["three", "four"]);
  });

  test("messages are appended to mbox before they are removed", async () => {
    await fill([message("one"), "\\Seen"], [message("two")], [message("three"), "\\Flagged"]);
    const mbox = join(directory, `${format}-mbox`);
    const mailbox = await open();
    const result = await mailbox.commit(planOf({ 1: "mbox", 3: "mbox" }, { path: mbox, at: "end" }));
    expect(result).toMatchObject({ moved: 2, held: 1, arrived: 0, empty: false });
    await mailbox.close();
    expect(readFileSync(mbox, "utf8")).toMatch(
      /^From ann.*\nStatus: RO\n.*^From ann.*three\n.*Status: O\n.*X-Status: F\n/ms,
    );
    expect(await contents()).toEqual(["two"]);
  });

  test("a lost connection is re-established", async () => {
    await fill([message("one")], [message("two")]);
    const mailbox = await open();
    mailbox.mark(1, Flag.Deleted);
    for (const kill of ["poll", "read", "commit"]) {
      dovecot.endSessions();
      if (kill === "poll") expect(await mailbox.poll()).toBe(0);
      else if (kill === "read") expect(await read(mailbox, [2], "whole")).toHaveLength(1);
      else await mailbox.commit(planOf({ 1: "drop" }));
    }
    await mailbox.close();
    expect(await contents()).toEqual(["two"]);
  });

  test("a large message is loaded in pieces", async () => {
    const large = message("large", Array.from({ length: 100_000 }, (_, at) => `${at} ${"x".repeat(90)}`).join("\r\n"));
    await fill([message("small")], [large]);
    const mailbox = await open();
    const [small, found] = await read(mailbox, [1, 2], "whole");
    expect(small).toContain("Subject: small");
    expect(found).toBe(`${fromLine}${large.toString().replaceAll("\r", "")}\n`);
    await mailbox.close();
  });

  test("only the displayed parts of a large message are loaded, and the other parts are listed with their sizes", async () => {
    const attachment = Buffer.alloc(3_000_000, "attachment").toString("base64").replace(/.{76}/g, "$&\r\n");
    const part = (head: string, body: string) => `${head}\r\n\r\n${body}`;
    const join = (boundary: string, ...parts: string[]) =>
      `${parts.map((each) => `--${boundary}\r\n${each}\r\n`).join("")}--${boundary}--`;
    const texts = join(
      "inner",
      part("Content-Type: text/plain; charset=utf-8", "text ü"),
      part("Content-Type: text/html", "<p>text</p>"),
    );
    const pdf = 'Content-Type: application/pdf; name="report.pdf"\r\nContent-Transfer-Encoding: base64';
    const body = join(
      "outer",
      part("Content-Type: multipart/alternative; boundary=inner", texts),
      part(`${pdf}\r\nContent-Disposition: attachment`, attachment),
      part("Content-Type: text/plain", "last"),
    );
    await fill([
      lines("Subject: large", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=outer", "", body),
    ]);
    dovecot.clearRawLogs();
    const mailbox = await open();
    let view = "";
    for await (const { stored } of mailbox.openMessages([1], "text")) {
      const source = { size: stored.size(1), read: (start: number, end: number) => stored.read(1, start, end) };
      const root = parseParts(source);
      view = partLines(root);
      const decoded = listLeaves(root).filter(({ type }) => type.startsWith("text/"));
      const found = decoded.map(({ start, end }) => Buffer.from(source.read(start, end)).toString());
      expect(found).toEqual(["text ü", "<p>text</p>", "last"]);
    }
    expect(view.replace(/ +/g, " ")).toBe(
      "1.1 text/plain 7 B\n1.2 text/html 11 B\n2 application/pdf 3.0 MB report.pdf\n3 text/plain 4 B\n",
    );
    expect(Math.max(...dovecot.readRawLogs().map(({ sent }) => sent))).toBeLessThan(10_000);
    const [whole] = await read(mailbox, [1], "whole");
    expect(whole).toContain(attachment.replaceAll("\r", ""));
    await mailbox.close();
  });

  test("a later session loads only the changes, and does not load any header again", async () => {
    await fill(...Array.from({ length: 20 }, (_, at) => [message(`number ${at + 1}`)] as const));
    const first = await open();
    await read(first, [19, 20], "header");
    first.mark(1, Flag.Read);
    await first.commit(planOf({}));
    await first.close();
    const other = await connectTo(dovecot);
    await other.select(folder);
    await other.store("2", "+", ["\\Seen"]);
    await other.store("3:5", "+", ["\\Deleted"]);
    await other.expunge("3:5");
    await other.logout();
    await fill([message("new")]);
    dovecot.clearRawLogs();
    const second = await open();
    const states = Array.from({ length: second.count }, (_, at) => [
      second.key(at + 1).split("-")[1],
      second.flags(at + 1),
    ]);
    expect(states).toEqual([
      ["1", Flag.Read],
      ["2", Flag.Read],
      ...Array.from({ length: 15 }, (_, at) => [`${at + 6}`, 0]),
      ["21", Flag.New],
    ]);
    expect(subjectFact(second, 17)).toEqual(["number 20"]);
    for await (const { messages: some, stored } of second.openMessages([16, 17], "facts")) {
      expect(some.map((each) => stored.facts?.(each)?.subject)).toEqual([["number 19"], ["number 20"]]);
      expect(stored.counts(17).lines).toBeUndefined();
      expect(stored.header(17).toString()).toContain("Subject: number 20\n");
    }
    await second.close();
    const fetched = dovecot.readRawLogs().flatMap(({ commands }) => commands.filter((line) => line.includes("HEADER")));
    expect(fetched).toEqual([]);
    const searches = dovecot.readRawLogs().flatMap(({ commands }) => commands.filter((line) => /SEARCH/.test(line)));
    expect(searches).toEqual(["UID SEARCH RETURN (ALL) UID 21:*"]);
  });

  test("a cache is ignored if the folder has been deleted and created again, or if the cache file is damaged", async () => {
    await fill([message("old one")], [message("old two")]);
    const first = await open();
    await read(first, [1, 2], "header");
    await first.commit(planOf({}));
    await first.close();
    const client = await connectTo(dovecot);
    await client.remove(folder);
    await client.create(folder);
    await client.logout();
    await fill([message("new one")]);
    const second = await open();
    expect([second.count, second.flags(1), subjectFact(second, 1)]).toEqual([1, Flag.New, undefined]);
    expect((await read(second, [1], "header"))[0]).toContain("Subject: new one");
    await second.commit(planOf({}));
    await second.close();
    for (const name of readdirSync(join(directory, "cache"))) {
      const path = join(directory, "cache", name);
      const bytes = readFileSync(path);
      bytes.fill(1, bytes.length - 20);
      writeFileSync(path, bytes);
    }
    const third = await open();
    expect([third.count, (await read(third, [1], "header"))[0]]).toEqual([
      1,
      expect.stringContaining("Subject: new one"),
    ]);
    await third.close();
  });
});
