/**
 * Opens mailboxes on servers that lie or fail: each failure is reported with a reason and an exit code, and no message
 * is lost.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { TlsSettings } from "../../src/connect/tls-policy.ts";
import { Exit } from "../../src/errors.ts";
import { appendToFolder } from "../../src/mailbox/imap/append-to-folder.ts";
import { type Fate, Flag, type Mailbox, type MessageNeed } from "../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { accessFor } from "./connect.ts";
import { type LyingServer, type Script, startLyingServer } from "./lying-server.ts";

let directory: string;
let server: LyingServer | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-lies-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

const messages = [1, 2, 3].map((uid) => ({
  uid,
  text: `Subject: number ${uid}\nMessage-ID: <${uid}@x>\n\ntext ${uid}\n`,
}));
const clear = { starttls: "none", allowsClearLogin: true } as const;

async function start(script: Script): Promise<LyingServer> {
  server = await startLyingServer({ messages, ...script });
  return server;
}

function open(
  { port }: LyingServer,
  protocol = "imap",
  tls: Partial<TlsSettings> = clear,
  silence = 20_000,
): Promise<Mailbox> {
  return openMailbox(`${protocol}://ann@localhost:${port}/INBOX`, {
    lockwait: 1,
    stateDirectory: join(directory, "state"),
    cacheDirectory: join(directory, "cache"),
    ...accessFor("ann", tls, { connect: 2000, silence }),
  });
}

async function read(mailbox: Mailbox, some: readonly number[], need: MessageNeed = "whole"): Promise<string[]> {
  const found: string[] = [];
  for await (const { messages: window, stored } of mailbox.openMessages(some, need))
    for (const each of window)
      found.push((need === "header" ? stored.header(each) : stored.read(each, 0, stored.size(each))).toString());
  return found;
}

const commit = (mailbox: Mailbox, fates: Readonly<Record<number, Fate>>) =>
  mailbox.commit({ fate: (each) => fates[each] ?? "keep" });
const uidsOf = ({ folders }: LyingServer, folder = "INBOX") => folders.get(folder)?.map(({ uid }) => uid);
const passwordsSent = ({ commands }: LyingServer) =>
  commands.filter((line) => /^(?:LOGIN|AUTHENTICATE)/i.test(line)).length;

const tlsFirst = { starttls: "required", allowsClearLogin: false } as const;
const withStarttls = "IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS";

test.each<[string, Script, string, Partial<TlsSettings>, string, number]>([
  [
    "an expired certificate",
    { certificate: "expired" },
    "imaps",
    { caFile: fixture("expired") },
    "certificate expired",
    Exit.Config,
  ],
  [
    "a certificate for another name",
    { certificate: "elsewhere" },
    "imaps",
    { caFile: fixture("elsewhere") },
    "certificate for another name",
    Exit.Config,
  ],
  ["an unknown authority", { certificate: "elsewhere" }, "imaps", {}, "certificate not trusted", Exit.Config],
  ["a port without TLS", {}, "imaps", {}, "no TLS on this port", Exit.TempFail],
  [
    "a port that uses TLS from the start",
    { certificate: "localhost" },
    "imap",
    clear,
    "TLS on this port",
    Exit.TempFail,
  ],
  ["a server without STARTTLS", {}, "imap", tlsFirst, "STARTTLS refused", Exit.TempFail],
  [
    "a refused STARTTLS",
    { capabilities: withStarttls, answer: (line, tag) => (line === "STARTTLS" ? `${tag} NO not now\r\n` : undefined) },
    "imap",
    tlsFirst,
    "STARTTLS refused",
    Exit.TempFail,
  ],
  [
    "a response that was inserted before TLS",
    {
      capabilities: withStarttls,
      answer: (line, tag) =>
        line === "STARTTLS" ? `${tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n` : undefined,
    },
    "imap",
    tlsFirst,
    "STARTTLS injected",
    Exit.Protocol,
  ],
  [
    "a PREAUTH greeting",
    { greeting: "* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n" },
    "imap",
    clear,
    "logged in before TLS",
    Exit.NoPerm,
  ],
  [
    "a BYE greeting",
    { greeting: "* BYE too many connections\r\n" },
    "imap",
    clear,
    "closed by the server",
    Exit.TempFail,
  ],
  ["an SMTP server", { greeting: "220 test.example ESMTP\r\n" }, "imap", clear, "no greeting", Exit.TempFail],
  ["a server that disconnects", { greeting: "close" }, "imap", clear, "connection closed", Exit.TempFail],
  ["a server without a greeting", { greeting: "silent" }, "imap", clear, "no greeting", Exit.TempFail],
  [
    "a server without a usable login",
    { capabilities: "IMAP4rev1 LOGINDISABLED AUTH=GSSAPI" },
    "imap",
    clear,
    "login mechanism unknown",
    Exit.Unavailable,
  ],
])("%s: no credentials are sent", async (_name, script, protocol, tls, reason, exit) => {
  const found = await start(script);
  await expect(open(found, protocol, tls)).rejects.toMatchObject({ reason, exit });
  expect(passwordsSent(found)).toBe(0);
});

function fixture(name: string): string {
  return join(import.meta.dirname, `../fixtures/tls/${name}.pem`);
}

test("a refused login is attempted only once", async () => {
  const found = await start({
    answer: (line, tag) => (line.startsWith("AUTHENTICATE") ? `${tag} NO [AUTHENTICATIONFAILED] wrong\r\n` : undefined),
  });
  await expect(open(found)).rejects.toMatchObject({
    reason: "login refused",
    exit: Exit.NoPerm,
    message: `localhost port ${found.port}: login failed: wrong`,
  });
  expect(passwordsSent(found)).toBe(1);
});

test("capabilities that the server announced before the login are not trusted after it", async () => {
  const found = await start({
    capabilities: "IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS QRESYNC CONDSTORE ENABLE ESEARCH",
    capabilitiesAfterLogin: "IMAP4rev1 ESEARCH",
  });
  const mailbox = await open(found);
  const { notice } = await commit(mailbox, { 1: "drop" });
  await mailbox.close();
  expect(notice).toContain("cannot remove individual messages (UIDPLUS); 1 message stays and is marked as deleted");
  expect(found.commands.filter((line) => /ENABLE|EXPUNGE/.test(line))).toEqual([]);
  expect(uidsOf(found)).toEqual([1, 2, 3]);
});

test.each<[string, (line: string, tag: string) => string | undefined, string, number]>([
  [
    "a missing folder",
    (line, tag) => (line.startsWith("SELECT") ? `${tag} NO no\r\n` : undefined),
    "no such folder",
    Exit.Failure,
  ],
  [
    "a folder without UIDVALIDITY",
    (line, tag) => (line.startsWith("SELECT") ? `* 3 EXISTS\r\n${tag} OK\r\n` : undefined),
    "malformed response",
    Exit.Protocol,
  ],
  [
    "an absurd literal",
    (line) => (line.startsWith("UID SEARCH") ? "* 1 FETCH (BODY[] {99999999999}\r\n" : undefined),
    "response too large",
    Exit.Protocol,
  ],
  [
    "an endless line",
    (line) => (line.startsWith("UID SEARCH") ? `* ${"x".repeat(65 << 20)}` : undefined),
    "response too large",
    Exit.Protocol,
  ],
  [
    "a range of four billion UIDs",
    (line, tag) =>
      line.startsWith("UID SEARCH") ? `* ESEARCH (TAG "${tag}") UID ALL 1:4294967295\r\n${tag} OK\r\n` : undefined,
    "malformed response",
    Exit.Protocol,
  ],
  [
    "a UID of 0",
    (line, tag) => (line.startsWith("UID SEARCH") ? `* SEARCH 0 1\r\n${tag} OK\r\n` : undefined),
    "malformed response",
    Exit.Protocol,
  ],
  [
    "BYE",
    (line) => (line.startsWith("UID SEARCH") ? "* BYE shutting down\r\n" : undefined),
    "closed by the server",
    Exit.TempFail,
  ],
  [
    "a wrong tag",
    (line) => (line.startsWith("UID SEARCH") ? "FFFF OK done\r\n" : undefined),
    "no reply",
    Exit.TempFail,
  ],
  [
    "a server that stops replying",
    (line) => (line.startsWith("UID SEARCH") ? "silent" : undefined),
    "no reply",
    Exit.TempFail,
  ],
])(
  "%s while the mailbox is being opened: the mailbox is not opened, and no message is lost",
  async (_name, answer, reason, exit) => {
    const found = await start({ answer });
    await expect(open(found, "imap", clear, 500)).rejects.toMatchObject({ reason, exit });
    expect(uidsOf(found)).toEqual([1, 2, 3]);
  },
);

test.each<[string, (line: string, tag: string, honest: () => string | Buffer) => string | Buffer | undefined, string]>([
  ["no UIDs", (_line, tag) => `* 1 FETCH (BODY[]<0> {4}\r\ntext)\r\n${tag} OK\r\n`, "malformed response"],
  ["no data", (_line, tag) => `${tag} OK\r\n`, "malformed response"],
  ["an unparsable line", (_line, tag) => `* 1 FETCH ((((BODY[ \r\n${tag} OK\r\n`, "malformed response"],
  [
    "only other messages",
    (_line, tag) =>
      `* 9 FETCH (UID 9 RFC822.SIZE 4 INTERNALDATE "01-Jan-1970 00:00:00 +0000" BODY[]<0> {4}\r\ntext)\r\n${tag} OK\r\n`,
    "malformed response",
  ],
  ["NO", (_line, tag) => `${tag} NO try later\r\n`, "refused"],
])("a message is not read if the server sends %s", async (_name, answer, reason) => {
  const found = await start({
    answer: (line, tag, honest) => (line.startsWith("UID FETCH") ? answer(line, tag, honest) : undefined),
  });
  const mailbox = await open(found);
  await expect(read(mailbox, [1])).rejects.toMatchObject({ reason });
  await mailbox.close();
});

const mebibyte = 1 << 20;

test.each([
  ["a few bytes", 100, 5 * mebibyte],
  ["2 MiB", 2 * mebibyte, 5 * mebibyte],
  ["exactly one piece", 4 * mebibyte, 7 * mebibyte],
  ["too many bytes", 9 * mebibyte, 5 * mebibyte],
])("a message is read to its end even if the server reports a size of %s", async (_title, size, length) => {
  const body = `${"x".repeat(62)}\n`.repeat(Math.ceil(length / 64));
  const found = await start({ messages: [{ uid: 1, size, text: `Subject: large\n\n${body}end\n` }] });
  const mailbox = await open(found);
  const [text = ""] = await read(mailbox, [1]);
  await mailbox.close();
  expect(text.slice(-6)).toBe("\nend\n\n");
  expect(text.split("\n")).toHaveLength(body.split("\n").length + 5);
});

test("if a message is much longer than the server reports, reading fails, and the message is not removed", async () => {
  const text = `Subject: large\n\n${`${"x".repeat(62)}\n`.repeat((12 * mebibyte) / 64)}`;
  const found = await start({ messages: [{ uid: 1, size: 2 * mebibyte, text }] });
  const mailbox = await open(found);
  await expect(
    mailbox.commit({ fate: () => "mbox", mbox: { path: join(directory, "mbox"), at: "end" } }),
  ).rejects.toMatchObject({ reason: "malformed response", exit: Exit.Protocol });
  await mailbox.close();
  expect(uidsOf(found)).toEqual([1]);
});

test.each([
  ["an attachment", "application", 1000, 5 * mebibyte],
  ["an attachment", "application", 9 * mebibyte, 5 * mebibyte],
  ["a text", "text", 1000, 5 * mebibyte],
])("%s (%s) is read to its end even if the server reports its size as %i bytes", async (_title, type, size, length) => {
  const line = `${"x".repeat(62)}\r\n`;
  const content = `${line.repeat(length / 64)}end\r\n`;
  const mime = { text: "Content-Type: text/plain", data: "Content-Type: application/octet-stream" };
  const [first, second] = type === "text" ? [content, line.repeat(mebibyte / 16)] : ["short\r\n", content];
  const sizes = type === "text" ? [size, second.length] : [first.length, Math.max(size, 70_000)];
  const header = "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  const text =
    `${header}--b\r\n${mime.text}\r\n\r\n${first}\r\n--b\r\n${mime.data}\r\n\r\n${second}\r\n--b--\r\n`.replaceAll(
      "\r\n",
      "\n",
    );
  const structure =
    `(("TEXT" "PLAIN" NIL NIL NIL "7BIT" ${sizes[0]} 1)` +
    `("APPLICATION" "OCTET-STREAM" NIL NIL NIL "7BIT" ${sizes[1]}) "MIXED")`;
  const sections = Object.fromEntries(
    [
      ["1", first],
      ["2", second],
      ["1.MIME", `${mime.text}\r\n\r\n`],
      ["2.MIME", `${mime.data}\r\n\r\n`],
    ].map(([name, bytes = ""]) => [name, Buffer.from(bytes)]),
  );
  const found = await start({ messages: [{ uid: 1, text, structure, sections }] });
  const mailbox = await open(found);
  for await (const { stored } of mailbox.openMessages([1], "text")) {
    await stored.loadOmitted?.(1, [{ start: 0, end: stored.size(1) }]);
    const shown = stored.read(1, 0, stored.size(1)).toString();
    expect(shown.includes(`${"x".repeat(62)}\nend\n`)).toBe(true);
  }
  await mailbox.close();
});

test("a malformed ENVELOPE or BODYSTRUCTURE does not prevent a message from being read", async () => {
  const found = await start({
    answer: (line, _tag, honest) =>
      line.startsWith("UID FETCH")
        ? Buffer.concat([
            Buffer.from('* 1 FETCH (UID 1 ENVELOPE ((NIL "x") BODYSTRUCTURE ())\r\n'),
            Buffer.from(honest()),
          ])
        : undefined,
  });
  const mailbox = await open(found);
  expect((await read(mailbox, [1]))[0]).toContain("Subject: number 1\n");
  await mailbox.close();
});

test("if UIDVALIDITY has changed after a reconnect, nothing is written", async () => {
  let uidValidity = 1;
  const found = await start({
    uidValidity: () => uidValidity,
    answer: (line) => (line === "NOOP" && uidValidity++ === 1 ? "close" : undefined),
  });
  const mailbox = await open(found);
  mailbox.mark(1, Flag.Deleted);
  await expect(commit(mailbox, { 1: "drop" })).rejects.toMatchObject({
    reason: "UIDVALIDITY changed",
    exit: Exit.TempFail,
  });
  await mailbox.close();
  expect(uidsOf(found)).toEqual([1, 2, 3]);
  expect(found.commands.filter((line) => /STORE|EXPUNGE/.test(line))).toEqual([]);
});

test("a message that the server has replaced under the same UID is not removed", async () => {
  const found = await start({});
  const first = await open(found);
  await read(first, [1, 2, 3], "header");
  await first.close();
  const inbox = found.folders.get("INBOX") ?? [];
  inbox[1] = { uid: 2, flags: new Set(), bytes: Buffer.from("Subject: another\r\nMessage-ID: <x@x>\r\n\r\nx\r\n") };
  const second = await open(found);
  expect(second.facts?.(2)?.subject).toEqual(["number 2"]);
  await expect(commit(second, { 2: "drop" })).rejects.toMatchObject({ reason: "UID reused", exit: Exit.Protocol });
  await commit(second, { 3: "drop" });
  await second.close();
  expect(uidsOf(found)).toEqual([1, 2]);
});

test("if a message cannot be written to the temporary file, the error is reported", async () => {
  const found = await start({});
  const mailbox = await open(found);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = join(directory, "missing");
  try {
    await expect(read(mailbox, [1])).rejects.toThrow(`${join(directory, "missing")}: No such file or directory`);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  await mailbox.close();
});

test("changes that were made while the connection was lost are noticed after a reconnect", async () => {
  let isLost = false;
  const found = await start({
    answer: (line) => {
      if (line !== "NOOP" || isLost) return undefined;
      isLost = true;
      found.folders.get("INBOX")?.shift();
      found.folders.get("INBOX")?.push({ uid: 9, flags: new Set(), bytes: Buffer.from("Subject: new\r\n\r\nx\r\n") });
      return "close";
    },
  });
  const mailbox = await open(found);
  expect(await mailbox.poll()).toBe(1);
  expect([mailbox.count, mailbox.flags(4)]).toEqual([4, Flag.New]);
  expect((await read(mailbox, [1, 4], "header")).map((each) => /Subject: (.*)/.exec(each)?.[1])).toEqual([
    "(message 1: removed by another program)",
    "new",
  ]);
  await mailbox.close();
});

test("`mail` does not wait for a server that fails to end IDLE", async () => {
  let isIdle = false;
  const found = await start({
    answer: (line) => {
      if (line === "IDLE" && !isIdle) {
        isIdle = true;
        return "silent";
      }
      return undefined;
    },
  });
  const mailbox = await open(found, "imap", clear, 300);
  mailbox.countReported?.();
  expect(await mailbox.poll()).toBe(0);
  await mailbox.close();
});

test("a folder that the server opens read-only is not changed", async () => {
  const found = await start({
    answer: (line, _tag, honest) =>
      line.startsWith("SELECT") ? honest().toString().replace("READ-WRITE", "READ-ONLY") : undefined,
  });
  const mailbox = await open(found);
  expect(mailbox.readOnly).toBe(true);
  await expect(commit(mailbox, { 1: "drop" })).rejects.toMatchObject({ exit: Exit.NoPerm });
  await mailbox.close();
});

test("the message that was listed is the one that is removed, even if another client removes messages", async () => {
  const found = await start({});
  const mailbox = await open(found);
  found.folders.get("INBOX")?.shift();
  await commit(mailbox, { 2: "drop" });
  await mailbox.close();
  expect(uidsOf(found)).toEqual([3]);
});

test.each([
  ["refuses it", (tag: string) => `${tag} NO not now\r\n`, "nothing was added"],
  ["closes the connection", () => "close", "the server may have stored a message"],
])(
  "if the server %s, a failed append reports whether a message may have been stored",
  async (_title, answer, outcome) => {
    const found = await start({ answer: (line, tag) => (line.startsWith("APPEND") ? answer(tag) : undefined) });
    const message = {
      pieces: [Buffer.from("Subject: x\n\nx\n")],
      filing: { letters: "", date: undefined, base: "", place: "cur" as const },
    };
    await expect(
      appendToFolder(`imap://ann@localhost:${found.port}/INBOX`, [message], accessFor("ann", clear)),
    ).rejects.toMatchObject({ message: expect.stringMatching(`; ${outcome}$`) });
  },
);

/** The commands that a quit sends, in order. */
const steps = ["NOOP", "UID STORE", "UID STORE", "UID EXPUNGE"];

