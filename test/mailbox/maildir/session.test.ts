import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openLocked } from "../../../src/mailbox/locked-file.ts";
import { type CommitPlan, Flag } from "../../../src/mailbox/mailbox.ts";
import { MaildirJournal } from "../../../src/mailbox/maildir/maildir-journal.ts";

import { until } from "../../until.ts";
import { subjectsInMbox } from "../support/accounts.ts";
import { openLocal } from "../support/local-mailbox.ts";
import { filesOf, letter, makeMaildir } from "../support/maildir.ts";
import { type Home, makeHome } from "../support/program.ts";

let home: Home;
let maildir: string;

beforeEach(() => {
  home = makeHome();
  maildir = join(home.path, "Maildir");
});

afterEach(() => home.remove());

const three = {
  "new/1600000001.M000001P1.host": letter("ann@example.org", "one"),
  "new/1600000002.M000001P1.host": letter("ben@example.org", "two"),
  "cur/1600000000.1.host:2,FS": letter("eve@example.org", "older"),
};

const mbox = (sender: string, subject: string, fields = "", body = `body of ${subject}\n`) =>
  `From ${sender} Sat Jan 16 18:22:03 2021\nFrom: ${sender}\nSubject: ${subject}\n${fields}\n${body}\n`;

describe("reading a Maildir", () => {
  test("the header list of a Maildir is the same as that of an mbox with the same messages", () => {
    makeMaildir(maildir, three);
    const inMbox = [letter("eve@example.org", "older"), ...Object.values(three).slice(0, 2)].map(
      (text, index) =>
        `From ${["eve", "ann", "ben"][index]}@example.org Sat Jan 16 18:22:03 2021\n${text.replace("\n\n", index === 0 ? "\nStatus: RO\n\n" : "\n\n")}\n`,
    );
    writeFileSync(join(home.path, "mbox"), inMbox.join(""));
    const ofMaildir = home.mail(["-H", "-f", "Maildir"], []).out;
    // In the mbox, the message that has been read has an additional Status line.
    expect(ofMaildir.replace("7/130 ", "8/141 ")).toBe(home.mail(["-H", "-f", "mbox"], []).out);
    expect(ofMaildir).toBe(
      "    1 eve@example.org    Sat Jan 16 18:22    7/130   older\n" +
        ">N  2 ann@example.org    Sat Jan 16 18:22    7/126   one\n" +
        " N  3 ben@example.org    Sat Jan 16 18:22    7/126   two\n",
    );
  });

  test.each<[string, string, string]>([
    // description                       file                                                            From_ line
    ["Return-Path", "Return-Path: <a@b>\n\nx\n", "From a@b Sat Jan 16 18:22:03 2021\n"],
    ["the null sender", "Return-Path: <>\n\nx\n", "From MAILER-DAEMON Sat Jan 16 18:22:03 2021\n"],
    [
      "the From address if there is no Return-Path",
      "From: Ann <ann@c>\n\nx\n",
      "From ann@c Sat Jan 16 18:22:03 2021\n",
    ],
    ["MAILER-DAEMON if there is no address", "\nx\n", "From MAILER-DAEMON Sat Jan 16 18:22:03 2021\n"],
    [
      "Delivery-date",
      "From: a@b\nDelivery-date: Sun, 17 Jan 2021 08:00:00 +0000\n\nx\n",
      "From a@b Sun Jan 17 08:00:00 2021\n",
    ],
    ["the same newline as the message", "From: a@b\r\n\r\nx\r\n", "From a@b Sat Jan 16 18:22:03 2021\r\n"],
    [
      "no characters that would break the line",
      "Return-Path: <a b\t@c>\n\nx\n",
      "From ab@c Sat Jan 16 18:22:03 2021\n",
    ],
  ])("the From_ line of a Maildir file has %s", async (_shows, content, fromLine) => {
    makeMaildir(maildir, { "new/1.host": content });
    const mailbox = await openLocal(maildir, { lockwait: 1, stateDirectory: join(home.path, "state") });
    const text = mailbox.read(1, 0, mailbox.size(1)).toString("latin1");
    expect(text.startsWith(fromLine)).toBe(true);
    expect(text.slice(fromLine.length)).toBe(content + (fromLine.endsWith("\r\n") ? "\r\n" : "\n"));
    await mailbox.close();
  });

  test("messages are listed in the order in which they were delivered, whichever program delivered them", async () => {
    makeMaildir(maildir, {
      "cur/1600000002.Vfd01I5M123456.host:2,S": letter("a", "third"),
      "new/1600000002.M200000P1.host": letter("a", "fourth"),
      "new/1600000001.99.host": letter("a", "first"),
      "cur/1600000001.M5P99.host:2,": letter("a", "second"),
    });
    const { out } = home.mail(["-H", "-f", "Maildir"], []);
    expect(out.match(/first|second|third|fourth/g)).toEqual(["first", "second", "third", "fourth"]);
  });

  test("a message that another program has removed is reported, and the others are shown", () => {
    makeMaildir(maildir, three);
    const { out, err } = home.mail(["-f", "Maildir"], ["!rm Maildir/new/1600000001*", "f 2 3", "p 2", "p 3", "x"]);
    expect(out).toContain("(message 2: removed by another progr");
    expect(out).toContain("ben@example.org    Sat Jan 16 18:22    7/126   two");
    expect(err).toContain("mail: message 2: removed by another program\n");
    expect(out).toContain("body of two");
  });

  test("a symbolic link in place of a message is not followed", () => {
    makeMaildir(maildir);
    symlinkSync("/etc/passwd", join(maildir, "new/1.host"));
    const { out } = home.mail(["-f", "Maildir"], ["p 1", "x"]);
    expect(out).toContain("Too many levels of symbolic links");
    expect(out).not.toContain("root:");
  });

  test("messages of any length are searched to their end", () => {
    const bodies = ["needle\n", "x\n".repeat(200_000), "x\n".repeat(5 << 20), "none\n"];
    const files = bodies.map((body, index): [string, string] => [
      `new/160000000${index}.M1P1.host`,
      letter("a@example.org", `m-${index}`, index === 3 ? body : `${body}needle\n`),
    ]);
    makeMaildir(maildir, Object.fromEntries(files));
    const { out } = home.mail(["-f", "Maildir"], ["f (body:needle)", "x"]);
    const listed = out.split("\n").slice(-4, -1);
    expect(listed.map((line) => line.split(" ").at(-1))).toEqual(["m-0", "m-1", "m-2"]);
  });

  test("a Maildir that cannot be written to is opened read-only", async () => {
    makeMaildir(maildir, three);
    const mailbox = await openLocal(maildir, {
      lockwait: 1,
      stateDirectory: join(home.path, "state"),
      readOnly: true,
    });
    await expect(mailbox.commit({ fate: () => "drop" })).rejects.toThrow("Read-only; nothing was changed");
    await mailbox.close();
  });
});

