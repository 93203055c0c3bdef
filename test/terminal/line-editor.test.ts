import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { firstKey, type Key } from "../../src/terminal/keys.ts";
import { pressKey } from "../../src/terminal/line-editor.ts";
import { createLine, type Effect, type LineState } from "../../src/terminal/line-state.ts";

const history = ["print 1", "save +archive", "delete 3-5", "print 2"];

/** Returns the line after the given keys have been typed, with the cursor shown as a bar. */
function type(keys: string, present = ""): { line: string; effects: Effect[]; state: LineState } {
  let state = createLine(present);
  const effects: Effect[] = [];
  let bytes: Buffer = Buffer.from(keys);
  for (let next = firstKey(bytes); next !== undefined; next = firstKey(bytes)) {
    bytes = bytes.subarray(next.size);
    const pressed = pressKey(state, next.key, history);
    state = pressed.state;
    if (pressed.effect !== undefined) effects.push(pressed.effect);
  }
  return { line: `${state.text.slice(0, state.cursor)}|${state.text.slice(state.cursor)}`, effects, state };
}

const left = "\x1b[D";
const right = "\x1b[C";
const up = "\x1b[A";
const down = "\x1b[B";

test.each([
  ["text is inserted at the cursor", `ac${left}b`, "ab|c"],
  ["Ctrl-A moves to the start, Ctrl-E to the end", "bc\x01a\x05d", "abcd|"],
  ["Home and End work on several terminals", "b\x1b[Ha\x1b[Fc\x1b[1~0\x1b[4~d\x1bOH-\x1bOF!", "-0abcd!|"],
  ["Backspace removes the character before the cursor", "ab\x7f", "a|"],
  ["Backspace at the start removes nothing", "\x7fa\x01\x7f", "|a"],
  ["Delete removes the character after the cursor", `abc${left}${left}\x1b[3~`, "a|c"],
  ["Ctrl-D in a line removes the character after the cursor", "abc\x01\x04", "|bc"],
  ["a wide character is a single character", `日本語${left}\x7f`, "日|語"],
  ["an emoji of several code points is a single character", "a👩‍💻\x7f", "a|"],
  ["a letter and its accent are a single character", "ae\u0301\x7f", "a|"],
  ["a flag is a single character", `🇪🇸${left}x`, "x|🇪🇸"],
  ["Right stops at the end", `a${right}${right}b`, "ab|"],
  ["Left stops at the start", `a${left}${left}b`, "b|a"],
  ["Alt-B and Alt-F move by words", "one two\x1bb\x1bb\x1bfX", "oneX| two"],
  ["Ctrl-arrows move by words", "one two\x1b[1;5DX\x1b[1;5D\x1b[1;5D\x1b[1;5CY", "oneY| Xtwo"],
  ["Ctrl-K removes the text to the end, and Ctrl-Y inserts it again", "one two\x1bb\x0b\x01\x19", "two|one "],
  ["Ctrl-U removes the text to the start", "one two\x1bb\x15", "|two"],
  ["Ctrl-W removes an entire address", "m ann@example.org\x17", "m |"],
  ["Ctrl-Y inserts the text of consecutive removals", "a b c\x17\x17\x19", "a b c|"],
  ["another key ends a series of removals", "a b c\x17x\x7f\x17\x19", "a b |"],
  ["Alt-D removes the next word", "one two\x01\x1bd", "| two"],
  ["Ctrl-T exchanges two characters", "hte\x01\x06\x14", "th|e"],
  ["Ctrl-T at the end exchanges the last two characters", "teh\x14", "the|"],
  ["Up recalls the last line", up, "print 2|"],
  ["Up again recalls the line before it", `${up}${up}`, "delete 3-5|"],
  ["Down returns to the line being typed", `half${up}${up}${down}${down}`, "half|"],
  ["a recalled line can be edited", `${up}\x7f9`, "print 9|"],
  ["Ctrl-R finds a line that contains the text", "\x12del", "|delete 3-5"],
  ["Ctrl-R again finds an earlier line", "\x12pr\x12", "|print 1"],
  ["Backspace in a search shortens the text and searches again", "\x12sav\x7f\x7f\x7f", "|"],
  ["an editing key accepts the line that was found", "\x12sa\x05!", "save +archive!|"],
  ["Ctrl-G cancels the search", "abc\x12pr\x07", "abc|"],
  ["Ctrl-V inserts the next key as text", "a\x16\tb", "a\tb|"],
  ["pasted text is inserted without its tabs", "one\ttwo", "onetwo|"],
  ["unknown sequences are ignored", "a\x1b[15~\x1b[1;2Pb\x1bxc", "abc|"],
])("%s", (_rule, keys, line) => expect(type(keys).line).toBe(line));

