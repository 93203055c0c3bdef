/**
 * Tests that root delivers only into the recipient's own spool, and never through a link or into another user's file.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import { deliver } from "../../src/mailbox/deliver.ts";
import { SpoolRefused } from "../../src/mailbox/spool.ts";
import { openLog } from "../../src/maild/log.ts";
import { listen, type Server } from "../../src/maild/server.ts";
import { LocalTransport } from "../../src/submit/local.ts";
import { isRoot } from "../conditions.ts";
import { type Dialogue, openDialogue } from "./dialogue.ts";

/** Accounts that exist on every Debian system. */
const games = { uid: 5, gid: 60 };
const man = { uid: 6, gid: 12 };
const mailGroup = 8;

let directory: string;
let spools: string;
let spool: string;
let secret: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maild-trust-"));
  chmodSync(directory, 0o755);
  spools = join(directory, "spools");
  mkdirSync(spools);
  spool = join(spools, "games");
  secret = join(directory, "secret");
  writeFileSync(secret, "of root\n", { mode: 0o600 });
  if (isRoot) chownSync(spools, 0, mailGroup);
  chmodSync(spools, 0o2775);
});

afterEach(() => rmSync(directory, { recursive: true }));

const message = { sender: "a@example.org", date: new Date(0), message: Buffer.from("Subject: one\n\ntext\n") };
const send = (account?: typeof games) =>
  deliver(spool, message, { lockwait: 0, stateDirectory: join(directory, "state"), account });

/** Files in place of the spool. Each entry names the fault, and states whether another attempt would also fail. */
const refused: readonly [string, string, boolean, () => void][] = [
  ["a symbolic link to a file of root", "symbolic link", true, () => symlinkSync(secret, spool)],
  ["a symbolic link to a missing file", "symbolic link", true, () => symlinkSync(join(directory, "new"), spool)],
  ["a hard link to a file of root", "hard links", true, () => linkSync(secret, spool)],
  ["a hard link to the recipient's own file", "hard links", true, () => makeLinkOfOwn()],
  ["a FIFO", "not a regular file", true, () => execFileSync("/usr/bin/mkfifo", [spool])],
  ["a directory", "directory", true, () => mkdirSync(spool)],
  ["another user's file", "foreign owner", false, () => makeFile(man.uid, man.gid, 0o666)],
  ["root's own file", "foreign owner", false, () => makeFile(0, 0, 0o666)],
  ["another user's Maildir", "foreign owner", false, () => makeMaildir(spool, man)],
  ["a symbolic link to another user's Maildir", "symbolic link", true, () => makeLinkToMaildir()],
];

/** Trusted spools that the recipient has no right to write to, each with the reason that is logged. */
const unwritable: readonly [string, string, () => void][] = [
  ["a spool of the recipient that is read-only", "Permission denied", () => makeFile(games.uid, games.gid, 0o400)],
  ["a spool of root that the group mail may only read", "Permission denied", () => makeFile(0, mailGroup, 0o640)],
  ["a missing spool directory", "No such file or directory", () => renameSync(spools, join(directory, "moved away"))],
];

function makeFile(uid: number, gid: number, mode: number): void {
  writeFileSync(spool, "");
  chownSync(spool, uid, gid);
  chmodSync(spool, mode);
}

function makeLinkOfOwn(): void {
  makeFile(games.uid, games.gid, 0o600);
  linkSync(spool, join(spools, "other"));
}

function makeMaildir(path: string, { uid, gid }: typeof games): void {
  for (const name of [path, ...["cur", "new", "tmp"].map((part) => join(path, part))]) {
    mkdirSync(name);
    chownSync(name, uid, gid);
  }
}

function makeLinkToMaildir(): void {
  makeMaildir(join(directory, "Maildir"), man);
  symlinkSync(join(directory, "Maildir"), spool);
}

/** Returns every file in the directory with its contents, and links and special files with their type. */
function snapshot(path = directory): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const name = join(path, entry.name);
    if (entry.isDirectory()) return [name, ...snapshot(name)];
    return [entry.isFile() ? `${name}: ${readFileSync(name, "latin1")}` : `${name} is no file`];
  });
}