describe("quitting a Maildir", () => {
  test("quit stores the seen and listed states in the file names, and keeps other flags", () => {
    makeMaildir(maildir, three);
    expect(home.mail(["-f", "Maildir"], ["p 2", "q"]).out).toContain('"Maildir" complete');
    expect([...filesOf(maildir).keys()]).toEqual([
      "cur/1600000000.1.host:2,FS",
      "cur/1600000001.M000001P1.host:2,S",
      "cur/1600000002.M000001P1.host:2,",
    ]);
  });

  test("exit changes nothing", () => {
    makeMaildir(maildir, three);
    const before = filesOf(maildir);
    home.mail(["-f", "Maildir"], ["p 1-3", "d 1", "x"]);
    expect(filesOf(maildir)).toEqual(before);
  });

  test("quit removes deleted messages and those that another client has trashed, but not messages that were undeleted", () => {
    makeMaildir(maildir, {
      ...three,
      "cur/1600000003.1.host:2,ST": letter("a", "trash"),
      "cur/1600000004.1.host:2,Ta": letter("a", "rescued"),
    });
    home.mail(["-f", "Maildir"], ["d 1", "u 5", "q"]);
    expect([...filesOf(maildir).keys()]).toEqual([
      "cur/1600000001.M000001P1.host:2,",
      "cur/1600000002.M000001P1.host:2,",
      "cur/1600000004.1.host:2,Sa",
    ]);
  });

  test("messages that have been read are quoted at quit and moved, with their state, from the system mailbox to mbox", () => {
    makeMaildir(maildir, {
      "cur/1600000000.1.host:2,FR": letter("ann@example.org", "one", "From here\n\nFrom there\n"),
      "new/1600000001.1.host": letter("ben@example.org", "two"),
    });
    writeFileSync(join(home.path, "mbox"), mbox("old", "there already", "Status: RO\n"));
    const { out } = home.mail([], ["p 1", "q"], { MAIL: maildir });
    expect(out).toContain(`Saved 1 message in ${home.path}/mbox\nHeld 1 message in ${maildir}\n`);
    expect(readFileSync(join(home.path, "mbox"), "latin1")).toBe(
      "From ann@example.org Sat Jan 16 18:22:03 2021\nReturn-Path: <ann@example.org>\nFrom: ann@example.org\n" +
        "Subject: one\nStatus: RO\nX-Status: AF\n\n>From here\n\n>From there\n\n" +
        mbox("old", "there already", "Status: RO\n"),
    );
    expect([...filesOf(maildir).keys()]).toEqual(["cur/1600000001.1.host:2,"]);
  });

  test("quit moves messages to another Maildir byte for byte, with flags and time", () => {
    const body = "From here\n>From there\nno end";
    makeMaildir(maildir, { "cur/1600000000.1.host:2,Fa": letter("ann@example.org", "one", body) });
    const { out } = home.mail([], ["p 1", "q"], { MAIL: `${maildir}/`, MBOX: "read/" });
    expect(out).toContain("Saved 1 message in read/\n");
    const [[name, content] = []] = filesOf(join(home.path, "read"));
    expect(name).toMatch(/^cur\/\d+\.M\d+P\d+R[0-9a-f]+\..+:2,FSa$/);
    expect(content).toBe(`${letter("ann@example.org", "one", body)}\n`);
    expect(statSync(join(home.path, "read", name!)).mtimeMs).toBe(Date.UTC(2021, 0, 16, 18, 22, 3));
    expect(filesOf(maildir).size).toBe(0);
  });

  test("if a message is moved from an mbox to a Maildir, From_ becomes Return-Path, and Status becomes flags", () => {
    writeFileSync(
      join(home.path, "spool"),
      mbox("ann@example.org", "one", "Status: O\nX-Status: A\n", ">From here\n\nend\n") + mbox("ben", "two"),
    );
    const { out } = home.mail([], ["p 1", "q"], { MAIL: join(home.path, "spool"), MBOX: `${home.path}/read/` });
    expect(out).toContain(`Saved 1 message in ${home.path}/read/\nHeld 1 message in ${home.path}/spool\n`);
    const [[name, content] = []] = filesOf(join(home.path, "read"));
    expect(name).toMatch(/:2,RS$/);
    expect(content).toBe("Return-Path: <ann@example.org>\nFrom: ann@example.org\nSubject: one\n\n>From here\n\nend\n");
    expect(readFileSync(join(home.path, "spool"), "latin1")).toBe(mbox("ben", "two", "Status: O\n"));
  });

  test("the file of an edited message is replaced by a file with a new name", () => {
    makeMaildir(maildir, three);
    const { out } = home.mail(["-f", "Maildir"], ['set EDITOR="sed -i s/body/BODY/"', "e 2", "q"]);
    expect(out).toContain('"Maildir" complete');
    const contents = [...filesOf(maildir).values()];
    expect(contents).toHaveLength(3);
    expect(contents).toContain(letter("ann@example.org", "one", "BODY of one\n"));
    expect(readdirSync(join(maildir, "tmp"))).toEqual([]);
  });

  test("if mbox cannot be written to, quit changes nothing and reports the error", () => {
    makeMaildir(maildir, three);
    const { err, status } = home.mail([], ["p 1", "q"], { MAIL: maildir, MBOX: "/nowhere/mbox" });
    expect(status).not.toBe(0);
    expect(err).toContain("/nowhere/mbox: No such file or directory");
    expect(filesOf(maildir)).toEqual(new Map(Object.entries(three).sort()));
    expect(existsSync(join(maildir, ".mail-journal"))).toBe(false);
  });
});

