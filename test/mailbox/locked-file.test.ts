import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendMessages } from "../../src/mailbox/append.ts";

const message = "From b Sat Jan 16 18:22:01 2021\nSubject: new\n\nbody\n\n";

let directory: string;
let box: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "locked-"));
  box = join(directory, "box");
});
afterEach(() => rmSync(directory, { recursive: true }));

const append = (lockwait: number) => appendMessages(box, [[Buffer.from(message)]], { lockwait });

function lockedByAnother(): () => void {
  writeFileSync(`${box}.lock`, `${process.pid}:${hostname()}\n`);
  return () => rmSync(`${box}.lock`);
}

describe("a missing mailbox", () => {
  test("a missing mailbox is created when a message is saved to it", async () => {
    expect(await append(0)).toEqual({ created: true });
    expect(readdirSync(directory)).toEqual(["box"]);
  });

  test("a missing mailbox is not created if another program holds its lock", async () => {
    lockedByAnother();
    await expect(append(0)).rejects.toThrow(`${box}: locked by process ${process.pid}`);
    expect(readdirSync(directory)).toEqual(["box.lock"]);
  });

  test("a missing mailbox appears only after all its messages have been written", async () => {
    const listed: string[][] = [];
    const messages = [1, 2].map(() =>
      (function* (): Iterable<Uint8Array> {
        yield Buffer.alloc(2 << 20, "x");
        listed.push(readdirSync(directory));
      })(),
    );
    expect(await appendMessages(box, messages, { lockwait: 0 })).toEqual({ created: true });
    expect(listed).toEqual([["box.lock"], ["box.lock"]]);
    expect(readFileSync(box)).toHaveLength(4 << 20);
    expect(readdirSync(directory)).toEqual(["box"]);
  });

  test("if a program without a lock creates the missing mailbox in the meantime, messages are appended to it", async () => {
    const pieces = (function* (): Iterable<Uint8Array> {
      yield Buffer.from(message);
      writeFileSync(box, "From a Sat Jan 16 18:22:01 2021\n\nfirst\n");
    })();
    expect(await appendMessages(box, [pieces], { lockwait: 0 })).toEqual({ created: false });
    expect(readFileSync(box, "latin1")).toBe(`From a Sat Jan 16 18:22:01 2021\n\nfirst\n\n${message}`);
    expect(readdirSync(directory)).toEqual(["box"]);
  });

  test("no empty mailbox is left behind if the message to be saved cannot be read", async () => {
    const unreadable = (function* (): Iterable<Uint8Array> {
      yield Buffer.from(message);
      throw new Error("unreadable");
    })();
    await expect(appendMessages(box, [unreadable], { lockwait: 0 })).rejects.toThrow("unreadable");
    expect(readdirSync(directory)).toEqual([]);
  });

  test("if the holder of the lock creates the missing mailbox during the wait, messages are appended to it", async () => {
    const release = lockedByAnother();
    const appended = append(10);
    writeFileSync(box, message);
    release();
    expect(await appended).toEqual({ created: false });
    expect(readFileSync(box, "latin1")).toBe(message.repeat(2));
  });

  test("a missing mailbox is not created through a dangling symbolic link", async () => {
    symlinkSync("missing", box);
    await expect(append(0)).rejects.toThrow("No such file or directory");
    expect(readdirSync(directory)).toEqual(["box"]);
  });
});
