/**
 * The measured tasks. Each task prepares its files, defines how a client is called, and checks the result.
 *
 * Each task is run in rounds, one client after another, so that any other load on the machine affects all clients
 * equally. A wrong result ends the benchmark, because the measured time would be meaningless.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openPty } from "../pty.mjs";
import { oneMessage } from "./corpus.mjs";
import { measure, median } from "./measure.mjs";

/** The limit in seconds for a client's first round; a slower client is not run again. */
const tooSlow = 10;

export class Bench {
  constructor(place, all) {
    this.place = place;
    this.clients = all;
    this.rows = [];
  }

  path(name) {
    return join(this.place, name);
  }

  /** Returns the environment for a run: its own home directory and no start-up files. */
  env(more = {}) {
    return {
      PATH: process.env.PATH,
      HOME: this.path("home"),
      MBOX: this.path("home/mbox"),
      MAILRC: "/dev/null",
      USER: "root",
      LOGNAME: "root",
      TERM: "dumb",
      TZ: "UTC",
      LC_ALL: "C.UTF-8",
      ...more,
    };
  }

  input(...commands) {
    const path = this.path("input");
    writeFileSync(path, `${commands.join("\n")}\n`);
    return path;
  }

  /** Removes the files of an earlier run: the index, the state and mbox. */
  clean({ index = true } = {}) {
    rmSync(this.path("home/mbox"), { force: true });
    rmSync(this.path("home/.local"), { recursive: true, force: true });
    if (index) rmSync(this.path("home/.cache"), { recursive: true, force: true });
  }

  /**
   * Runs each client in rounds.
   * @param run called with a client; returns { wall, cpu, memory } after it has checked the result, or undefined if the
   * client is too slow
   * @returns the figures of each client's rounds
   */
  async rounds(rounds, run, clients = this.clients) {
    const figures = new Map(clients.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const client of clients) {
        const before = figures.get(client.name);
        if (round > 0 && (before.length === 0 || before[0].wall > tooSlow)) continue;
        const figure = await run(client);
        if (figure !== undefined) before.push(figure);
      }
    }
    return figures;
  }

  async run(command, options) {
    return measure(command, { env: this.env(), cwd: this.place, place: this.place, ...options });
  }
}

/** Returns the measurement. @throws Error if the result is wrong */
export function right(what, holds, figure) {
  if (holds) return figure;
  throw new Error(`wrong answer: ${what}\n${figure.output.slice(-2000)}`);
}

/** Returns the mailbox that a client may open: a copy if the client changes the file. No client changes a Maildir. */
function own(bench, client, file) {
  if (client.writesAlways !== true || statSync(file).isDirectory()) return file;
  const copy = bench.path("own");
  rmSync(copy, { recursive: true, force: true });
  copyFileSync(file, copy);
  return copy;
}

/** Measures a session that opens a mailbox, prints the banner and the first page, and exits. */
export async function opening(bench, client, original, count) {
  const file = own(bench, client, original);
  if (client.onScreen !== undefined) return openedOnScreen(bench, client, file, count);
  const figure = await bench.run([...client.program, ...client.options, "-f", file], { input: bench.input("x") });
  if (figure === undefined) return undefined;
  const shown = new RegExp(`(${count} messages|^.[UNO ] ?${String(count).slice(0, 4)})`, "m");
  return right(`${client.name} opens ${file}`, shown.test(figure.output), figure);
}

/**
 * Measures a full-screen program, which runs under time(1) on a pseudo-terminal.
 *
 * @param shown the text or the number that must appear on the screen
 * @param keys the keys to be typed before the key that exits
 */
export async function openedOnScreen(bench, client, file, shown, settings = [], keys = "") {
  const times = bench.path("times");
  const argv = ["/usr/bin/time", "-f", "%e %U %S %M", "-o", times, ...client.onScreen(file, settings, keys)];
  const terminal = await openPty({ argv, env: bench.env({ TERM: "vt100" }), cwd: bench.place });
  const late = AbortSignal.timeout(60_000);
  await Promise.race([terminal.exited, new Promise((resolve) => late.addEventListener("abort", resolve))]);
  const output = terminal.transcript();
  await terminal.close();
  if (late.aborted) return undefined;
  const [wall, user, system, kilobytes] = readFileSync(times, "utf8").trim().split("\n").at(-1).split(" ").map(Number);
  const figure = { wall, cpu: user + system, memory: kilobytes / 1024, output };
  return right(`${client.name} opens ${file}`, output.includes(String(shown)), figure);
}

const messageId = "\nMessage-Id: <";

function occurrences(path, text) {
  const bytes = readFileSync(path);
  let found = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found++;
  return found;
}

/**
 * Measures a session that opens a system mailbox and ends with quit.
 *
 * @param check called with the final numbers of messages in the spool and in mbox
 */
