import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openPty } from "../../../scripts/pty.mjs";
import { testWith } from "../../conditions.ts";
import { type Home, makeHome } from "../support/program.ts";

let home: Home;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.remove());

const mbox = ["one", "two", "three"]
  .map((subject) => `From ann Sat Jan 16 18:22:03 2021\nFrom: ann@x\nSubject: ${subject}\n\nbody of ${subject}\n\n`)
  .join("");
const program = join(process.cwd(), "bin/mail.js");

/** A shell function that runs `mail`. A variable would not work, because the paths may contain spaces. */
const ours = 'ours() { "$NODE" "$MAIL_PROGRAM" -n "$@"; }';

/** Compresses the mailbox with the given program, and writes the result to a file in the home directory. */
function pack(name: string): string {
  writeFileSync(join(home.path, "box"), execFileSync(name, ["-c"], { input: mbox }));
  return "box";
}

/**
 * Runs a shell in the home directory. The shell defines the function `ours`. The shell has its own session, so that it
 * cannot use the terminal on which the tests run.
 */
function shell(line: string, more: Readonly<Record<string, string>> = {}) {
  const run = spawnSync("/usr/bin/setsid", ["-w", "/bin/bash", "-c", `${ours}; ${line}`], {
    cwd: home.path,
    env: {
      PATH: process.env["PATH"],
      HOME: home.path,
      NODE: process.execPath,
      MAIL_PROGRAM: program,
      TZ: "UTC",
      ...more,
    },
    encoding: "latin1",
  });
  return { out: run.stdout, err: run.stderr, status: run.status };
}

const list =
  ">N  1 ann@x              Sat Jan 16 18:22    6/73    one\n" +
  " N  2 ann@x              Sat Jan 16 18:22    6/73    two\n" +
  " N  3 ann@x              Sat Jan 16 18:22    6/77    three\n";