describe("a damaged Maildir journal", () => {
  const state = () => join(home.path, ".local/state/mail");
  const name = () => `${createHash("sha256").update(maildir).digest("hex").slice(0, 32)}.maildir`;
  const work = { version: 1, path: "x", moved: null, bases: 2, movedLength: 0, edited: 0 };

  test.each([
    ["nonsense", "nonsense"],
    ["truncated", `${JSON.stringify({ ...work, movedLength: 100 })}\n{}`],
    ["damaged in its names", `${JSON.stringify(work)}\n{[`],
    ["of another version", `${JSON.stringify({ ...work, version: 9 })}\n{}`],
  ])("a Maildir journal that is %s is set aside, and the mailbox is opened", (_how, content) => {
    makeMaildir(maildir, three);
    mkdirSync(state(), { recursive: true });
    writeFileSync(join(state(), name()), content);
    const { out, err, status } = home.mail(["-f", "Maildir"], ["x"]);
    expect(out).toContain('"Maildir": 3 messages 2 new\n');
    expect([err, status]).toEqual([
      `mail: ${maildir}: the journal of an interrupted quit is damaged; it was set aside as ${join(state(), name())}.damaged\n`,
      0,
    ]);
    expect(readdirSync(state())).toEqual([`${name()}.damaged`]);
    expect([...filesOf(maildir).keys()].length).toBe(3);
  });
});

