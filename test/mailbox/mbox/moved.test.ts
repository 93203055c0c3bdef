/**
 * Tests reading from a mailbox that another program has since rewritten. A session reads only its own messages, or
 * none.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendMessages } from "../../../src/mailbox/append.ts";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { MessagesMoved } from "../../../src/mailbox/mailbox-errors.ts";

import { messagePieces } from "../../../src/mailbox/pieces.ts";
import { type LocalMailbox, openLocal } from "../support/local-mailbox.ts";

/** All messages have the same length, so that after a rewrite each is at the offset of another message. */
const message = (id: string, lines: number) =>
  `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\n${`a line of ${id}\n`.repeat(lines)}\n`;

let directory: string;
let box: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "moved-"));
  box = join(directory, "box");
});
afterEach(() => rmSync(directory, { recursive: true }));

const stateDirectory = () => join(directory, "state");
const open = () => openLocal(box, { lockwait: 1, stateDirectory: stateDirectory() });

function fill(lines: number): void {
  writeFileSync(box, ["a", "b", "c", "d", "e"].map((id) => message(id, lines)).join(""));
}

async function deletesFirst(): Promise<void> {
  const other = await open();
  await other.commit({ fate: (n) => (n === 1 ? "drop" : "keep") });
  await other.close();
}

const textOf = (mailbox: LocalMailbox, n: number) => mailbox.read(n, 0, mailbox.size(n)).toString();
async function save(mailbox: LocalMailbox, n: number): Promise<void> {
  function* pieces(): Iterable<Uint8Array> {
    for (const { bytes } of messagePieces(mailbox, [n], "whole")) yield bytes;
  }
  await appendMessages(join(directory, "saved"), [pieces()], { lockwait: 1, stateDirectory: stateDirectory() });
}

describe("a mailbox of a few megabytes that another program rewrites", () => {
  const lines = 100_000;
  beforeEach(() => fill(lines));

  test("a session still reads a small mailbox as it was before another program rewrote it", async () => {
    const mailbox = await open();
    await deletesFirst();
    expect([textOf(mailbox, 2) === message("b", lines), mailbox.header(5).includes("X-Id: e")]).toEqual([true, true]);
    await save(mailbox, 2);
    mailbox.mark(2, Flag.Saved | Flag.Touched);
    await mailbox.commit({ fate: (n) => (n === 2 ? "drop" : "keep") });
    await mailbox.close();
    expect(readFileSync(box, "latin1").match(/X-Id: ./g)).toEqual(["X-Id: c", "X-Id: d", "X-Id: e"]);
    expect(readFileSync(join(directory, "saved"), "latin1")).toBe(message("b", lines));
  });
});

describe("a large mailbox that another program changes", () => {
  const lines = 200_000;
  beforeEach(() => fill(lines));

  test("a session refuses to read moved messages, and never shows one message in place of another", async () => {
    const mailbox = await open();
    mailbox.mark(3, Flag.Touched);
    await deletesFirst();
    expect(() => textOf(mailbox, 2)).toThrow(MessagesMoved);
    expect(() => mailbox.header(2)).toThrow(MessagesMoved);
    expect(() => mailbox.mark(2, Flag.Deleted)).toThrow(MessagesMoved);
    await expect(save(mailbox, 2)).rejects.toThrow(MessagesMoved);
    expect(() => readFileSync(join(directory, "saved"))).toThrow("ENOENT");
    const { notice } = await mailbox.commit({ fate: (n) => (n === 3 ? "drop" : "keep") });
    expect(notice).toMatch(/this session's changes were merged$/);
    await mailbox.close();
    expect(readFileSync(box, "latin1").match(/X-Id: ./g)).toEqual(["X-Id: b", "X-Id: d", "X-Id: e"]);
  });

  test("a large mailbox can still be read while mail is delivered to it", async () => {
    const mailbox = await open();
    appendFileSync(box, message("f", 1));
    expect(textOf(mailbox, 2) === message("b", lines)).toBe(true);
    mailbox.mark(2, Flag.Deleted);
    appendFileSync(box, message("g", 1));
    expect(mailbox.header(5).toString()).toContain("X-Id: e");
    await mailbox.commit({ fate: (n) => (n === 2 ? "drop" : "keep") });
    await mailbox.close();
    expect(
      readFileSync(box, "latin1")
        .match(/X-Id: ./g)
        ?.join(""),
    ).toBe("X-Id: aX-Id: cX-Id: dX-Id: eX-Id: fX-Id: g");
  });
});