describe("a compressed mailbox", () => {
  for (const name of ["gzip", "zstd", "xz", "bzip2"])
    testWith(name)(
      `messages in a mailbox in ${name} format can be read and saved, and the mailbox is never changed`,
      () => {
        const before = readFileSync(join(home.path, pack(name)));
        const { out, err, status } = home.mail(["-f", "box"], ["p 2", "copy 3 saved", "| 1 cat >piped", "q"]);
        expect(out).toContain(`"box": 3 messages 3 new [Read only]\n${list}`);
        expect(out).toContain("body of two\n");
        expect(out).toContain('"box" [Read only]: nothing was written\n');
        expect(err).toBe("");
        expect(status).toBe(0);
        expect(readFileSync(join(home.path, "saved"), "latin1")).toContain("body of three\n");
        expect(readFileSync(join(home.path, "piped"), "latin1")).toContain("body of one\n");
        expect(readFileSync(join(home.path, "box")).equals(before)).toBe(true);
      },
    );

  test("a compressed mailbox is recognized by its first bytes, and may consist of several compressed parts", () => {
    writeFileSync(join(home.path, "box.mbox"), Buffer.concat([gzipSync(mbox), gzipSync(mbox)]));
    expect(home.mail(["-f", "box.mbox"], ["x"]).out).toContain("6 messages 6 new [Read only]");
  });

  test("quit refuses to delete messages from a compressed mailbox, and the exit code is not zero", () => {
    pack("gzip");
    const { err, status } = home.mail(["-f", "box"], ["d 1", "q"]);
    expect(err).toBe("mail: box: opened read-only; nothing was changed\n");
    expect(status).toBe(1);
  });

  test("messages are not appended to a compressed mailbox, because they could not be read back", () => {
    const before = readFileSync(join(home.path, pack("gzip")));
    writeFileSync(join(home.path, "other"), mbox);
    const { err } = home.mail(["-f", "other"], ["save 1 box", "x"]);
    expect(err).toBe("mail: box: compressed with gzip; nothing was appended\n");
    expect(readFileSync(join(home.path, "box")).equals(before)).toBe(true);
  });

  testWith("zstd")("a mailbox may consist of several concatenated zstd files, and may contain skippable frames", () => {
    const part = readFileSync(join(home.path, pack("zstd")));
    const skippable = Buffer.from("502a4d1804000000aabbccdd", "hex");
    writeFileSync(join(home.path, "box"), Buffer.concat([skippable, part, part, skippable, part]));
    const { out, err } = home.mail(["-f", "box"], ["x"]);
    expect(out).toContain("9 messages 9 new [Read only]");
    expect(err).toBe("");
  });

  for (const [name, reason] of [
    ["gzip", "unexpected end of file"],
    ["zstd", ""],
  ] as const)
    testWith(name)(`the readable part of a truncated ${name} mailbox is shown, and the damage is reported`, () => {
      const text = Array.from({ length: 6000 }, (_, i) => mbox.replace("ann@x", `${(i * 7919) % 6007}@x`)).join("");
      const whole = execFileSync(name, ["-c"], { input: text });
      writeFileSync(join(home.path, "box"), whole.subarray(0, whole.length - 100));
      const { out, err } = home.mail(["-f", "box"], ["p 1", "x"]);
      expect(err).toContain(`box: damaged or truncated (${reason}`);
      expect(err).toContain("; the readable part is shown\n");
      expect(out).toContain("body of one\n");
    });

  const damages: readonly [string, string, (packed: Buffer) => Buffer][] = [
    ["truncated", "gzip", (packed) => packed.subarray(0, -8)],
    ["followed by other bytes", "gzip", (packed) => Buffer.concat([packed, Buffer.from("junk, no gzip")])],
    ["followed by other bytes", "zstd", (packed) => Buffer.concat([packed, Buffer.from("junk, no zstd")])],
  ];
  for (const [how, name, damaged] of damages)
    testWith(name)(`the messages of a small mailbox that is ${how} are also shown (${name})`, () => {
      writeFileSync(join(home.path, "box"), damaged(readFileSync(join(home.path, pack(name)))));
      const { out, err, status } = home.mail(["-H", "-f", "box"], []);
      expect([out, status]).toEqual([list, 0]);
      expect(err).toMatch(/^mail: .*box: damaged or truncated \([^/]+\); the readable part is shown\n$/);
    });

  testWith("xz")("if the program that unpacks a mailbox is not installed, the error names its package", () => {
    pack("xz");
    const { err, status } = home.mail(["-f", "box"], [], { PATH: "/nowhere" });
    expect(err).toContain("box: compressed with xz, but the program xz is not installed; apt-get install xz-utils\n");
    expect(status).toBe(69);
  });

  for (const name of ["gzip", "zstd", "xz"])
    testWith(name)(
      `if there is no room to unpack a mailbox in ${name} format, the error names the directory that is full`,
      () => {
        writeFileSync(join(home.path, "box"), execFileSync(name, ["-c"], { input: mbox.repeat(5000) }));
        const { err, status } = shell("ulimit -f 200; ours -H -f box", { TMPDIR: home.path });
        expect(err).toContain(`${home.path}: No space left on device for the unpacked`);
        expect(err).toContain("set TMPDIR to a directory with enough space\n");
        expect(status).toBe(74);
        expect(readdirSync(home.path)).toEqual(["box"]);
      },
    );
});

describe("a mailbox on standard input", () => {
  test.each([
    ["from a pipe", "cat box | ours -H -f -"],
    ["from a file", "ours -H -f - <box"],
    ["compressed", "gzip -c box | ours -H -f -"],
    ["under a name of the shell's", "ours -H -f <(gzip -dc <(gzip -c box))"],
  ])("%s is listed", (_shows, line) => {
    writeFileSync(join(home.path, "box"), mbox);
    expect(shell(line)).toEqual({ out: list, err: "", status: 0 });
  });

  test("without a terminal, only the header lines of a mailbox on standard input are shown", () => {
    writeFileSync(join(home.path, "box"), mbox);
    const { out, status } = shell("cat box | ours -f -");
    expect(out).toBe(
      'Mail version 8.1.2 01/15/2001.  Type ? for help.\n"-": 3 messages 3 new [Read only]\n' +
        `${list}"-" [Read only]: nothing was written\n`,
    );
    expect(status).toBe(0);
  });

  test("with a mailbox on standard input, commands are read from the terminal", async () => {
    writeFileSync(join(home.path, "box"), mbox);
    const pty = await openPty({
      argv: ["/bin/sh", "-c", `cat box | "${process.execPath}" "${program}" -n -f -`],
      cwd: home.path,
      env: { PATH: process.env["PATH"] ?? "", HOME: home.path, TERM: "dumb", NO_COLOR: "1" },
    });
    try {
      await pty.expect("& ");
      pty.send("2\n");
      await pty.expect("body of two");
      await pty.expect("& ");
      pty.send("q\n");
      await pty.expect("nothing was written");
      expect(await pty.exited).toBe(0);
    } finally {
      await pty.close();
    }
  });
});