test.each(steps.flatMap((_step, at) => ["close", "reset", "after"].map((how) => [at + 1, how] as const)))(
  "if the connection is lost at command %i of a quit (%s), no message is lost or duplicated",
  async (nth, how) => {
    let count = 0;
    const found = await start({
      answer: (line, _tag, honest) => {
        if (!/^NOOP|STORE|EXPUNGE/.test(line) || ++count !== nth) return undefined;
        // The server may have executed the command even if its response is lost.
        if (how === "after") honest();
        return how === "after" ? "close" : how;
      },
    });
    const mailbox = await open(found);
    mailbox.mark(1, Flag.Read);
    mailbox.mark(2, Flag.Deleted);
    await commit(mailbox, { 2: "drop" });
    await mailbox.close();
    expect(found.folders.get("INBOX")?.map(({ uid, flags }) => [uid, ...flags])).toEqual([[1, "\\Seen"], [3]]);
  },
);

test.each(steps.map((_step, at) => at + 1))(
  "if the server fails from command %i of a quit onwards, no step is left incomplete",
  async (nth) => {
    let count = 0;
    const found = await start({
      answer: (line) => {
        if (count < nth && /^NOOP|STORE|EXPUNGE/.test(line)) count++;
        return count >= nth ? "close" : undefined;
      },
    });
    const mailbox = await open(found);
    mailbox.mark(1, Flag.Read);
    mailbox.mark(2, Flag.Deleted);
    await expect(commit(mailbox, { 2: "drop" })).rejects.toMatchObject({ exit: Exit.TempFail });
    await mailbox.close();
    expect(uidsOf(found)).toEqual([1, 2, 3]);
    expect(
      found.folders
        .get("INBOX")
        ?.filter(({ flags }) => flags.has("\\Deleted"))
        .map(({ uid }) => uid),
    ).toEqual(nth > 3 ? [2] : []);
  },
);
