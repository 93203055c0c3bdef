/**
 * Tests an append that exceeds a quota, and sessions during which other clients (Python's imaplib and mutt) change the
 * folder.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { Exit } from "../../src/errors.ts";
import { appendToFolder } from "../../src/mailbox/imap/append-to-folder.ts";
import { Flag } from "../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { describeIf, isInstalled } from "../conditions.ts";
import { accessFor, connectTo } from "./connect.ts";
import { certificates, type Dovecot, dovecotProgram, forbiddenCommands, password, startDovecot } from "./dovecot.ts";

/** Runs imaplib commands with INBOX as the selected folder. */
function runImaplib({ imapsPort }: Dovecot, commands: string): void {
  const program = `
import imaplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
client = imaplib.IMAP4_SSL("localhost", int(sys.argv[1]), ssl_context=context)
client.login_cram_md5("ann", sys.argv[3])
client.select("INBOX")
${commands}
client.logout()
`;
  const argv = ["-c", program, `${imapsPort}`, join(certificates, "localhost.pem"), password];
  const { status, stderr } = spawnSync("python3", argv, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}

/** Opens a folder in mutt, types the given keys, and quits mutt, so that the changes are written to the server. */
async function runMutt({ imapPort }: Dovecot, folder: string, directory: string, keys: string): Promise<void> {
  const settings = join(directory, "muttrc");
  const lines = [
    `set imap_pass="${password.replace(/["\\]/g, "\\$&")}"`,
    "set ssl_starttls=no ssl_force_tls=no delete=yes quit=yes mark_old=no sleep_time=0",
    `set folder="${directory}"`,
    `push "${keys}<quit>"`,
  ];
  writeFileSync(settings, `${lines.join("\n")}\n`);
  const terminal = await openPty({
    argv: ["mutt", "-n", "-F", settings, "-f", `imap://ann@127.0.0.1:${imapPort}/${folder}`],
    env: { PATH: process.env["PATH"], HOME: directory, TERM: "vt100", LC_ALL: "C.UTF-8" },
    cwd: directory,
  });
  try {
    await terminal.expect("Closing connection", 30_000);
    expect(await terminal.exited).toBe(0);
  } finally {
    await terminal.close();
  }
}

describeIf(dovecotProgram !== undefined && isInstalled("mutt"))("a folder that is open in mutt", () => {
  test("the changes of both clients are kept", async () => {
    const dovecot = await startDovecot("maildir");
    const directory = mkdtempSync(join(tmpdir(), "mail-mutt-"));
    try {
      const client = await connectTo(dovecot);
      await client.create("Both");
      const names = ["one", "two", "three", "four", "five"];
      for (const name of names) await client.append("Both", Buffer.from(`Subject: ${name}\r\n\r\nx\r\n`));
      const options = { lockwait: 1, stateDirectory: join(directory, "state"), ...accessFor() };
      const mailbox = await openMailbox(`imaps://ann@localhost:${dovecot.imapsPort}/Both`, options);
      mailbox.mark(1, Flag.Read);
      mailbox.mark(3, Flag.Deleted);
      mailbox.mark(5, Flag.Answered);
      const keys = "<delete-pattern>~s two<enter><tag-pattern>~s five<enter><tag-prefix><flag-message>";
      await runMutt(dovecot, "Both", directory, keys);
      await mailbox.commit({ fate: (each) => ((mailbox.flags(each) & Flag.Deleted) === 0 ? "keep" : "drop") });
      await mailbox.close();
      await client.select("Both", { readOnly: true });
      const found: string[] = [];
      await client.fetch("1:*", { flags: true }, ({ uid, flags = [] }) => {
        found.push([uid, ...flags.filter((flag) => flag !== "\\Recent").sort()].join(" "));
      });
      await client.logout();
      expect(found).toEqual(["1 \\Seen", "4", "5 \\Answered \\Flagged"]);
    } finally {
      await dovecot.stop();
      rmSync(directory, { recursive: true });
    }
  });
});

describeIf(dovecotProgram !== undefined && isInstalled("python3"))("a folder that another client changes", () => {
  let dovecot: Dovecot;
  let directory: string;
  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    directory = mkdtempSync(join(tmpdir(), "mail-clients-"));
  });
  afterAll(async () => {
    await dovecot.stop();
    rmSync(directory, { recursive: true });
  });
  const address = (user: string) => `imaps://${user}@localhost:${dovecot.imapsPort}/INBOX`;

  test("the other client's flags, keywords and deletions are kept", async () => {
    const client = await connectTo(dovecot);
    for (const number of [1, 2, 3, 4, 5]) await client.append("INBOX", Buffer.from(`Subject: ${number}\r\n\r\nx\r\n`));
    const options = { lockwait: 1, stateDirectory: join(directory, "state"), ...accessFor() };
    const mailbox = await openMailbox(address("ann"), options);
    mailbox.mark(1, Flag.Read);
    mailbox.mark(3, Flag.Deleted);
    runImaplib(
      dovecot,
      String.raw`
client.uid("STORE", "1", "+FLAGS", "(keyword)")
client.uid("STORE", "4", "+FLAGS", r"(\Deleted)")
client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
client.expunge()
client.uid("STORE", "5", "+FLAGS", r"(\Deleted \Flagged)")
client.append("INBOX", None, None, b"Subject: 6\r\n\r\nx\r\n")`,
    );
    const { arrived } = await mailbox.commit({
      fate: (each) => ((mailbox.flags(each) & Flag.Deleted) === 0 ? "keep" : "drop"),
    });
    await mailbox.close();
    expect(arrived).toBe(1);
    await client.select("INBOX", { readOnly: true });
    const found: string[] = [];
    await client.fetch("1:*", { flags: true }, ({ uid, flags = [] }) => {
      found.push([uid, ...flags.filter((flag) => flag !== "\\Recent").sort()].join(" "));
    });
    await client.logout();
    expect(found).toEqual(["1 \\Seen keyword", "5 \\Deleted \\Flagged", "6"]);
    const ours = dovecot.readRawLogs().filter(({ commands }) => !commands.includes("EXPUNGE"));
    expect(forbiddenCommands(ours)).toEqual([]);
  });
});

describeIf(dovecotProgram !== undefined)("a folder with a quota", () => {
  test("the server accepts either all messages of an append or none", async () => {
    const dovecot = await startDovecot("maildir", { mostMessages: 2 });
    try {
      const messages = Array.from({ length: 4 }, (_, at) => ({
        pieces: [Buffer.from(`Subject: ${at}\n\nx\n`)],
        filing: { letters: "", date: undefined, base: "", place: "cur" as const },
      }));
      const address = `imaps://ann@localhost:${dovecot.imapsPort}/INBOX`;
      await expect(appendToFolder(address, messages, accessFor())).rejects.toMatchObject({
        reason: "over quota",
        exit: Exit.IoErr,
        message: expect.stringMatching(/Quota exceeded.*; nothing was added$/),
      });
      const client = await connectTo(dovecot);
      expect((await client.select("INBOX")).exists).toBe(0);
      await client.logout();
    } finally {
      await dovecot.stop();
    }
  });
});
