/**
 * Runs other programs during a session: delivery agents, a second session, and programs that hold locks or rewrite the
 * mailbox.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, statSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Campaign, inLab, type Round } from "./campaign.ts";
import { type Ended, judgeEnd, type Lab, makeMessage, pick, plans, type Session } from "./lab.ts";

const ways = ["fcntl", "dotlock", "both"] as const;
type Way = (typeof ways)[number];

function startLocker(
  task: string,
  way: Way,
  path: string,
  ...words: string[]
): ChildProcessByStdio<null, Readable, null> {
  const argv = [join(import.meta.dirname, "locker.cjs"), task, way, path, ...words];
  return spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
}

const [quit = plans[0]!] = plans;

/** Opens a session and carries out all of the plan's commands except the last. */
async function openQuit(lab: Lab): Promise<Session> {
  const session = lab.open();
  session.type(...quit.commands(lab).slice(0, -1));
  await session.shows("X-Id: 8\n");
  return session;
}

/** Maximum wait for a lock in seconds. */
const lockWait = 3;

async function playLocked(lab: Lab, way: Way, seconds: number): Promise<string[]> {
  const before = readFileSync(lab.spool);
  const { size, mtimeMs } = statSync(lab.spool);
  const session = await openQuit(lab);
  const holder = startLocker("hold", way, lab.spool, String(seconds));
  const seen = text(holder.stdout);
  await once(holder.stdout, "data");
  const ended = await session.end("q");
  const broken = judgeEnd(ended);
  if (seconds > lockWait) {
    if (ended.exit === 0) broken.push("exit code 0, though the lock was not acquired");
    if (ended.err === "") broken.push("nothing on standard error");
    if (ended.took > 1000 * (lockWait + 7)) broken.push(`gave up only after ${ended.took} ms`);
    if (!before.equals(readFileSync(lab.spool))) broken.push("the mailbox was changed without its lock");
    holder.kill("SIGKILL");
    await once(holder, "close");
    return [...broken, ...lab.account(quit.fates(lab))];
  }
  const found = JSON.parse((await seen).split("\n")[1] ?? "");
  if (found.size !== size || found.mtimeMs !== mtimeMs) broken.push("the mailbox was changed without its lock");
  if (way !== "fcntl" && !found.hasDotlock) broken.push("another program's dotlock was removed");
  if (ended.exit !== 0) broken.push(`exit code ${ended.exit}: ${ended.err}`);
  return [...broken, ...lab.account(quit.fates(lab), true)];
}

async function playStale(lab: Lab): Promise<string[]> {
  const dead = spawn("true");
  await once(dead, "close");
  writeFileSync(`${lab.spool}.lock`, `${dead.pid}\n`);
  const twoHoursAgo = Date.now() / 1000 - 7200;
  utimesSync(`${lab.spool}.lock`, twoHoursAgo, twoHoursAgo);
  const ended = await lab.play(quit.commands(lab));
  return [
    ...(ended.exit === 0 ? [] : [`exit code ${ended.exit}: ${ended.err}`]),
    ...lab.account(quit.fates(lab), true),
  ];
}

export const locks: Campaign = {
  name: "locks",
  does: "holds the lock of the mailbox while a session quits: for 1.5 seconds, for ever, and a stale one",
  needs: [],
  async rounds(client) {
    const rc = `set lockwait=${lockWait}\n`;
    const play = (title: string, round: (lab: Lab) => Promise<string[]>): Round => ({
      title,
      play: () => inLab(client, title, round, { rc }),
    });
    return [
      ...ways.flatMap((way) => [
        play(`${way}, held for 1.5 seconds`, (lab) => playLocked(lab, way, 1.5)),
        play(`${way}, held for ever`, (lab) => playLocked(lab, way, 60)),
      ]),
      play("dotlock, stale", playStale),
    ];
  },
};

/**
 * The changes that another program makes to the mailbox during a session.
 *
 * @returns the IDs of the messages that the other program leaves; undefined if it leaves all messages
 */
const rewrites: Readonly<Record<string, (lab: Lab, news: ReturnType<typeof makeMessage>[]) => string[] | undefined>> = {
  "new mail": (lab, news) => {
    lab.add(lab.spool, news);
    return undefined;
  },
  "replaced by a copy with new mail": (lab, news) => {
    const copy = `${lab.spool}.new`;
    writeFileSync(copy, readFileSync(lab.spool));
    lab.add(copy, news);
    renameSync(copy, lab.spool);
    return undefined;
  },
  "replaced by other mail": (lab, news) => {
    unlinkSync(lab.spool);
    lab.add(lab.spool, news);
    return news.map(({ id }) => id);
  },
  truncated: (lab) => {
    const bytes = readFileSync(lab.spool, "latin1");
    truncateSync(lab.spool, bytes.lastIndexOf("\nFrom ", bytes.indexOf("\nX-Id: 5\n")) + 1);
    return ["1", "2", "3", "4"];
  },
  emptied: (lab) => {
    truncateSync(lab.spool, 0);
    return [];
  },
  "emptied, then new mail": (lab, news) => {
    truncateSync(lab.spool, 0);
    lab.add(lab.spool, news);
    return news.map(({ id }) => id);
  },
  removed: (lab) => {
    unlinkSync(lab.spool);
    return [];
  },
};

