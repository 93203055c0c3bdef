/**
 * Tests a spool to which Postfix delivers while Dovecot appends and expunges over IMAP, and several sessions read, save
 * and quit. Some of the sessions are killed. MAIL_TEST_SECONDS (20 by default) is the duration of each test, and
 * MAIL_TEST_PAUSE (100 by default) is the length of the pauses, as a percentage. A test that finds a fault prints the
 * history of each affected message and copies the files to MAIL_TEST_KEEP.
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openDialogue } from "../maild/dialogue.ts";
import { Chronicle } from "./chronicle.ts";
import { type Balance, Ledger } from "./ledger.ts";
import { Office, queuedAs, type User } from "./people.ts";
import { ImapClient, type PrivateImap, startImap } from "./private-imap.ts";

const seconds = Number(process.env["MAIL_TEST_SECONDS"] ?? 20);
const pauses = Number(process.env["MAIL_TEST_PAUSE"] ?? 100) / 100;
const killer = join(process.cwd(), "test/mailbox/support/killer.cjs");

let office: Office;
let imap: PrivateImap;
let directory: string;
let user: User;
let inbox: string;
let mbox: string;
let folder: string;

beforeAll(async () => {
  // If the spool has been locked for a long time, Postfix must retry soon.
  office = await Office.open({
    settings: {
      minimal_backoff_time: "3s",
      maximal_backoff_time: "6s",
      queue_run_delay: "3s",
      // By default, Postfix returns messages that do not fit in a mailbox of 51 MB.
      mailbox_size_limit: "0",
    },
  });
  user = office.sender;
  [inbox, mbox, folder] = [user.env["MAIL"] ?? "", join(user.home, "mbox"), join(user.home, "mail/saved")];
  directory = mkdtempSync(join(tmpdir(), "mail-imap-"));
  chmodSync(directory, 0o755);
  imap = await startImap(join(directory, "dovecot"), { name: user.name, home: user.home, inbox });
});

afterAll(async () => {
  await imap?.stop();
  office?.close();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

const noCounts = () => ({ sessions: 0, kills: 0, deliveries: 0, appends: 0, expunges: 0, hangUps: 0 });
const cases = [
  ["no session is killed", "no kills"],
  ["after a kill, mail starts before Dovecot writes", "mail first"],
  ["after a kill, Dovecot may write before mail starts", "any order"],
] as const;

let ledger: Ledger;
let chronicle: Chronicle;
let counts: ReturnType<typeof noCounts>;
let reports: string[];
/** The messages that Postfix accepted, by queue ID. */
let queued: Map<string, string>;
let mode: (typeof cases)[number][1];
let end: number;
/** Resolves when the previous exclusive task has finished. */
let turn: Promise<unknown> = Promise.resolve();

async function takeTurns(work: () => Promise<void>): Promise<void> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  await mine;
}

beforeEach(() => {
  ledger = new Ledger();
  counts = noCounts();
  reports = [];
  queued = new Map();
  chronicle = new Chronicle();
  end = Date.now() + seconds * 1000;
  for (const name of [mbox, join(user.home, "mail"), join(user.home, ".local"), join(user.home, ".cache"), inbox]) {
    rmSync(name, { recursive: true, force: true });
  }
  mkdirSync(join(user.home, "mail"), { recursive: true });
  office.giveTo(user, join(user.home, "mail"));
});

const isOver = () => Date.now() >= end;
const pause = (most: number) => sleep(randomInt(most) * pauses);
const chance = (percent: number) => randomInt(100) < percent;

/** Sends messages through Postfix, which delivers them with local(8). */
async function deliverByPostfix(): Promise<void> {
  while (!isOver()) {
    const { say, socket } = openDialogue(office.postfix.port);
    await say();
    await say("EHLO here");
    for (let left = 10; left > 0 && !isOver(); left--) {
      const { id, text } = ledger.make();
      for (const line of ["MAIL FROM:<tester@dominio.test>", `RCPT TO:<${user.name}@dominio.test>`, "DATA"])
        await say(line);
      const response = await say(`${text.replaceAll("\n", "\r\n")}.`);
      expect(response).toMatch(queuedAs);
      const queueId = queuedAs.exec(response)?.[1] ?? "";
      queued.set(queueId, id);
      chronicle.note(`accepted by Postfix as ${queueId}`, id);
      ledger.entry(id).isDelivered = true;
      counts.deliveries++;
      await pause(250);
    }
    await say("QUIT");
    socket.destroy();
  }
}

