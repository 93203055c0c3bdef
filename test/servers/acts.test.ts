/** Tests the built program's actions on Dovecot mailboxes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { parseLines, parseProblems } from "../act/support/schemas.ts";
import { describeIf } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, prepareHome, startDovecot } from "./dovecot.ts";

describeIf(dovecotProgram !== undefined)("actions on a server", () => {
  let dovecot: Dovecot;
  let home: string;
  let server: string;
  let folders = 0;
  let address: string;

  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    server = `imaps://ann@localhost:${dovecot.imapsPort}`;
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
  });
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "mail-imap-acts-"));
    writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)} folder=${server}\n`);
    const folder = `Acts${++folders}`;
    address = `${server}/${folder}`;
    const client = await connectTo(dovecot);
    await client.create(folder);
    await client.create(`${folder}-target`);
    for (const subject of ["one", "two", "three"]) {
      const lines = ["From: Ann <ann@x.example>", `Subject: ${subject}`, "", `text of ${subject}`, ""];
      await client.append(folder, Buffer.from(lines.join("\r\n")), { flags: [], received: new Date(0) });
    }
    await client.logout();
    return () => rmSync(home, { recursive: true });
  });

  const json = async (form: string, ...argv: string[]) => {
    const env = { PATH: process.env["PATH"], HOME: home, MAIL: join(home, "spool"), TZ: "UTC" };
    const { exit, out, err } = await runMail(["-n", "--json", ...argv], env, "", home);
    return { exit, values: parseLines(form, out), problems: parseProblems(err) };
  };
  const list = async (folder = address) => (await json("message", "-f", folder)).values;
  const idOf = async (subject: string) => `id:${(await list()).find((each) => each["subject"] === subject)?.["id"]}`;
  const subjects = async (folder = address) => (await list(folder)).map(({ subject }) => subject);

  test("--delete, --mark and --show accept ids, which stay the same when other messages are deleted", async () => {
    const id = await idOf("two");
    expect(id).toMatch(/^id:\d+-\d+$/);
    expect(await json("act", "--delete", "-f", address, await idOf("one"))).toMatchObject({ exit: 0, problems: [] });
    expect(await json("act", "--mark", "flagged", "-f", address, id)).toMatchObject({ exit: 0, problems: [] });
    const [shown] = (await json("message", "--show", id, "-f", address)).values;
    expect(shown).toMatchObject({ subject: "two", state: "new", flagged: true, text: "text of two\n" });
    expect((await list()).map(({ subject, state }) => [subject, state])).toEqual([
      ["two", "new"],
      ["three", "new"],
    ]);
  });

  test("a message that another client has removed is reported as gone, and nothing is changed", async () => {
    const id = await idOf("one");
    expect((await json("act", "--delete", "-f", address, id)).exit).toBe(0);
    const { exit, values, problems } = await json("act", "--delete", "-f", address, id, await idOf("two"));
    expect({ exit, problems }).toMatchObject({ exit: 1, problems: [{ error: { reason: "gone" } }] });
    expect(values.map(({ reason }) => reason)).toEqual(["gone", "not attempted"]);
    expect(await subjects()).toEqual(["two", "three"]);
  });

  test("--move and --copy accept either a folder on the server or a file as the destination", async () => {
    expect(await json("act", "--move", `${address}-target`, "-f", address, "subject:one")).toMatchObject({
      exit: 0,
      problems: [],
      values: [{ done: true, to: `${address}-target` }],
    });
    await json("act", "--copy", `${address}-target`, "-f", address, await idOf("two"));
    await json("act", "--move", "./file", "-f", address, await idOf("three"));
    expect(await subjects()).toEqual(["two"]);
    expect((await subjects(`${address}-target`)).sort()).toEqual(["one", "two"]);
    expect(readFileSync(join(home, "file"), "utf8")).toMatch(/^Subject: three$/m);
  });

  test("the id that --draft reports is that of the stored message; --send sends this message once and then removes it", async () => {
    writeFileSync(join(home, "sendmail"), "#!/bin/sh\nexec cat >>sent\n", { mode: 0o755 });
    const settings = `set drafts=${address} mta=${join(home, "sendmail")}\n`;
    writeFileSync(join(home, ".mailrc"), settings, { flag: "a" });
    const { exit, values } = await json("submission", "--draft", "-s", "plan", "bob@x.example");
    const id = (await idOf("plan")).replace("id:", "");
    expect({ exit, values }).toMatchObject({
      exit: 0,
      values: [{ sent: false, reason: "stored", draft: { id, folder: address } }],
    });
    expect(await json("submission", "--send", id)).toMatchObject({ exit: 0, values: [{ sent: true }] });
    expect(await json("submission", "--send", id)).toMatchObject({
      exit: 1,
      problems: [{ error: { reason: "gone" } }],
    });
    expect(readFileSync(join(home, "sent"), "utf8").match(/^Subject: plan$/gm)).toHaveLength(1);
    expect(await subjects()).toEqual(["one", "two", "three"]);
  });

  test("a dry run of --reply describes the message, and neither sends it nor marks the original", async () => {
    writeFileSync(join(home, "sendmail"), "#!/bin/sh\nexec cat >>sent\n", { mode: 0o755 });
    writeFileSync(join(home, ".mailrc"), `set mta=${join(home, "sendmail")}\n`, { flag: "a" });
    const id = await idOf("two");
    const reply = () => json("act", "--reply", id, "--dry-run", "-f", address);
    const plan = { recipients: ["ann@x.example"], subject: "Re: two", inReplyTo: [], attachments: [] };
    expect(await reply()).toMatchObject({ exit: 0, problems: [], values: [{ done: false, reason: "dry run", plan }] });
    expect((await list()).map(({ answered }) => answered)).toEqual([false, false, false]);
    expect(existsSync(join(home, "sent"))).toBe(false);
  });

  test("an invalid query is refused even if the folder is empty", async () => {
    for (const form of [["--json"], ["--delete"], ["--wait", "0"]])
      expect(await json("message", ...form, "-f", `${address}-target`, "since:nonsense")).toMatchObject({
        exit: 64,
        problems: [{ error: { reason: "invalid query" } }],
      });
  });

  test("messages are not moved or copied into their own folder, however its address is written", async () => {
    const id = await idOf("one");
    const { imapsPort } = dovecot;
    const folder = address.split("/").at(-1);
    for (const to of [
      `imaps://localhost:${imapsPort}/${folder}`,
      `IMAPS://ann@LOCALHOST:${imapsPort}/%41${folder?.slice(1)}`,
    ])
      for (const act of ["--move", "--copy"])
        expect(await json("act", act, to, "-f", address, id)).toMatchObject({
          exit: 64,
          problems: [{ error: { reason: "same folder" } }],
        });
    expect(await idOf("one")).toBe(id);
    expect(await subjects()).toEqual(["one", "two", "three"]);
  });

  test("--move from a file to the server copies the messages, and then removes the originals", async () => {
    await json("act", "--move", "./file", "-f", address, "subject:three");
    const { exit, problems } = await json("act", "--move", `${address}-target`, "-f", "file", "subject:three");
    expect({ exit, problems }).toEqual({ exit: 0, problems: [] });
    expect(await subjects(`${address}-target`)).toEqual(["three"]);
    expect(readFileSync(join(home, "file"), "utf8")).toBe("");
  });
});
