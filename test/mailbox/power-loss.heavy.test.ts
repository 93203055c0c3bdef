/**
 * Tests a power failure at every step of a quit and a save. Data that was not synced is lost, completely or in part.
 * Names that were created, changed or removed survive only after their directory has been synced. The test traces the
 * system calls of a session with strace and builds the possible states of the disk at each moment. It then starts the
 * program with each of these states.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
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
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

const program = join(import.meta.dirname, "../../bin/mail.js");
const calls = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,link,linkat";

function canTrace(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
}

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly size: number };

/** A file, with the contents known to be on disk and the changes made since then. */
interface Inode {
  synced: Buffer;
  pending: Change[];
}

type Names = Map<string, Inode>;

function changed(content: Buffer, change: Change): Buffer {
  if ("size" in change) return Buffer.concat([content, Buffer.alloc(change.size)]).subarray(0, change.size);
  const end = change.at + change.bytes.length;
  const result = Buffer.alloc(Math.max(content.length, end));
  content.copy(result);
  change.bytes.copy(result, change.at);
  return result;
}

class Disk {
  readonly synced: Names = new Map();
  readonly names: Names = new Map();
  /** Changes to names since their directory was last synced. */
  pending: { readonly directory: string; readonly done: (names: Names) => void }[] = [];
  readonly #offsets = new Map<string, number>();
  /** The temporary paths of unnamed files, such as `/home/#123`, keyed by the paths of their descriptors. */
  readonly #unnamed = new Map<string, string>();

  constructor(root: string) {
    for (const path of filesBelow(root)) {
      const inode = { synced: readFileSync(path), pending: [] };
      this.names.set(path, inode);
      this.synced.set(path, inode);
    }
  }

  #rename(directory: string, done: (names: Names) => void): void {
    done(this.names);
    this.pending.push({ directory, done });
  }

  /** Applies a traced call. @param line a line of strace's output without the process ID */
  take(line: string): void {
    const [, call = "", given = ""] = /^(\w+)\((.*)$/s.exec(line) ?? [];
    if (/= -1 E/.test(line)) return;
    const [, on = ""] = /^\d+<([^>]*)>/.exec(given) ?? [];
    const strings = [...given.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((found) => unescaped(found[1] as string));
    const [path = "", second = ""] = strings.map(String);
    if (call === "openat" && given.includes("O_CREAT") && !this.names.has(path)) {
      const inode: Inode = { synced: Buffer.alloc(0), pending: [] };
      this.#rename(dirname(path), (names) => names.set(path, inode));
    }
    // An unnamed file has a temporary path such as `/home/#123`. After a failure, the file cannot be found at this
    // path.
    const [, number, unnamed] = /O_TMPFILE.* = (\d+)<([^>]*)>/.exec(given) ?? [];
    if (call === "openat" && number !== undefined && unnamed !== undefined) {
      this.names.set(unnamed, { synced: Buffer.alloc(0), pending: [] });
      this.#unnamed.set(`/proc/self/fd/${number}`, unnamed);
    }
    if (call === "openat" && given.includes("O_TRUNC")) this.names.get(path)?.pending.push({ size: 0 });
    if (call === "rename") {
      const inode = this.names.get(path);
      this.#rename(dirname(path), (names) => {
        names.delete(path);
        if (inode !== undefined) names.set(second, inode);
      });
    }
    if (call === "unlink") this.#rename(dirname(path), (names) => names.delete(path));
    if (call === "link" || call === "linkat") {
      const inode = this.names.get(this.#unnamed.get(path) ?? path) as Inode;
      this.#rename(dirname(second), (names) => names.set(second, inode));
    }
    const inode = this.names.get(on);
    if (call === "pwrite64" && inode !== undefined) {
      const at = Number(/, \d+, (\d+)\)\s+=/.exec(given)?.[1]);
      inode.pending.push({ at, bytes: strings[0] as Buffer });
    }
    if (call === "write" && inode !== undefined) {
      const at = this.#offsets.get(on) ?? 0;
      inode.pending.push({ at, bytes: strings[0] as Buffer });
      this.#offsets.set(on, at + (strings[0] as Buffer).length);
    }
    if (call === "ftruncate") inode?.pending.push({ size: Number(/, (\d+)\)/.exec(given)?.[1]) });
    if (call === "fsync" || call === "fdatasync") this.#sync(on, inode);
  }

  #sync(path: string, inode: Inode | undefined): void {
    if (inode !== undefined) {
      inode.synced = inode.pending.reduce(changed, inode.synced);
      inode.pending = [];
      return;
    }
    for (const { directory, done } of this.pending) if (directory === path) done(this.synced);
    this.pending = this.pending.filter(({ directory }) => directory !== path);
  }

  /**
   * Returns the files after the failure.
   *
   * @param survives decides for each unsynced change whether it has reached the disk
   */
  after(survives: () => boolean): Map<string, Buffer> {
    const names = new Map(this.synced);
    for (const { done } of this.pending) {
      // The file system records changes to names in order: if one change is lost, all later changes are also
      // lost.
      if (!survives()) break;
      done(names);
    }
    return new Map(
      [...names].map(([path, { synced, pending }]) => [path, pending.filter(survives).reduce(changed, synced)]),
    );
  }
}

