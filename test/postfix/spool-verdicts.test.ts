/** Compares maild with Postfix local(8): both refuse the same spools, with the same permanent and temporary errors. */
import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openLog } from "../../src/maild/log.ts";
import { listen, type Server } from "../../src/maild/server.ts";
import { openDialogue } from "../maild/dialogue.ts";
import { content, Office, patience, queuedAs } from "./people.ts";

let office: Office;
let directory: string;
let spool: string;
let secret: string;
let server: Server;

const mailGroup = 8;
const man = { uid: 6, gid: 12 };

beforeAll(async () => {
  office = await Office.open();
  directory = office.postfix.spool;
  spool = join(directory, office.sender.name);
  secret = join(office.sender.home, "secret");
  const options = {
    listen: "127.0.0.1",
    port: 0,
    spool: directory,
    domain: office.postfix.domain,
    users: [],
    clients: 100,
    stateDirectory: join(office.sender.home, "state"),
  };
  server = await listen(options, openLog(join(office.sender.home, "maild.log")));
});

afterAll(async () => {
  await server?.close();
  office?.close();
});

function makeFile(path: string, { uid, gid }: { uid: number; gid: number }, mode: number): void {
  writeFileSync(path, "");
  chownSync(path, uid, gid);
  chmodSync(path, mode);
}

/** Sends a message to the user. @returns the negative reply, or the queue id */
async function send(port: number): Promise<{ reply: string } | { id: string }> {
  const { say, socket } = openDialogue(port);
  try {
    await say();
    await say("EHLO here");
    await say("MAIL FROM:<tester@dominio.test>");
    const recipient = await say(`RCPT TO:<${office.sender.name}@${office.postfix.domain}>`);
    if (!recipient.startsWith("2")) return { reply: recipient };
    await say("DATA");
    const reply = await say("Subject: one\r\n\r\ntext\r\n.");
    return reply.startsWith("2") ? { id: queuedAs.exec(reply)?.[1] ?? "" } : { reply };
  } finally {
    socket.destroy();
  }
}

/** Returns Postfix's verdict: sent, deferred or bounced. */
async function verdictOfPostfix(): Promise<string | undefined> {
  const sent = await send(office.postfix.port);
  if (!("id" in sent)) throw new Error(sent.reply);
  const line = new RegExp(`${sent.id}: .*status=(\\w+)`);
  for (const until = Date.now() + patience; Date.now() < until; await sleep(50)) {
    const found = line.exec(office.postfix.readLog());
    if (found !== null) return found[1];
  }
  throw new Error("Postfix has not tried to deliver the message");
}

async function verdictOfMaild(): Promise<string> {
  const sent = await send(Number(server.address.split(":")[1]));
  if ("id" in sent) return "sent";
  return sent.reply.startsWith("5") ? "bounced" : "deferred";
}

const cases: readonly [string, string, () => void][] = [
  ["a file of the recipient", "sent", () => makeFile(spool, office.sender, 0o600)],
  ["a symbolic link to a file of root", "bounced", () => symlinkSync(secret, spool)],
  ["a symbolic link to a file of the recipient", "bounced", () => linkOwn(symlinkSync)],
  ["a symbolic link to a missing file", "bounced", () => symlinkSync("/nonexistent/file", spool)],
  ["a hard link to a file of root", "bounced", () => linkSync(secret, spool)],
  ["a hard link to a file of the recipient", "bounced", () => linkOwn(linkSync)],
  ["another user's file", "deferred", () => makeFile(spool, man, 0o666)],
  ["root's file", "deferred", () => makeFile(spool, { uid: 0, gid: 0 }, 0o666)],
  ["a directory", "bounced", () => mkdirSync(spool)],
  ["a read-only file of the recipient", "bounced", () => makeFile(spool, office.sender, 0o400)],
  ["a missing file", "sent", () => undefined],
];

function linkOwn(link: (target: string, path: string) => void): void {
  const own = join(office.sender.home, "own");
  rmSync(own, { force: true });
  makeFile(own, office.sender, 0o600);
  link(own, spool);
}

test.each(cases)("mail for %s is %s by both Postfix and maild", async (_, verdict, plant) => {
  for (const ask of [verdictOfPostfix, verdictOfMaild]) {
    rmSync(spool, { recursive: true, force: true });
    writeFileSync(secret, "of root\n", { mode: 0o600 });
    plant();
    expect(await ask()).toBe(verdict);
    expect(content(secret)).toBe("of root\n");
  }
});

test("if the spool directory is missing, both Postfix and maild bounce the message", async () => {
  const moved = `${directory}.moved`;
  renameSync(directory, moved);
  try {
    expect([await verdictOfPostfix(), await verdictOfMaild()]).toEqual(["bounced", "bounced"]);
  } finally {
    renameSync(moved, directory);
  }
});

test("only maild delivers to a file that belongs to root and group mail, as Debian Policy permits", async () => {
  rmSync(spool, { recursive: true, force: true });
  makeFile(spool, { uid: 0, gid: mailGroup }, 0o660);
  expect([await verdictOfPostfix(), await verdictOfMaild()]).toEqual(["deferred", "sent"]);
});