/** Appends messages to INBOX and to the folder, reads both, sets flags, and expunges messages. */
async function workByImap(): Promise<void> {
  while (!isOver()) {
    await (mode === "mail first" ? takeTurns(oneImapSession) : oneImapSession()).catch(() => counts.hangUps++);
    await pause(200);
  }
}

async function oneImapSession(): Promise<void> {
  const client = await ImapClient.open(imap.port, user.name);
  for (let left = randomInt(1, 8); left > 0 && !isOver(); left--) {
    if (chance(40)) {
      const { id, text } = ledger.make();
      const isSaved = chance(30);
      if (isSaved) ledger.entry(id).saves++;
      const literal = Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
      const { isOk } = await client.command(`APPEND ${isSaved ? "saved" : "INBOX"}`, literal);
      chronicle.note(`IMAP: APPEND to ${isSaved ? "saved" : "INBOX"} ${isOk ? "accepted" : "refused"}`, id);
      ledger.entry(id).isDelivered = isOk;
      if (isOk) counts.appends++;
    }
    const box = chance(30) ? "saved" : "INBOX";
    await client.command(`SELECT ${box}`);
    const { text } = await client.command("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    const found = [...text.matchAll(/^\* (\d+) FETCH \(FLAGS \([^)]*\) BODY\[.*\] \{\d+\}\r\nSubject: (m\d{6}z)/gm)];
    // The last message is selected more often than the others: once it has been removed, new mail begins at the offset
    // where it was.
    const at = chance(50) ? found.length - 1 : randomInt(Math.max(1, found.length));
    const [, number, id = ""] = found[at] ?? [];
    if (number !== undefined && chance(50)) await client.command(`STORE ${number} +FLAGS (\\Seen)`);
    if (number !== undefined && chance(25)) await expunge(client, box, number, id);
    await pause(300);
  }
  await client.command("LOGOUT").catch(() => undefined);
  client.close();
}

/** Records which message has the given number on the server, and then expunges that message. */
async function expunge(client: ImapClient, box: string, number: string, id: string): Promise<void> {
  ledger.entry(id).mayBeGone = true;
  await client.command(`STORE ${number} +FLAGS (\\Deleted)`);
  const { text } = await client.command(`FETCH ${number} (UID BODY.PEEK[HEADER])`);
  const there = [...text.matchAll(/^Subject: (m\d{6}z)/gm)].map(([, one = ""]) => one);
  const uid = /UID (\d+)/.exec(text)?.[1];
  chronicle.note(`IMAP: about to expunge message ${number} of ${box}, UID ${uid}, listed first`, id, ...there);
  const { isOk, text: response } = await client.command("EXPUNGE");
  chronicle.note(`IMAP: EXPUNGE of ${box}: ${response.replaceAll(/\r?\n/g, " ")}`, id);
  if (isOk) counts.expunges++;
}

/** Records the effects of a session's commands in the ledger, and returns the commands. */
function commands(): string[] {
  const lines: string[] = [];
  const end = chance(85) ? "q" : "x";
  for (let left = randomInt(1, 5); left > 0; left--) {
    const id = ledger.choose();
    if (id === undefined) continue;
    const kind = randomInt(10);
    if (kind < 3) lines.push(`p subject:${id}`);
    else if (kind < 9) {
      ledger.entry(id).saves++;
      lines.push(`${kind < 7 ? "s" : "c"} subject:${id} ${folder}`);
    } else {
      if (end === "q") ledger.entry(id).mayBeGone = true;
      lines.push(`d subject:${id}`);
    }
  }
  return [...lines, end];
}

/** Runs sessions one after the other, and kills some of them at a random moment or before a write call. */
async function readAndSave(): Promise<void> {
  while (!isOver()) {
    if (mode === "no kills" || chance(33)) await runSession(commands());
    else if (mode === "any order") await runKilled();
    else {
      await takeTurns(async () => {
        await runKilled();
        await runSession([`c 99999 ${folder}`, "x"]);
      });
    }
    await pause(100);
  }
}

async function runKilled(): Promise<void> {
  if (chance(50)) return runSession(commands(), {}, randomInt(50, 1500));
  const env = { MAIL_KILL_AT: String(randomInt(1, 40)), ...(chance(60) ? { MAIL_KILL_TORN: "1" } : {}) };
  await runSession(commands(), { preload: killer, env });
}

async function runSession(
  lines: readonly string[],
  options: Parameters<Office["start"]>[2] = {},
  killAfter?: number,
): Promise<void> {
  counts.sessions++;
  const child = office.start(user, ["-N"], options);
  const exited = once(child, "exit");
  const name = `session ${counts.sessions} (process ${child.pid})`;
  let errors = "";
  let output = "";
  child.stdout?.on("data", (piece) => {
    output += String(piece);
  });
  child.stderr?.on("data", (piece) => {
    errors += String(piece);
  });
  child.stdin?.on("error", () => undefined);
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  for (const line of lines) {
    chronicle.note(`${name} is told: ${line}`, ...idsIn(line));
    child.stdin?.write(`${line}\n`);
    await pause(150);
  }
  child.stdin?.end();
  const [, signal] = await exited;
  clearTimeout(timer);
  if (signal === "SIGKILL") counts.kills++;
  // The lines of message bodies are removed; header lists and the reports of commands are kept.
  const said = output.replaceAll(/^[0-9a-f]{2,70}\n/gm, "").slice(0, 10_000);
  chronicle.note(`${name} ended (${signal ?? "without a signal"}):\n${said}${errors}`, ...idsIn(lines.join(" ")));
  for (const line of errors.split("\n")) {
    if (line !== "") reports.push(line);
  }
}

const idsIn = (text: string) => text.match(/m\d{6}z/g) ?? [];

/**
 * Removes the lock file of a killed session, because Dovecot would wait two minutes for the lock, and Postfix even
 * longer. All programs also acquire the fcntl() lock, which is released when the process is killed.
 */
function removeDeadLocks(): void {
  for (const path of [`${inbox}.lock`, `${folder}.lock`]) {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const pid = Number.parseInt(readIfThere(path), 10);
    // If a helper process writes a lock file after its session was killed, the lock file contains the process ID 1 or
    // no process ID.
    const isDead = pid > 1 ? !existsSync(`/proc/${pid}`) : Date.now() - made > 5000;
    if (made > 0 && isDead) {
      chronicle.note(`the test removes ${path}, which names ${Number.isNaN(pid) ? "nobody" : pid}`);
      rmSync(path, { force: true });
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Counts the lines of each kind. Lines of one kind differ only in names, numbers and times. */
function countKinds(lines: readonly string[]): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const line of lines) {
    const kind = line
      .replace(/^.*?(?=Error|Panic)/, "")
      .replace(/\/\S+|m\d{6}z(?:, )?|\d+/g, "*")
      .replace(/\*{2,}/g, "*");
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

/**
 * Returns the faults that `mail` has not reported. An interrupted operation may be impossible to complete or undo if
 * Dovecot writes before `mail` starts again (RELIABILITY.md, "Dovecot after a crash"). A report about an interrupted
 * save explains one fault in the folder. A report about an interrupted quit explains all faults in the spool and mbox.
 */
function withoutReported({ duplicated, damaged }: Balance): Omit<Balance, "messages" | "lost"> & { reported: number } {
  const saves = reports.filter((line) => line.includes("an interrupted save left part of a message")).length;
  const isQuitReported = reports.some((line) => line.includes("after an interrupted quit"));
  const inFolder = damaged.filter((finding) => finding.startsWith(`${folder}:`)).slice(saves);
  const inInbox = damaged.filter((finding) => !finding.startsWith(`${folder}:`));
  const rest = {
    duplicated: isQuitReported ? [] : duplicated,
    damaged: isQuitReported ? inFolder : [...inFolder, ...inInbox],
  };
  const reported = duplicated.length + damaged.length - rest.duplicated.length - rest.damaged.length;
  return { ...rest, reported };
}

/**
 * Waits until local(8) has delivered everything. @throws Error if a message is not delivered in time, or is returned
 */
async function waitForQueue(): Promise<void> {
  const patience = Date.now() + 60_000;
  for (;;) {
    const log = office.postfix.readLog();
    const left = [...queued.keys()].filter((id) => !log.includes(`${id}: removed`));
    if (left.length === 0) break;
    if (Date.now() > patience) throw new Error(`Postfix has not delivered ${left.join()}`);
    await sleep(200);
  }
  const bounced = office.postfix.readLog().match(/^.*status=(?!sent|deferred).*$/gm) ?? [];
  if (bounced.length > 0) throw new Error(bounced.join("\n"));
}

/** Returns the recorded history of a message. */
function historyOf(id: string): string {
  const lines = [...queued].filter(([, one]) => one === id).map(([queueId]) => linesOfLog(queueId));
  return `${id}: ${JSON.stringify(ledger.entry(id))}\n${chronicle.of(id)}${lines.join("")}`;
}

function linesOfLog(queueId: string): string {
  const lines = office.postfix.readLog().split("\n");
  return lines.filter((line) => line.includes(queueId)).join("\n");
}

test.each(cases)(
  "Postfix, Dovecot and sessions share a spool without losing a message: %s",
  async (_, order) => {
    mode = order;
    const janitor = setInterval(removeDeadLocks, 500);
    const stopWatching = chronicle.watch([inbox, mbox, folder]);
    const before = imap.readLog().length;
    const actors = [deliverByPostfix(), workByImap(), workByImap(), readAndSave(), readAndSave(), readAndSave()];
    await Promise.all(actors)
      .then(waitForQueue)
      .finally(() => clearInterval(janitor));
    // The next start of `mail` completes interrupted operations.
    for (let left = 2; left > 0; left--) await runSession(["x"]);
    stopWatching();
    const state = join(user.home, ".local/state/mail");
    const names = existsSync(state) ? readdirSync(state) : [];
    const set = names.filter((name) => name.endsWith(".mbox")).map((name) => join(state, name));
    const found = ledger.balance({ spool: inbox, mbox, folder, set });
    const { messages, lost } = found;
    const { duplicated, damaged, reported } =
      order === "any order" ? withoutReported(found) : { ...found, reported: 0 };
    const complaints =
      imap
        .readLog()
        .slice(before)
        .match(/^.*(?:Error|Panic).*$/gm) ?? [];
    const { sessions, kills, deliveries, appends, expunges, hangUps } = counts;
    process.stdout.write(
      `${order}: messages ${messages} (Postfix ${deliveries}, IMAP ${appends}; expunges ${expunges}, hang-ups ${hangUps}), ` +
        `sessions ${sessions}, kills ${kills}, lost ${lost.length}, duplicated ${duplicated.length}, ` +
        `damaged ${damaged.length}, reported ${reported}, set aside ${set.length}, errors of Dovecot ${complaints.length}\n` +
        [...countKinds(complaints)].map(([kind, count]) => `  ${count} x Dovecot: ${kind}\n`).join("") +
        [...countKinds(reports)].map(([kind, count]) => `  ${count} x ${kind}\n`).join(""),
    );
    const keep = process.env["MAIL_TEST_KEEP"];
    const histories = [...lost, ...duplicated.flatMap(idsIn)].map(historyOf).join("\n");
    process.stdout.write(histories);
    if (keep !== undefined && lost.length + found.duplicated.length + found.damaged.length > 0) {
      cpSync(office.postfix.spool, join(keep, order, "spool"), { recursive: true });
      cpSync(user.home, join(keep, order, "home"), { recursive: true });
      writeFileSync(
        join(keep, order, "log"),
        [...reports, ...complaints, lost.join(), found.duplicated.join(), found.damaged.join("\n")].join("\n"),
      );
      writeFileSync(join(keep, order, "chronicle"), `${histories}\n${chronicle}`);
    }
    expect(sessions * deliveries * appends).toBeGreaterThan(0);
    expect({ lost, duplicated, damaged }).toEqual({ lost: [], duplicated: [], damaged: [] });
  },
  (seconds + 120) * 1000,
);