/**
 * Returns the calls of a trace in the order in which they ended, without process IDs. If two threads make system calls
 * at the same time, strace writes the beginning and the end of a call on separate lines.
 */
function joinCalls(trace: string): string[] {
  const begun = new Map<string, string>();
  return trace.split("\n").flatMap((traced) => {
    const [, thread = "", line = ""] = /^(\d+) +(.*)$/s.exec(traced) ?? [];
    if (line.endsWith(" <unfinished ...>")) {
      begun.set(thread, line.slice(0, -" <unfinished ...>".length));
      return [];
    }
    return [line.replace(/^<\.\.\. \w+ resumed>/, begun.get(thread) ?? "")];
  });
}

function unescaped(text: string): Buffer {
  const letters: Record<string, string> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" };
  const plain = text.replace(/\\([0-7]{1,3}|.)/gs, (_all, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? code),
  );
  return Buffer.from(plain, "latin1");
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const message = (id: string, lines: number) =>
  `From a@example.org Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\n${`${id} text\n`.repeat(lines)}\n`;

function ids(content: Buffer | string): string[] {
  return String(content)
    .split(/^(?=From )/m)
    .filter((text) => text !== "")
    .map((text) => {
      const id = /\nX-Id: (\w+)\n/.exec(text)?.[1] ?? "?";
      const lines = (text.match(new RegExp(`^${id} text$`, "gm")) ?? []).length;
      expect([id, text.replace(/^Status: \w+$/m, "Status: O")]).toEqual([id, message(id, lines)]);
      expect(lines).toBe(sizes[id]);
      return id;
    });
}

const sizes: Record<string, number> = { old: 3, m1: 900, m2: 5, m3: 1500, m4: 20, m5: 700 };

const run = canTrace() ? test : test.skip;

run.each([
  ["if mbox is appended to", "set append\n"],
  ["if messages are prepended to mbox", "unset append\n"],
])("a power failure neither loses nor duplicates a message, %s", (_case, settings) => {
  const root = mkdtempSync(join(tmpdir(), "power-"));
  try {
    const spool = join(root, "spool/user");
    const mbox = join(root, "mbox");
    const saved = join(root, "saved");
    mkdirSync(dirname(spool));
    mkdirSync(join(root, ".local/state/mail"), { recursive: true });
    writeFileSync(spool, ["m1", "m2", "m3", "m4", "m5"].map((id) => message(id, sizes[id] as number)).join(""));
    writeFileSync(mbox, message("old", 3));
    writeFileSync(join(root, ".mailrc"), `${settings}set quiet noheader\n`, { mode: 0o600 });
    const { XDG_STATE_HOME: _state, XDG_CACHE_HOME: _cache, ...rest } = process.env;
    const env = {
      ...rest,
      HOME: root,
      MAIL: spool,
      MBOX: mbox,
      MAILRC: join(root, ".mailrc"),
      UV_THREADPOOL_SIZE: "1",
    };
    const disk = new Disk(root);
    const trace = join(root, "trace");
    execFileSync(
      "strace",
      [
        "-f",
        "-y",
        "-qq",
        "-s",
        "1000000",
        "-e",
        "signal=none",
        "-e",
        `trace=${calls}`,
        "-o",
        trace,
        process.execPath,
        program,
        "-n",
      ],
      { env, input: `p 1\nd 2\ns 3 ${saved}\np 5\nq\n`, stdio: ["pipe", "ignore", "ignore"] },
    );
    const lines = joinCalls(readFileSync(trace, "latin1")).filter(
      (line) => line.includes(root) && !/\.lock|\/\.lk|\/trace/.test(line),
    );
    rmSync(trace);
    const { ino } = statSync(spool);
    let random = 1;
    const chance = () => {
      random = (random * 16807) % 2147483647;
      return random % 2 === 0;
    };
    const seen = new Set<string>();
    for (const line of lines) {
      disk.take(line);
      for (const survives of [() => false, () => true, chance, chance]) {
        const found = disk.after(survives);
        const key = [...found].map(([path, bytes]) => `${path}\n${bytes.toString("latin1")}`).join("\n");
        if (seen.has(key)) continue;
        seen.add(key);
        for (const path of filesBelow(root)) if (path !== spool && !found.has(path)) rmSync(path);
        for (const [path, bytes] of found) writeFileSync(path, bytes);
        expect(statSync(spool).ino).toBe(ino);
        const { status, stderr } = spawnSync(process.execPath, [program, "-n"], { env, input: "x\n" });
        expect([line.slice(0, 80), status, String(stderr)]).toEqual([line.slice(0, 80), 0, ""]);
        const inSpool = ids(readFileSync(spool));
        const inMbox = ids(readFileSync(mbox)).filter((id) => id !== "old");
        const inFile = existsSync(saved) ? ids(readFileSync(saved)) : [];
        expect([["m1", "m2", "m3", "m4", "m5"].join(), "m4"]).toContain(inSpool.join());
        expect(inMbox).toEqual(inSpool.length === 1 ? ["m1", "m5"] : []);
        expect(ids(readFileSync(mbox))).toContain("old");
        expect(inFile).toEqual(inSpool.length === 1 || inFile.length > 0 ? ["m3"] : []);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