(isRoot ? describe : describe.skip)("as root", () => {
  test.each(refused)("%s is refused, and nothing is written", async (_, fault, isPermanent, plant) => {
    plant();
    const before = snapshot();
    const error = await send(games).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SpoolRefused);
    expect(error).toMatchObject({ fault, isPermanent });
    expect(snapshot()).toEqual(before);
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, process.getgid?.()]);
  });

  test.each([
    ["group mail", 0o2775, mailGroup],
    ["every user", 0o1777, games.gid],
    ["only root", 0o755, games.gid],
  ])(
    "a missing spool in a directory that %s can write to is created for the recipient, with mode 0600",
    async (_, mode, gid) => {
      chmodSync(spools, mode);
      await send(games);
      expect(lstatSync(spool)).toMatchObject({ uid: games.uid, gid, mode: 0o100600 });
      expect(readFileSync(spool, "latin1")).toContain("\nSubject: one\n");
      expect(readdirSync(spools)).toEqual(["games"]);
    },
  );

  test("mail is delivered to a spool that belongs to root and group mail, as Debian Policy permits", async () => {
    makeFile(0, mailGroup, 0o660);
    await send(games);
    expect(readFileSync(spool, "latin1")).toContain("\nSubject: one\n");
    expect(lstatSync(spool)).toMatchObject({ uid: 0, gid: mailGroup, mode: 0o100660 });
  });

  test("mail for a name without an account is delivered to the file of that name, but not through a link", async () => {
    makeFile(man.uid, man.gid, 0o600);
    await send();
    expect(readFileSync(spool, "latin1")).toContain("\nSubject: one\n");
    rmSync(spool);
    symlinkSync(secret, spool);
    await expect(send()).rejects.toThrow("is a symbolic link; nothing was delivered");
    expect(readFileSync(secret, "latin1")).toBe("of root\n");
  });

  describe("mta=local", () => {
    const submit = () => {
      const options = { directory: spools, mailName: "dominio", lockwait: 0, stateDirectory: join(directory, "state") };
      const outgoing = { size: message.message.length, open: () => Readable.from([message.message]) };
      return new LocalTransport(options).submit({ from: "a@example.org", to: ["games"] }, outgoing);
    };

    test.each(refused)(
      "%s is refused; the refusal is temporary only if the owner is wrong",
      async (_, __, isPermanent, plant) => {
        plant();
        const { accepted, refused: failed } = await submit();
        expect(accepted).toEqual([]);
        expect(failed.map(({ exit }) => exit === Exit.TempFail)).toEqual([!isPermanent]);
      },
    );

    test.each(unwritable)("%s is refused permanently", async (_, reason, plant) => {
      plant();
      const { accepted, refused: failed } = await submit();
      expect(accepted).toEqual([]);
      expect(failed).toMatchObject([{ reply: expect.stringContaining(reason), exit: Exit.Failure }]);
    });
  });

  describe("maild", () => {
    let server: Server;
    let dialogue: Dialogue;

    beforeEach(async () => {
      const options = {
        listen: "127.0.0.1",
        port: 0,
        spool: spools,
        domain: "dominio",
        users: [],
        clients: 100,
        stateDirectory: directory,
      };
      server = await listen(options, openLog(join(directory, "mail.log")));
      dialogue = openDialogue(Number(server.address.split(":")[1]));
      await dialogue.say();
      await dialogue.say("EHLO here");
      await dialogue.say("MAIL FROM:<>");
    });

    afterEach(async () => {
      dialogue.socket.destroy();
      await server.close();
    });

    test("each recipient gets its own reply: permanent for a link, temporary for another user's file", async () => {
      symlinkSync(secret, spool);
      expect(await dialogue.say("RCPT TO:<games@dominio>")).toBe(
        `550 5.2.0 <games@dominio>: Recipient address rejected: ${spool}: is a symbolic link; nothing was delivered`,
      );
      rmSync(spool);
      makeFile(man.uid, man.gid, 0o660);
      expect(await dialogue.say("RCPT TO:<games@dominio>")).toMatch(
        /^450 4\.2\.0 <games@dominio>: .* is not owned by /,
      );
      expect(await dialogue.say("RCPT TO:<man@dominio>")).toMatch(/^250 /);
      await dialogue.say("DATA");
      expect(await dialogue.say("Subject: for man\r\n\r\n.")).toMatch(/^250 /);
      expect(readFileSync(join(spools, "man"), "latin1")).toContain("Subject: for man\n");
    });

    test("if the spool of one of two recipients becomes a link, that recipient is refused when the client retries", async () => {
      await dialogue.say("RCPT TO:<man@dominio>");
      await dialogue.say("RCPT TO:<games@dominio>");
      symlinkSync(secret, spool);
      await dialogue.say("DATA");
      expect(await dialogue.say("Subject: two\r\n\r\n.")).toMatch(/^451 /);
      expect(readFileSync(join(spools, "man"), "latin1")).toContain("Subject: two\n");
      expect(readFileSync(secret, "latin1")).toBe("of root\n");
      await dialogue.say("MAIL FROM:<>");
      expect(await dialogue.say("RCPT TO:<games@dominio>")).toMatch(/^550 5\.2\.0 /);
    });

    test.each(unwritable)("%s is refused permanently, as in Postfix", async (_, reason, plant) => {
      await dialogue.say("RCPT TO:<games@dominio>");
      plant();
      await dialogue.say("DATA");
      expect(await dialogue.say("Subject: one\r\n\r\n.")).toBe("554 5.2.0 Error: mailbox refused");
      const log = readFileSync(join(directory, "mail.log"), "utf8");
      expect(log).toMatch(new RegExp(`dsn=5\\.2\\.0, status=bounced \\(.*${reason}`));
      await dialogue.say("MAIL FROM:<>");
      expect(await dialogue.say("RCPT TO:<games@dominio>")).toMatch(new RegExp(`^550 5\\.2\\.0 .*${reason}$`));
    });

    test("a link that is created after RCPT is refused at the end of the message, and this is logged", async () => {
      await dialogue.say("RCPT TO:<games@dominio>");
      symlinkSync(secret, spool);
      await dialogue.say("DATA");
      expect(await dialogue.say("Subject: one\r\n\r\n.")).toBe("554 5.2.0 Error: mailbox refused");
      expect(readFileSync(secret, "latin1")).toBe("of root\n");
      expect(readFileSync(join(directory, "mail.log"), "utf8")).toMatch(
        /dsn=5\.2\.0, status=bounced \(.*is a symbolic link/,
      );
    });
  });
});