async function playRewrite(lab: Lab, rewrite: string): Promise<string[]> {
  const session = lab.open();
  session.type("d 2", "p 1");
  await session.shows("X-Id: 1\n");
  const inSpool = lab.read(lab.spool).ids;
  const news = ["new-1", "new-2"].map((id) => makeMessage(id, lab.random));
  const left = rewrites[rewrite]!(lab, news);
  const ended = await session.end("q");
  const deleted = new Set(["2", ...(left === undefined ? [] : inSpool.filter((id) => !left.includes(id)))]);
  const isSilent = left !== undefined && rewrite !== "removed" && ended.exit === 0 && ended.err === "";
  return [
    ...judgeEnd(ended),
    ...(isSilent ? ["nothing on standard error"] : []),
    ...lab.account({ deleted, saved: new Set() }),
  ];
}

async function playTwoSessions(lab: Lab): Promise<string[]> {
  const numbers = ["1", "2", "3", "4", "5", "6", "7"];
  const mine = pick(numbers, lab.random);
  const other = pick(
    numbers.filter((number) => number !== mine),
    lab.random,
  );
  const sessions = [lab.open(), lab.open()];
  for (const [at, number] of [mine, other].entries()) sessions[at]!.type(`d ${number}`, "p 8");
  for (const session of sessions) await session.shows("X-Id: 8\n");
  const broken: string[] = [];
  for (const session of sessions) broken.push(...judgeEnd(await session.end("q")));
  return [...broken, ...lab.account({ deleted: new Set([mine, other]), saved: new Set() })];
}

export const twoReaders: Campaign = {
  name: "two-readers",
  does: "lets two sessions delete messages, and rewrites, truncates or removes the mailbox during a session",
  needs: [],
  async rounds(client) {
    return ["one", "two", "three"].flatMap((seed) => [
      { title: `two sessions, ${seed}`, play: () => inLab(client, `two sessions ${seed}`, playTwoSessions) },
      ...Object.keys(rewrites).map((rewrite) => ({
        title: `${rewrite}, ${seed}`,
        play: () => inLab(client, rewrite + seed, (lab) => playRewrite(lab, rewrite)),
      })),
    ]);
  },
};

const deliverers = ["a", "b", "c", "d"];
const perDeliverer = 40;
const sessions = [
  ["p 1", "q"],
  ["p 1", "d 1", "q"],
  ["h", "q"],
  ["p $", "d $", "q"],
  ["p 1 2", "d 1 2", "x"],
  ["p *", "q"],
  ["p 1 2", "d 1 2", "q"],
];

async function playDeliveries(lab: Lab, way: Way): Promise<string[]> {
  const broken: string[] = [];
  let running = deliverers.length;
  const ends = deliverers.map(async (name, at) => {
    const messages = Array.from({ length: perDeliverer }, (_, number) => makeMessage(`${name}-${number}`, lab.random));
    lab.expect(messages);
    const file = join(lab.root, `from-${name}`);
    writeFileSync(file, JSON.stringify(messages.map(({ bytes }) => bytes)));
    const deliverer = startLocker("deliver", way, lab.spool, file, at % 2 === 0 ? "dotlock" : "fcntl");
    const [code] = await once(deliverer, "close");
    running--;
    if (code !== 0) broken.push(`deliverer ${name} failed: its lock was refused or taken away`);
  });
  const deleted = new Set<string>();
  const reported = new Set<string>();
  while (running > 0) {
    const commands = pick(sessions, lab.random);
    const ended: Ended = await lab.play(commands);
    broken.push(...judgeEnd(ended).map((what) => `a session ${what}`));
    if (commands.length < 3 || commands.at(-1) !== "q") continue;
    // The session prints each message just before it deletes the message.
    for (const [, id = ""] of ended.out.matchAll(/^X-Id: (\S+)$/gm)) {
      deleted.add(id);
      if (ended.exit === 0) reported.add(id);
    }
  }
  await Promise.all(ends);
  const left = [...lab.read(lab.spool).ids, ...lab.read(lab.mbox).ids].filter((id) => reported.has(id));
  return [
    ...broken,
    ...lab.account({ deleted, saved: new Set() }),
    ...left.map((id) => `message ${id} is still there, though its deletion succeeded`),
  ];
}

export const deliver: Campaign = {
  name: "deliver",
  does: "lets four programs deliver in torn writes, under fcntl, dotlock or both, while sessions read, delete and quit",
  needs: [],
  async rounds(client) {
    return ways.map((way) => ({
      title: way,
      play: () => inLab(client, way, (lab) => playDeliveries(lab, way), { messages: 4 }),
    }));
  },
};
