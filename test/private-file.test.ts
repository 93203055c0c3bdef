/** Plants state files in every way that another user could, with real files in a temporary directory. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { stateDirectory } from "../src/config/paths.ts";
import { showNotices } from "../src/notices.ts";
import {
  createPrivateFile,
  distrustPlace,
  makePrivateDirectory,
  NotTrusted,
  openPrivateFile,
  readTrusted,
  replacePrivateFile,
} from "../src/private-file.ts";
import { isRoot } from "./conditions.ts";

let home: string;
let notices: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-private-"));
  notices = [];
  showNotices((text) => notices.push(text));
});
afterEach(() => {
  showNotices(() => {});
  rmSync(home, { recursive: true, force: true });
});

function reasonOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof NotTrusted) return error.reason;
    throw error;
  }
}

const plain = (path: string) => writeFileSync(path, "planted\n", { mode: 0o600 });

const planted: [what: string, reason: string | undefined, plant: (path: string) => void, needsRoot?: true][] = [
  ["a file of one's own", undefined, plain],
  [
    "a symbolic link",
    "symbolic-link",
    (path) => {
      plain(`${path}.target`);
      symlinkSync(`${path}.target`, path);
    },
  ],
  ["a broken symbolic link", "symbolic-link", (path) => symlinkSync(`${path}.nowhere`, path)],
  [
    "a file with a second link",
    "links",
    (path) => {
      plain(`${path}.other`);
      linkSync(`${path}.other`, path);
    },
  ],
  [
    "a file that the group can write",
    "writable-by-others",
    (path) => {
      plain(path);
      chmodSync(path, 0o660);
    },
  ],
  [
    "a file that everybody can write",
    "writable-by-others",
    (path) => {
      plain(path);
      chmodSync(path, 0o602);
    },
  ],
  ["a directory", "not-a-file", (path) => mkdirSync(path)],
  ["a FIFO", "not-a-file", (path) => spawnSync("mkfifo", ["-m", "600", path])],
  [
    "a file of another user",
    "other-owner",
    (path) => {
      plain(path);
      chownSync(path, 65534, 65534);
    },
    true,
  ],
];

describe.each(planted)("%s", (_what, reason, plant, needsRoot) => {
  const testHere = needsRoot === true && !isRoot ? test.skip : test;

  testHere(`is ${reason === undefined ? "opened" : `refused: ${reason}`}`, () => {
    const path = join(home, "file");
    plant(path);
    expect(reasonOf(() => openPrivateFile(path, constants.O_RDONLY))).toBe(reason);
  });

  testHere("is reported once if it is refused, and left as it is", () => {
    const path = join(home, "file");
    plant(path);
    const before = lstatSync(path);
    const read = [readTrusted(path), readTrusted(path)];
    expect(read.map((bytes) => bytes?.toString())).toEqual(
      reason === undefined ? ["planted\n", "planted\n"] : [undefined, undefined],
    );
    expect(notices).toHaveLength(reason === undefined ? 0 : 1);
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, mode: before.mode, size: before.size });
  });
});

test("a file in a directory that others can write to is refused", () => {
  const path = join(home, "file");
  plain(path);
  chmodSync(home, 0o777);
  expect(reasonOf(() => openPrivateFile(path, constants.O_RDONLY))).toBe("writable-by-others");
  expect(reasonOf(() => createPrivateFile(`${path}.new`))).toBe("writable-by-others");
});

test("if a link has taken the place of a draft, nothing is written through it", () => {
  const victim = join(home, "victim");
  plain(victim);
  symlinkSync(victim, join(home, "draft"));
  createPrivateFile(join(home, "draft"));
  expect(readFileSync(victim, "utf8")).toBe("planted\n");
  expect(lstatSync(join(home, "draft")).isFile()).toBe(true);
});

test("a state file is replaced as a whole; if this fails, no draft remains", () => {
  const path = join(home, "file");
  plain(path);
  replacePrivateFile(path, [Buffer.from("new "), Buffer.from("text\n")]);
  expect(readFileSync(path, "utf8")).toBe("new text\n");
  const occupied = join(home, "directory");
  mkdirSync(occupied);
  expect(() => replacePrivateFile(occupied, [Buffer.from("text\n")])).toThrow("EISDIR");
  expect(readdirSync(home).toSorted()).toEqual(["directory", "file"]);
});

test("a missing directory is as trustworthy as its nearest existing ancestor", () => {
  const open = join(home, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  expect(distrustPlace(join(open, "a/b"))).toBe("writable-by-others");
  expect(reasonOf(() => makePrivateDirectory(join(open, "a/b")))).toBe("writable-by-others");
  // As in /tmp, other users cannot replace the files that `mail` creates in this directory.
  chmodSync(open, 0o1777);
  expect(distrustPlace(join(open, "a/b"))).toBeUndefined();
  makePrivateDirectory(join(open, "a/b"));
  expect(lstatSync(join(open, "a/b")).mode & 0o777).toBe(0o700);
});

test("if others can write to the state directory, .local/state/mail in the home directory listed in passwd is used", () => {
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = join(home, "state");
  try {
    const named = join(home, "state/mail");
    mkdirSync(named, { recursive: true, mode: 0o700 });
    expect(stateDirectory({ identity: { home } })).toBe(named);
    chmodSync(named, 0o777);
    expect(stateDirectory({ identity: { home } })).toBe(join(userInfo().homedir, ".local/state/mail"));
    expect(notices).toEqual([`${named}: other users can write to it; not used`]);
  } finally {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
  }
});
