/** Draws each view on a terminal emulator, and compares the screen and its cursor with the line. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { emulator } from "../../scripts/emulator.mjs";
import { splitGraphemes } from "../../src/terminal/display-width.ts";
import { drawChanges } from "../../src/terminal/line-drawing.ts";
import { createLine, type LineState } from "../../src/terminal/line-state.ts";
import { type LineView, orderRows } from "../../src/terminal/line-view.ts";
import { Output } from "../../src/terminal/standard-streams.ts";

const size = { rows: 12, columns: 20 };
let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-line-view-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Returns the output for a series of line states. */
function written(states: readonly LineState[]): string {
  const path = join(directory, "terminal");
  const descriptor = openSync(path, "w");
  const output = new Output(descriptor, { guarded: true });
  let before: LineView | undefined;
  for (const state of states) {
    const view = orderRows("& ", state, size);
    output.draw(drawChanges(before, view));
    before = view;
  }
  closeSync(descriptor);
  return readFileSync(path, "utf8");
}

async function shown(states: readonly LineState[]) {
  const screen = emulator(size);
  await screen.write(written(states));
  return { text: screen.text(), cursor: screen.cursor() };
}

/** Returns a line with the cursor after the given number of characters. */
function at(text: string, characters: number): LineState {
  const cursor = splitGraphemes(text).slice(0, characters).join("").length;
  return { ...createLine(text), cursor };
}

test.each([
  ["a line that fits", at("print 1", 7), "& print 1", [0, 9]],
  ["the cursor inside the line", at("print 1", 0), "& print 1", [0, 2]],
  ["a wide character occupies two columns", at("日本x", 1), "& 日本x", [0, 4]],
  ["a line that continues on the next row", at("123456789012345678901", 21), "& 123456789012345678\n901", [1, 3]],
  ["the cursor on the row above", at("123456789012345678901", 1), "& 123456789012345678\n901", [0, 3]],
  ["after a full row, the cursor is on the next one", at("123456789012345678", 18), "& 123456789012345678", [1, 0]],
  [
    "a wide character that does not fit is on the next row",
    at("12345678901234567日", 18),
    "& 12345678901234567\n日",
    [1, 2],
  ],
  ["a tab extends to the next tab stop", at("a\tb", 3), "& a     b", [0, 9]],
  ["a control character is made visible", at("a\u001bb", 2), "& a^[b", [0, 5]],
])("%s", async (_rule, state, text, [row, column]) => {
  expect(await shown([state])).toEqual({ text, cursor: { row, column } });
});

test("a terminal that becomes wider joins the rows of a line, because no line feed is written between them", () => {
  const text = "1234567890".repeat(5);
  const states = Array.from({ length: text.length + 1 }, (_, typed) => at(text.slice(0, typed), typed));
  expect(written(states)).not.toContain("\n");
});

test("if a character is typed at the end, only that character is written", () => {
  expect(written([at("prin", 4), at("print", 5)])).toBe("& print");
});

test("if a line is longer than the screen, only the part around the cursor is shown", async () => {
  const { text, cursor } = await shown([at("a".repeat(300) + "b".repeat(300), 300)]);
  expect(text).toContain("ab");
  expect(text.split("\n").length).toBeLessThanOrEqual(size.rows);
  expect(text.split("\n")[cursor.row]?.slice(cursor.column - 1, cursor.column + 1)).toBe("ab");
});

const character = fc.constantFrom("a", "b", " ", "é", "日", "ß", "\t", "\u0001", "\u202e", "x", "語");
const line = fc
  .tuple(fc.array(character, { maxLength: 60 }), fc.nat(60))
  .map(([characters, cursor]) => at(characters.join(""), Math.min(cursor, characters.length)));

test("after any changes to a line, the screen looks as if it had been redrawn completely", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (states) => {
      expect(await shown(states)).toEqual(await shown(states.slice(-1)));
    }),
    { numRuns: 150 },
  );
});

test("typed or recalled text cannot send escape sequences to the terminal", () => {
  const strokes = /\r|\n|\x1b\[\d*[ABCJ]/g;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 40 }), { minLength: 1 }), (texts) => {
      const rest = written(texts.map((text) => createLine(text))).replace(strokes, "");
      expect(rest).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});