export async function session(bench, client, original, commands, check, { keepIndex = false } = {}) {
  if (client.onScreen !== undefined) return undefined;
  const spool = bench.path("spool");
  bench.clean();
  copyFileSync(original, spool);
  // Without this fsync, a client that calls fsync would also have to wait for the copy to be written.
  const copied = openSync(spool, "r+");
  fsyncSync(copied);
  closeSync(copied);
  if (keepIndex && client === bench.clients[0])
    await bench.run([...client.program, ...client.options, "-f", spool], { input: bench.input("x") });
  const figure = await bench.run([...client.program, ...client.options], {
    input: bench.input(...commands, "q"),
    env: bench.env({ MAIL: spool }),
  });
  if (figure === undefined) return undefined;
  const mbox = bench.path("home/mbox");
  const left = { spool: occurrences(spool, messageId), mbox: existsSync(mbox) ? occurrences(mbox, messageId) : 0 };
  rmSync(mbox, { force: true });
  return right(
    `${client.name}: ${commands.join("; ")}: ${left.spool} in the spool, ${left.mbox} in mbox`,
    check(left),
    figure,
  );
}

export async function copyAll(bench, client, original, count) {
  const file = own(bench, client, original);
  const target = bench.path("copied");
  rmSync(target, { force: true });
  const figure =
    client.onScreen === undefined
      ? await bench.run([...client.program, ...client.options, "-N", "-f", file], {
          input: bench.input(`copy * ${target}`, "x"),
        })
      : await openedOnScreen(bench, client, file, count, client.copySettings, client.keys.copyAll(target));
  if (figure === undefined) return undefined;
  const copied = occurrences(target, messageId);
  rmSync(target, { force: true });
  return right(`${client.name} copied ${copied} of ${count}`, copied === count, figure);
}

export async function listAll(bench, client, original, count) {
  if (client.onScreen !== undefined) return undefined;
  const file = own(bench, client, original);
  const figure = await bench.run([...client.program, ...client.options, "-N", "-f", file], {
    input: bench.input("f *", "x"),
  });
  if (figure === undefined) return undefined;
  const lines = figure.output.split("\n").filter((line) => / \d+\/\d+ /.test(line)).length;
  return right(`${client.name} listed ${lines} of ${count}`, lines >= count, figure);
}

/**
 * Measures a session that sorts the list and prints one window of the list.
 *
 * @param key subject or thread
 */
export async function sort(bench, client, original, key, count) {
  const command = client.sort?.[key];
  if (command === undefined) return undefined;
  const file = own(bench, client, original);
  if (client.onScreen !== undefined) return openedOnScreen(bench, client, file, count, [command]);
  const figure = await bench.run([...client.program, ...client.options, "-N", "-f", file], {
    input: bench.input(command, "h", "x"),
  });
  if (figure === undefined) return undefined;
  const subjects = [...figure.output.matchAll(/ \d+\/\d+ +(.{8})/g)].map(([, subject]) => subject);
  // Without sorting, a window shows about six different subjects.
  const sorted = subjects.length > 0 && (key !== "subject" || new Set(subjects).size <= 2);
  return right(`${client.name} sorted by ${key}`, sorted, figure);
}

/** Measures `--json` for all messages. */
export async function json(bench, client, path, count) {
  const figure = await bench.run([...client.program, "-n", "-f", path, "--json"]);
  if (figure === undefined) return undefined;
  const lines = figure.output.split("\n").length - 1;
  return right(`${client.name} wrote ${lines} of ${count} lines`, lines === count, figure);
}

/** Measures a search for a subject. @param command returns a client's command line */
export async function search(bench, client, original, subject, count, command = client.search) {
  const file = own(bench, client, original);
  if (client.onScreen !== undefined)
    return openedOnScreen(bench, client, file, `Msgs:${count}/`, [], client.keys.search(subject));
  const figure = await bench.run([...client.program, ...client.options, "-N", "-f", file], {
    input: bench.input(command(subject), "x"),
  });
  if (figure === undefined) return undefined;
  const lines = figure.output.split("\n").filter((line) => / \d+\/\d+ /.test(line) && line.includes(subject)).length;
  return right(`${client.name} found ${lines} of ${count} by subject`, lines === count, figure);
}

/**
 * Measures many small commands, excluding the time to open the mailbox, which is measured separately and subtracted.
 */
export async function commands(bench, client, original, lines) {
  if (client.onScreen !== undefined) return undefined;
  const call = [...client.program, ...client.options, "-N", "-f", own(bench, client, original)];
  const cost = { wall: [], cpu: [] };
  let figure;
  // The difference is measured several times, because it is small compared with the time to open the mailbox.
  for (let pair = 0; pair < 3; pair++) {
    const empty = await bench.run(call, { input: bench.input("x") });
    figure = await bench.run(call, { input: bench.input(...lines, "x") });
    if (empty === undefined || figure === undefined) return undefined;
    cost.wall.push(figure.wall - empty.wall);
    cost.cpu.push(figure.cpu - empty.cpu);
  }
  const answers = figure.output.split("\n").filter((line) => /^\d+$/.test(line)).length;
  return right(`${client.name} answered = ${answers} times`, answers === Math.ceil(lines.length / 3), {
    ...figure,
    wall: median(cost.wall),
    cpu: median(cost.cpu),
  });
}

export function deliver(path, number) {
  writeFileSync(path, oneMessage(number), { flag: "a" });
}
