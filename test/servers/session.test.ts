/** Tests sessions of the built program with mailboxes on Dovecot. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { describeIf } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, prepareHome, startDovecot } from "./dovecot.ts";
import { startLyingServer } from "./lying-server.ts";

const program = join(import.meta.dirname, "../../bin/mail.js");

describeIf(dovecotProgram !== undefined)("a session", () => {
  let dovecot: Dovecot;
  let home: string;
  let server: string;
  let folders = 0;
  let folder: string;
  const terminals: Pty[] = [];

  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    server = `imaps://ann@localhost:${dovecot.imapsPort}`;
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
  });
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "mail-imap-session-"));
    writeFileSync(
      join(home, ".mailrc"),
      `set ${prepareHome(home)} folder=${server}\nset sendmail="${join(home, "sendmail")}"\n`,
    );
    writeFileSync(join(home, "sendmail"), "#!/bin/sh\ncat >/dev/null\n", { mode: 0o755 });
    folder = `Folder ${++folders}`;
    const client = await connectTo(dovecot);
    await client.create(folder);
    for (const subject of ["one", "two", "three"]) {
      const lines = ["From: Ann <ann@x.example>", `Subject: ${subject}`, "", `text of ${subject}`, ""];
      await client.append(folder, Buffer.from(lines.join("\r\n")), { flags: ["kept"], received: new Date(0) });
    }
    await client.logout();
    return () => rmSync(home, { recursive: true });
  });

  afterEach(async () => {
    for (const pty of terminals.splice(0)) await pty.close();
  });

  const address = () => `${server}/${folder.replace(" ", "%20")}`;
  const run = (words: readonly string[], input: string, environment: Record<string, string> = {}) => {
    const env = { PATH: process.env["PATH"], HOME: home, MAIL: join(home, "spool"), TZ: "UTC", ...environment };
    return runMail(words, env, input);
  };
  /** Removes a message as another client would. @param place the number of the message in the folder, from 1 */
  const removeFromServer = async (place: number) => {
    const other = await connectTo(dovecot);
    await other.select(folder, { readOnly: false });
    const uid = (await other.search({ word: "ALL" }))[place - 1];
    await other.store(`${uid}`, "+", ["\\Deleted"]);
    await other.expunge(`${uid}`);
    await other.logout();
  };
  /** Returns the subjects and the flags of the messages in a folder. */
  const listFolder = async (name: string) => {
    const { out } = await run(["--json", "-f", `${server}/${name.replace(" ", "%20")}`], "");
    return out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { subject: string; state: string; flagged: boolean });
  };
  const subjectsOf = async (name: string) => (await listFolder(name)).map(({ subject }) => subject);

  test("only the requested parts of a large message are fetched, and the saved files are the same as those saved from a local mailbox", async () => {
    const texts = ["first", "second", "third"].map((word) => `${word} `.repeat(300_000));
    const attachments = texts.map((text) => Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\n"));
    const notes = Array.from({ length: 60_000 }, (_, at) => `note ${at} of the report`).join("\n");
    const parts = [
      "Content-Type: text/plain\n\nThe reports are attached.",
      ...attachments.map(
        (bytes, at) =>
          `Content-Type: application/octet-stream; name="report-${at}.bin"\nContent-Transfer-Encoding: base64\n\n${bytes}`,
      ),
      `Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\n${notes}`,
    ];
    const head =
      'From: Ann <ann@x.example>\nSubject: large\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"';
    const text = `${head}\n\n${parts.map((part) => `--b\n${part}\n`).join("")}--b--\n`;
    const client = await connectTo(dovecot);
    await client.append(folder, Buffer.from(text.replaceAll("\n", "\r\n")), { flags: [], received: new Date(0) });
    await client.logout();
    const box = join(home, "box");
    writeFileSync(box, `From ann@x.example Thu Jan  1 00:00:00 1970\n${text}\n`);
    const sentFor = async (command: string) => {
      dovecot.clearRawLogs();
      const there = await run(["-f", address()], `${command.replace(/\bN\b/, "4").replaceAll("DIR", "there")}\nx\n`);
      const sent = Math.max(...dovecot.readRawLogs().map((log) => log.sent));
      const here = await run(["-f", box], `${command.replace(/\bN\b/, "1").replaceAll("DIR", "here")}\nx\n`);
      const results = (out: string) =>
        out.split("\n").filter((line) => !/^("|[> ][NUO ]|Mail version|Message)/.test(line));
      expect({ command, out: results(there.out), err: there.err }).toEqual({
        command,
        out: results(here.out),
        err: here.err,
      });
      return sent;
    };
    for (const place of ["there", "here"]) mkdirSync(join(home, place));
    expect(await sentFor("parts N")).toBeLessThan(10_000);
    expect(await sentFor(`save -p 3 N ${home}/DIR`)).toBeLessThan((attachments[1] as string).length * 1.1 + 10_000);
    expect(await sentFor(`write -p 2,4 N ${home}/DIR`)).toBeLessThan((attachments[0] as string).length * 2.2 + 10_000);
    expect(await sentFor("pipe -p 5 N cat")).toBeLessThan(notes.length * 1.1 + 100_000);
    expect(await sentFor("print -p 5 N")).toBeLessThan(notes.length * 1.1 + 100_000);
    expect(readdirSync(join(home, "there")).sort()).toEqual(readdirSync(join(home, "here")).sort());
    for (const [at, content] of texts.entries())
      expect(readFileSync(join(home, `there/report-${at}.bin`), "utf8") === content).toBe(true);
  });

  test("messages are listed, printed and deleted as in a file", async () => {
    const { out, err, exit } = await run(["-f", address()], "p 2\nd 1\nq\n");
    expect([err, exit]).toEqual(["", 0]);
    expect(out).toContain(`"+${folder}": 3 messages 3 new`);
    expect(out).toMatch(/^>N {2}1 ann@x.example {6}Thu Jan {2}1 00:00 {6}\d+ +one$/m);
    expect(out).toContain("Subject: two\n\ntext of two\n");
    expect(await listFolder(folder)).toMatchObject([{ subject: "two", state: "read" }, { subject: "three" }]);
  });

  test("messages are saved from the server to a file, and from a file to a new folder on the server", async () => {
    const file = join(home, "saved");
    const { out } = await run(["-N", "-f", address()], `copy 1-2 ${file}\nx\n`);
    expect(out).toContain(`"${file}" [New file]\n`);
    expect(readFileSync(file, "utf8").match(/^Subject: .*$/gm)).toEqual(["Subject: one", "Subject: two"]);
    const saved = await run(["-N", "-f", file], `save * +New%20${folders}\nsave 1 +New%20${folders}\nx\n`);
    expect(saved.out).toContain(`"${server}/New%20${folders}" [New file]\n"${server}/New%20${folders}" [Appended]\n`);
    expect(await listFolder(`New ${folders}`)).toMatchObject([
      { subject: "one", state: "read" },
      { subject: "two", state: "read" },
      { subject: "one", state: "read" },
    ]);
  });

  test("write refuses a folder on the server as its destination, and folder refuses a POP3 mailbox", async () => {
    const { out, err } = await run(["-N", "-f", address()], `write 1 +Sent\nfolder pop3://localhost/\nx\n`);
    expect(out + err).toContain("a mailbox on a server stores only messages; nothing was written");
    expect(out + err).toContain("pop3://localhost/: POP3 is not supported");
  });

  test("the folder that MAIL names is opened, and messages that have been read stay in it", async () => {
    const { out } = await run(["-N"], "p 1\nd 2\nq\n", { MAIL: address() });
    expect(out).toContain("text of one");
    expect(await subjectsOf(folder)).toEqual(["one", "three"]);
    expect(existsSync(join(home, "mbox"))).toBe(false);
  });

  test("with nohold, messages that have been read move to MBOX, which may be a file or another folder", async () => {
    await run(["-N", "-S", "nohold"], "p 1\nq\n", { MAIL: address() });
    expect(await subjectsOf(folder)).toEqual(["two", "three"]);
    expect(readFileSync(join(home, "mbox"), "utf8")).toContain("text of one");
    const { out, err } = await run(["-N", "-S", "nohold", "-S", `MBOX=${server}/Read%20${folders}`], "p 1\nq\n", {
      MAIL: address(),
    });
    expect(err).toBe("");
    expect(out).toContain(`Saved 1 message in ${server}/Read%20${folders}\n`);
    expect([await subjectsOf(folder), await subjectsOf(`Read ${folders}`)]).toEqual([["three"], ["two"]]);
  });

  test("messages that have been read move from a local mailbox to MBOX on a server", async () => {
    const file = join(home, "spool");
    const stored = (name: string) => `From ann Sat Jan 16 18:22:03 2021\nFrom: ann\nSubject: ${name}\n\ntext\n\n`;
    writeFileSync(file, stored("here") + stored("there"));
    const { out, err } = await run(["-N", "-S", `MBOX=+Local%20${folders}`], "p 2\nq\n");
    expect([out.includes(`Saved 1 message in ${server}/Local%20${folders}\n`), err]).toEqual([true, ""]);
    expect(readFileSync(file, "utf8")).toContain("Subject: here");
    expect(readFileSync(file, "utf8")).not.toContain("Subject: there");
    expect(await listFolder(`Local ${folders}`)).toMatchObject([{ subject: "there", state: "read" }]);
  });

  test("deleted messages move to the folder that the trash variable names", async () => {
    const words = ["-N", "-S", `trash=+Trash%20${folders}`];
    expect(await run([...words, "-f", address()], "p 1\nd 1-2\nq\n")).toMatchObject({ err: "", exit: 0 });
    expect(await subjectsOf(folder)).toEqual(["three"]);
    expect(await subjectsOf(`Trash ${folders}`)).toEqual(["one", "two"]);
    await run([...words, "-f", `${server}/Trash%20${folders}`], "d 1\nq\n");
    expect(await subjectsOf(`Trash ${folders}`)).toEqual(["two"]);
  });

  test("messages are moved and copied immediately on the same server, without being loaded", async () => {
    const target = `+Moved%20${folders}`;
    dovecot.clearRawLogs();
    const { out, err } = await run(
      ["-N", "-f", address()],
      `flag 1\nmove 1-2 ${target}\nf *\nflag 3\ncopy 3 ${target}\nx\n`,
    );
    expect(err).toBe("");
    const shown = `${server}/Moved%20${folders}`;
    expect(out).toMatch(`"${shown}" [New file]: 2 messages moved at once\n>N  3 ann@x.example`);
    expect(out).toContain(`"${shown}" [Appended]\n`);
    const commands = dovecot.readRawLogs().flatMap((log) => log.commands);
    expect(commands.filter((line) => /BODY/.test(line))).toHaveLength(1);
    expect(await subjectsOf(folder)).toEqual(["three"]);
    expect(await listFolder(`Moved ${folders}`)).toMatchObject([
      { subject: "one", flagged: true },
      { subject: "two", flagged: false },
      // A copy has the flags that the server has stored. It is not marked as read, and lacks the session's mark.
      { subject: "three", flagged: false, state: expect.stringMatching(/new|unread/) },
    ]);
  });

  test("messages are moved to a file, and the originals are removed at quit", async () => {
    const file = join(home, "moved");
    expect((await run(["-N", "-f", address()], `move 2 ${file}\nx\n`)).out).toContain(`"${file}" [New file]\n`);
    expect(await subjectsOf(folder)).toEqual(["one", "two", "three"]);
    await run(["-N", "-f", address()], `move 2 ${file}\nq\n`);
    expect(await subjectsOf(folder)).toEqual(["one", "three"]);
    expect(readFileSync(file, "utf8").match(/^Subject: .*$/gm)).toEqual(["Subject: two", "Subject: two"]);
  });

  test("folders are listed with their special uses", async () => {
    const { out, err } = await run(["-N", "-f", address()], "folders\nx\n");
    expect(err).toBe("");
    expect(out).toMatch(/^INBOX$/m);
    expect(out).toMatch(/^Trash +trash$/m);
    expect(out).toMatch(new RegExp(`^${folder}$`, "m"));
    expect((await run(["--folders"], "")).out).toBe(out.split("\n").slice(2).join("\n"));
    const json = (await run(["--folders", "--json"], "")).out.trim().split("\n");
    expect(json).toContain('{"version":1,"name":"Trash","use":"trash"}');
    expect(json).toContain(`{"version":1,"name":"${folder}","use":null}`);
  });

  test("a message that another client has removed is reported, and other messages are unaffected", async () => {
    const child = spawn(process.execPath, [program, "-N", "-f", address()], {
      env: { PATH: process.env["PATH"], HOME: home, TZ: "UTC" },
    });
    const [out, err] = [text(child.stdout), text(child.stderr)];
    child.stdin.write("=\n");
    await once(child.stdout, "data").catch(() => {});
    await removeFromServer(2);
    const file = join(home, "all");
    child.stdin.write(`inc\np 2\nsave 1-3 ${file}\nf *\nd 1 3\nset trash=+Trash%20${folders}\n=\n`);
    await once(child.stdout, "data");
    await removeFromServer(1);
    child.stdin.end("q\n");
    await once(child, "close");
    expect(await err).toBe("");
    expect(await out).toContain("2: Inappropriate message\n");
    expect([await subjectsOf(folder), await subjectsOf(`Trash ${folders}`)]).toEqual([[], ["three"]]);
  });

  const openTerminal = async () => {
    const pty = await openPty({
      argv: [process.execPath, program, "-N", "-f", address()],
      env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm", TZ: "UTC", LANG: "C.UTF-8" },
    });
    terminals.push(pty);
    return pty;
  };

  test("new mail is reported at the prompt on a terminal, and inc adds the new messages to the list", async () => {
    const pty = await openTerminal();
    await pty.expect("& ");
    const client = await connectTo(dovecot);
    await client.append(folder, Buffer.from("From: bob@x.example\r\nSubject: four\r\n\r\ntext\r\n"), {});
    await client.logout();
    await pty.expect("New mail has arrived; inc adds it to the list.");
    pty.send("inc\n");
    await pty.expect(/4 messages/);
    pty.send("p 4\n");
    await pty.expect(/Subject:.* four/);
    pty.send("x\n");
    expect(await pty.exited).toBe(0);
  });

  test("the next session offers to restore the changes of a killed session, except those already made on the server", async () => {
    const killed = await openTerminal();
    await killed.expect("& ");
    killed.send("d 1 3\n");
    await killed.expect("& ");
    killed.send("=\n");
    await killed.expect(/\n2\r?\n/);
    process.kill(killed.pid as number, "SIGKILL");
    await killed.exited;
    expect(await subjectsOf(folder)).toEqual(["one", "two", "three"]);
    await removeFromServer(1);
    const { out, err } = await run(["-N", "-f", address()], "resume\nq\n");
    expect(err).toBe("");
    expect(out).toContain("Resumed: 1 deletion\n");
    expect(await subjectsOf(folder)).toEqual(["two"]);
  });

  test("a session survives a lost connection", async () => {
    const pty = await openTerminal();
    await pty.expect("& ");
    pty.send("d 2\n");
    await pty.expect("& ");
    dovecot.endSessions();
    pty.send("p 3\n");
    await pty.expect("text of three");
    dovecot.endSessions();
    pty.send("q\n");
    expect(await pty.exited).toBe(0);
    expect(await subjectsOf(folder)).toEqual(["one", "three"]);
  });

  test("Tab completes folder names, and the folder command asks before it creates a missing folder", async () => {
    const pty = await openTerminal();
    await pty.expect("& ");
    pty.send(`folder +Tras\t\n`);
    await pty.expect('"+Trash": 0 messages');
    pty.send(`folder +Fresh%20${folders}\n`);
    await pty.expect(`Fresh%20${folders} does not exist. Create it`);
    pty.send("y");
    await pty.expect(`"+Fresh ${folders}": 0 messages`);
    pty.send("x\n");
    expect(await pty.exited).toBe(0);
    const { err } = await run(["-N", "-f", `${server}/Never%20${folders}`], "x\n");
    expect(err).toContain("Mailbox doesn't exist");
  });

  test("folder names may be typed with spaces", async () => {
    const { out, err } = await run(["-N"], `folder "+${folder}"\nx\n`, { MAIL: address() });
    expect(err).toBe("");
    expect(out.match(new RegExp(`^"\\+${folder}": 3 messages`, "gm"))).toHaveLength(2);
  });

  test("save, copy and move on a terminal accept quoted folder names", async () => {
    const pty = await openTerminal();
    await pty.expect("& ");
    for (const [command, shown] of [
      ["copy 1", "[New file]"],
      ["move 2", "[Appended]"],
    ]) {
      pty.send(`${command} "+Café ${folders}"\n`);
      await pty.expect(shown as string);
    }
    pty.send("x\n");
    expect(await pty.exited).toBe(0);
    expect(await subjectsOf(`Café ${folders}`)).toEqual(["one", "two"]);
  });

  test("if the connection is lost at quit, the changes are kept, and the next session restores them", async () => {
    const other = await startDovecot("maildir");
    const place = `imaps://ann@localhost:${other.imapsPort}/INBOX`;
    const client = await connectTo(other);
    await client.append("INBOX", Buffer.from("Subject: one\r\n\r\ntext\r\n"), {});
    await client.logout();
    const child = spawn(process.execPath, [program, "-N", "-f", place], {
      env: { PATH: process.env["PATH"], HOME: home, TZ: "UTC" },
    });
    const err = text(child.stderr);
    child.stdin.write("d 1\n=\n");
    await once(child.stdout, "data");
    await other.stop();
    child.stdin.end("q\n");
    const [exit] = await once(child, "close");
    expect(exit).not.toBe(0);
    expect(await err).toMatch(/^mail: imaps:.*INBOX: localhost port \d+: /);
    expect(await err).toContain("the marks can be restored when the mailbox is next opened (resume)");
  });

  test("if the server is lost after messages were copied to trash on another server, a later quit copies no message twice", async () => {
    let isBroken = true;
    const lying = await startLyingServer({
      certificate: "localhost",
      messages: ["one", "two", "three"].map((word, at) => ({
        uid: at + 1,
        text: `Subject: ${word}\n${word === "three" ? "" : `Message-ID: <${word}-${folders}@x.example>\n`}\ntext\n`,
      })),
      answer: (line) => (isBroken && line.startsWith("UID STORE") ? "close" : undefined),
    });
    try {
      const place = `imaps://ann@localhost:${lying.port}/INBOX`;
      const words = ["-N", "-S", `trash=${address()}`, "-f", place];
      const failed = await run(words, "d 1 2\nq\n");
      expect(failed.exit).toBe(75);
      expect(failed.err).toContain("have already been copied to");
      expect(await subjectsOf(folder)).toEqual(["one", "two", "three", "one", "two"]);
      isBroken = false;
      const { exit } = await run(words, "resume\nd 3\nq\n");
      expect(exit).toBe(0);
      expect(lying.folders.get("INBOX")).toEqual([]);
      expect(await subjectsOf(folder)).toEqual(["one", "two", "three", "one", "two", "three"]);
    } finally {
      await lying.close();
    }
  });

  test("an edited message replaces the original, and keeps its flags and keywords", async () => {
    writeFileSync(join(home, "editor"), `#!/bin/sh\nsed -i 's/text of two/new text/' "$1"\n`, { mode: 0o755 });
    const words = ["-N", "-S", `EDITOR=${join(home, "editor")}`, "-f", address()];
    const { out, err } = await run(words, "flag 2\nedit 2\np 2\nq\n");
    expect([out.includes("new text"), err]).toEqual([true, ""]);
    expect(await subjectsOf(folder)).toEqual(["one", "three", "two"]);
    const client = await connectTo(dovecot);
    await client.select(folder, { readOnly: true });
    const found: unknown[] = [];
    const section = { section: "", start: 0, length: 1000 };
    await client.fetch("1:*", { flags: true, ranges: [section] }, (message) => {
      if (message.flags?.includes("\\Flagged")) found.push([message.flags, message.bytes("")?.toString()]);
    });
    await client.logout();
    const edited = "From: Ann <ann@x.example>\r\nSubject: two\r\n\r\nnew text\r\n";
    expect(found).toEqual([[expect.arrayContaining(["\\Seen", "\\Flagged", "kept"]), edited]]);
  });

  test("actions delete, mark and move messages by id, and leave other messages unchanged", async () => {
    const listed = (await run(["--json", "-f", address()], "")).out.trim().split("\n");
    const [one, two, three] = listed.map((line) => (JSON.parse(line) as { id: string }).id);
    const act = async (...words: string[]) => {
      const { out, err, exit } = await run([...words, "-f", address()], "");
      return [out, err, exit];
    };
    expect(await act("--mark", "flagged", `id:${one}`)).toEqual([expect.any(String), "", 0]);
    expect(await act("--move", `+Acted%20${folders}`, `id:${two}`)).toEqual([expect.any(String), "", 0]);
    expect(await act("--delete", `id:${three}`)).toEqual([expect.any(String), "", 0]);
    expect(await listFolder(folder)).toMatchObject([{ subject: "one", flagged: true }]);
    expect(await subjectsOf(`Acted ${folders}`)).toEqual(["two"]);
    const client = await connectTo(dovecot);
    await client.select(folder, { readOnly: true });
    expect(await client.search({ word: "UNSEEN" })).toHaveLength(1);
    await client.logout();
  });

  test("without a session, options list messages, count messages and test for new mail", async () => {
    expect((await run(["--count", "-f", address(), "subject:two"], "")).out).toBe("1\n");
    expect((await run(["-H", "-f", address()], "")).out.match(/(one|two|three)$/gm)).toEqual(["one", "two", "three"]);
    expect((await run(["-e"], "", { MAIL: address() })).exit).toBe(0);
    expect(await run(["-e"], "", { MAIL: `${server}/Trash` })).toMatchObject({ exit: 1, err: "" });
    expect((await run(["-N"], "", { MAIL: `${server}/Trash` })).err).toMatch(/^No mail for /);
  });

  test("folder # commits changes as quit does, and returns to the previous folder", async () => {
    const { out, err } = await run(["-N"], `d 1\nfolder +Trash\nfolder #\nf *\nx\n`, { MAIL: address() });
    expect(err).toBe("");
    expect(out).toContain('"+Trash": 0 messages\n');
    expect(out).toMatch(/: 2 messages.*\n[> ].* two\n.* three\n$/);
  });

  test("with -R, nothing is changed", async () => {
    const { out, err } = await run(["-N", "-R", "-f", address()], "p 1\nd 2\nq\n");
    expect(out + err).toContain("[Read only]");
    expect(out + err).toContain("opened read-only; nothing was changed");
    expect((await listFolder(folder)).filter(({ state }) => state !== "read")).toHaveLength(3);
  });

  test("sent messages are recorded in a folder", async () => {
    const record = `+Sent%20${folders}`;
    const sent = await run(["-S", `record=${record}`, "-s", "hello", "bob@x.example"], "text\n");
    expect(sent).toEqual({ out: "", err: "", exit: 0 });
    expect(await listFolder(`Sent ${folders}`)).toMatchObject([{ subject: "hello", state: "read" }]);
  });
});