describe("changes by another client during the session", () => {
  const options = () => ({ lockwait: 1, stateDirectory: join(home.path, "state") });

  test("if another client appends to mbox before quit, moved messages still begin on a new line", async () => {
    makeMaildir(maildir, three);
    const path = join(home.path, "mbox");
    writeFileSync(path, mbox("old@example.org", "old"));
    const mailbox = await openLocal(maildir, { ...options(), lockwait: 10 });
    const other = await openLocked(path, 1);
    const quit = mailbox.commit({ fate: () => "mbox", mbox: { path, at: "end" } });
    await setTimeout(200);
    const unfinished = mbox("other@example.org", "other").trimEnd();
    writeFileSync(path, unfinished, { flag: "a" });
    await other.release();
    await quit;
    await mailbox.close();
    expect(subjectsInMbox(path)).toEqual(["old", "other", "older", "one", "two"]);
  });

  test("an interrupted quit of another session is completed first", async () => {
    makeMaildir(maildir, three);
    const path = join(home.path, "mbox");
    const mailbox = await openLocal(maildir, options());
    const work = { path: maildir, moved: { path, at: "end", oldSize: -1 } } as const;
    const parts = {
      bases: ["1600000001.M000001P1.host"],
      changes: new Map(),
      moved: () => [Buffer.from(mbox("ann@example.org", "one"))],
      edited: () => [],
    };
    (await MaildirJournal.write(options().stateDirectory, work, parts)).close();
    await mailbox.commit({ fate: (message) => (message === 3 ? "mbox" : "keep"), mbox: { path, at: "end" } });
    await mailbox.close();
    expect(subjectsInMbox(path)).toEqual(["one", "two"]);
    expect([...filesOf(maildir).values()].map((content) => /^Subject: (.*)$/m.exec(content)?.[1])).toEqual(["older"]);
    expect(existsSync(join(maildir, ".mail-journal"))).toBe(false);
  });

  test("if another client flags a message and moves it from new to cur, the message can still be read and marked", async () => {
    makeMaildir(maildir, three);
    const mailbox = await openLocal(maildir, options());
    renameSync(join(maildir, "new/1600000001.M000001P1.host"), join(maildir, "cur/1600000001.M000001P1.host:2,F"));
    expect(mailbox.header(2).toString()).toContain("Subject: one");
    mailbox.mark(2, Flag.Read | Flag.StatusChanged);
    renameSync(join(maildir, "new/1600000002.M000001P1.host"), join(maildir, "cur/1600000002.M000001P1.host:2,RS"));
    await mailbox.commit({ fate: () => "keep" });
    await mailbox.close();
    expect([...filesOf(maildir).keys()]).toEqual([
      "cur/1600000000.1.host:2,FS",
      "cur/1600000001.M000001P1.host:2,FS",
      "cur/1600000002.M000001P1.host:2,RS",
    ]);
  });

  test("no message is missing while another client changes the flags of all messages", async () => {
    const bases = Array.from({ length: 2000 }, (_, n) => `${1_600_000_000 + n}.M000001P${n}.host`);
    makeMaildir(maildir, Object.fromEntries(bases.map((base) => [`cur/${base}:2,`, ""])));
    const renamer = `
      const { readdirSync, renameSync } = require("fs");
      for (;;) for (const name of readdirSync("cur"))
        renameSync("cur/" + name, "cur/" + (name.endsWith("S") ? name.slice(0, -1) : name + "S"));`;
    const client = spawn(process.execPath, ["-e", renamer], { cwd: maildir, stdio: "ignore" });
    try {
      await until(() => readdirSync(join(maildir, "cur")).some((name) => name.endsWith("S")));
      for (let round = 0; round < 10; round++) {
        const mailbox = await openLocal(maildir, options());
        expect(mailbox.count).toBe(bases.length);
        await mailbox.close();
      }
    } finally {
      client.kill("SIGKILL");
    }
  });

  test("a message that another client removes is neither moved nor counted, and this is reported", async () => {
    makeMaildir(maildir, three);
    const mailbox = await openLocal(maildir, options());
    unlinkSync(join(maildir, "new/1600000001.M000001P1.host"));
    const result = await mailbox.commit({
      fate: (message) => (message === 2 ? "mbox" : "drop"),
      mbox: { path: join(home.path, "mbox"), at: "end" },
    });
    await mailbox.close();
    const notice = `${maildir}: changed by another program during the session; changed messages that no longer exist: 1`;
    expect(result).toEqual({ arrived: 0, empty: true, moved: 0, held: 0, notice });
    expect(existsSync(join(home.path, "mbox"))).toBe(false);
  });

  test.each([
    ["a mark of a message that another client removes is reported", Flag.Flagged, "keep", 1],
    ["if another client removes a message that was only read, nothing is reported", Flag.Read, "keep", undefined],
    ["if another client removes a deleted message, nothing is reported", Flag.Deleted, "drop", undefined],
  ] as const)("%s", async (_title, flag, fate, reported) => {
    makeMaildir(maildir, three);
    const mailbox = await openLocal(maildir, options());
    mailbox.mark(2, flag | Flag.Touched);
    unlinkSync(join(maildir, "new/1600000001.M000001P1.host"));
    const { held, notice } = await mailbox.commit({ fate: (message) => (message === 2 ? fate : "as-is") });
    await mailbox.close();
    expect([held, notice?.match(/no longer exist: \d+$/)?.[0]]).toEqual([
      2,
      reported && `no longer exist: ${reported}`,
    ]);
  });

  test("the text of an edited message that another client removes is kept in a file, and nothing else is written", () => {
    makeMaildir(maildir, three);
    const editor = join(home.path, "editor");
    writeFileSync(editor, `#!/bin/sh\nsed -i s/body/text/ "$1"\nrm ${maildir}/new/1600000001.*\n`, { mode: 0o755 });
    const { status, err } = home.mail(["-f", "Maildir"], [`set EDITOR=${editor}`, "d 1", "edit 2", "q"]);
    const file = /edited messages are in (\S+)\n/.exec(err)?.[1] ?? "";
    expect(err).toContain(
      "Maildir: changed by another program during the session; nothing was written; messages to be deleted: 1;",
    );
    expect(readFileSync(file, "latin1")).toContain("text of one");
    expect([status, filesOf(maildir).size]).toEqual([75, 2]);
  });

  test("a message that is delivered later is numbered at the next check, and quit leaves it unchanged", async () => {
    makeMaildir(maildir, three);
    const mailbox = await openLocal(maildir, options());
    makeMaildir(maildir, { "new/1600000009.1.host": letter("a", "late") });
    expect(await mailbox.poll()).toBe(1);
    expect(mailbox.header(4).toString()).toContain("Subject: late");
    makeMaildir(maildir, { "new/1600000010.1.host": letter("a", "later") });
    const result = await mailbox.commit({ fate: () => "drop" });
    await mailbox.close();
    expect(result).toEqual({ arrived: 1, empty: false, moved: 0, held: 0 });
    expect([...filesOf(maildir).keys()]).toEqual(["new/1600000010.1.host"]);
  });

  test("if two sessions move the same message, it is moved only once", async () => {
    makeMaildir(maildir, three);
    const sessions = [
      await openLocal(maildir, { ...options(), lockwait: 10 }),
      await openLocal(maildir, { ...options(), lockwait: 10 }),
    ];
    const plan: CommitPlan = { fate: () => "mbox", mbox: { path: join(home.path, "mbox"), at: "end" } };
    await Promise.all(sessions.map((session) => session.commit(plan)));
    for (const session of sessions) await session.close();
    expect(readFileSync(join(home.path, "mbox"), "latin1").match(/^Subject: .*$/gm)).toEqual([
      "Subject: older",
      "Subject: one",
      "Subject: two",
    ]);
    expect(filesOf(maildir).size).toBe(0);
  });
});