test.each<[string, string, Effect[]]>([
  ["Enter accepts the line", "abc\r", ["accept"]],
  ["a newline accepts the line", "abc\n", ["accept"]],
  ["Ctrl-D in an empty line ends the input", "\x04", ["end"]],
  ["Ctrl-D typed before the line was awaited ends the input", "\0", ["end"]],
  ["Ctrl-D after the last character does nothing", "a\x04", []],
  ["Ctrl-C interrupts", "abc\x03", ["interrupt"]],
  ["Ctrl-Z suspends", "abc\x1a", ["suspend"]],
  ["Ctrl-L redraws", "abc\x0c", ["redraw"]],
  ["Tab completes", "ab\t", ["complete"]],
  ["Up at the oldest line rings the bell", `${up}${up}${up}${up}${up}`, ["bell"]],
  ["an unsuccessful search rings the bell", "\x12zzz", ["bell"]],
])("%s", (_rule, keys, effects) => expect(type(keys).effects).toEqual(effects));

test("Ctrl-Y inserts a line that Ctrl-C discarded", () => {
  expect(type("a long line\x03").state.killed).toBe("a long line");
  expect(pressKey(createLine("", "a long line"), { name: "yank" }, []).state.text).toBe("a long line");
});

test("an initial value can be edited", () => expect(type("\x7f!", "Re: hola").line).toBe("Re: hol!|"));

test.each([
  ["a character of two bytes", [0xc3], 0],
  ["a character of four bytes", [0xf0, 0x9f, 0x98], 0],
  ["an arrow key", [0x1b, 0x5b], 0],
  ["Escape", [0x1b], 0],
])("an incomplete key is not returned before its remaining bytes arrive: %s", (_what, bytes) => {
  expect(firstKey(Buffer.from(bytes))).toBeUndefined();
});

test("bytes that are not UTF-8 are kept unchanged", () => {
  const { key } = firstKey(Buffer.from([0xe9, 0x41])) as { key: Key };
  expect(key).toEqual({ name: "text", text: "\udce9A" });
});

test("after any input, the cursor is between two characters of the line", () => {
  const keys = fc.array(
    fc.oneof(
      fc.constantFrom(
        "\x01",
        "\x05",
        "\x02",
        "\x06",
        "\x0b",
        "\x15",
        "\x17",
        "\x19",
        "\x14",
        "\x12",
        "\x07",
        "\x7f",
        "\x04",
      ),
      fc.constantFrom(left, right, up, down, "\x1bb", "\x1bf", "\x1bd", "\x1b[3~", "\r", "\t", "\x03", "\x16"),
      fc.string({ unit: "grapheme", maxLength: 4 }),
      fc.constantFrom("日本", "👩‍💻", "e\u0301", "🇪🇸", " ", "\u00a8\u0300"),
    ),
  );
  fc.assert(
    fc.property(keys, (typed) => {
      const { text, cursor } = type(typed.join("")).state;
      const ends = [...new Intl.Segmenter().segment(text)].map(({ index, segment }) => index + segment.length);
      // A search leaves the cursor where the text was found, which can be inside a character of several code points.
      if (!typed.includes("\x12")) expect([0, ...ends]).toContain(cursor);
      expect(cursor).toBeLessThanOrEqual(text.length);
    }),
  );
});