describe("saving to a Maildir", () => {
  test("save creates a Maildir if the name ends in a slash, and marks the message as seen", () => {
    writeFileSync(join(home.path, "box"), mbox("ann@example.org", "one", "Status: O\n"));
    const { out } = home.mail(["-f", "box"], ["set folder=.", "copy 1 +kept/", "save 1 kept", "x"]);
    expect(out).toContain(`"${home.path}/./kept/" [New file]\n`);
    expect(out).toContain('"kept" [Appended]\n');
    const files = [...filesOf(join(home.path, "kept"))];
    expect(files).toHaveLength(2);
    for (const [name, content] of files) {
      expect(name).toMatch(/^cur\/.*:2,S$/);
      expect(content).toBe("Return-Path: <ann@example.org>\nFrom: ann@example.org\nSubject: one\n\nbody of one\n");
    }
  });

  test("save does not convert another directory to a Maildir", () => {
    writeFileSync(join(home.path, "box"), mbox("ann@example.org", "one"));
    const { err } = home.mail(["-f", "box"], [`copy 1 ${home.path}/`, "x"]);
    expect(err).toContain("mail: fopen: Is a directory\n");
    expect(existsSync(join(home.path, "cur"))).toBe(false);
  });

  test("a folder command opens a Maildir", () => {
    makeMaildir(maildir, three);
    writeFileSync(join(home.path, "box"), mbox("ann@example.org", "one"));
    expect(home.mail(["-f", "box"], ["folder Maildir/", "x"]).out).toContain('"Maildir/": 3 messages 2 new\n');
  });
});
