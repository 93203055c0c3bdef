/**
 * Computes the effect of a key on the line being typed. The functions map one state to the next, without input or
 * output.
 *
 * The key bindings are those of Emacs and common shells. States are immutable. typed-line.ts shows each of them.
 */
import { splitGraphemes } from "./display-width.ts";
import { pressInSearch, startSearch } from "./history-search.ts";
import type { Key } from "./keys.ts";
import type { LineState, Pressed } from "./line-state.ts";

/** Returns the state after a key. @param history earlier lines, oldest first */
export function pressKey(before: LineState, key: Key, history: readonly string[]): Pressed {
  const searched = before.search === undefined ? undefined : pressInSearch(before, before.search, key, history);
  if (searched !== undefined) return searched;
  const state = { ...before, search: undefined, killing: false, literal: false };
  switch (key.name) {
    case "text":
      return { state: insertText(state, key.text) };
    case "enter":
      return { state, effect: "accept" };
    case "tab":
      return before.literal ? { state: insertText(state, "\t") } : { state, effect: "complete" };
    case "backspace":
      return { state: removeText(state, findPreviousCharacter(state), state.cursor) };
    case "delete":
      return { state: removeText(state, state.cursor, findNextCharacter(state)) };
    case "end-or-delete":
      if (state.text === "") return { state, effect: "end" };
      return { state: removeText(state, state.cursor, findNextCharacter(state)) };
    case "left":
      return { state: { ...state, cursor: findPreviousCharacter(state) } };
    case "right":
      return { state: { ...state, cursor: findNextCharacter(state) } };
    case "word-left":
      return { state: { ...state, cursor: wordStart(state) } };
    case "word-right":
      return { state: { ...state, cursor: wordEnd(state) } };
    case "home":
      return { state: { ...state, cursor: 0 } };
    case "end":
      return { state: { ...state, cursor: state.text.length } };
    case "kill-to-end":
      return { state: killText(before, state.cursor, state.text.length, "behind") };
    case "kill-to-start":
      return { state: killText(before, 0, state.cursor, "in front") };
    case "kill-word":
      return { state: killText(before, wordStart(state, isNoBlank), state.cursor, "in front") };
    case "kill-next-word":
      return { state: killText(before, state.cursor, wordEnd(state), "behind") };
    case "yank":
      return { state: insertText(state, state.killed) };
    case "swap":
      return { state: swapCharacters(state) };
    case "up":
      return recallLine(state, state.back + 1, history);
    case "down":
      return recallLine(state, state.back - 1, history);
    case "search":
      return { state: startSearch(state) };
    case "literal":
      return { state: { ...state, literal: true } };
    case "interrupt":
      // As in shells, Ctrl-C discards the line. Ctrl-Y restores it.
      return { state: { ...state, killed: state.text === "" ? state.killed : state.text }, effect: "interrupt" };
    case "suspend":
      return { state, effect: "suspend" };
    case "quit":
      return { state, effect: "quit" };
    case "redraw":
      return { state, effect: "redraw" };
    case "paste-begin":
    case "paste-end":
      return { state };
    case "cancel":
    case "unknown":
      return { state, effect: "bell" };
  }
}

/** Replaces the text between `start` and the cursor, for completion. */
export function replaceBeforeCursor(state: LineState, start: number, text: string): LineState {
  return insertText(removeText(state, start, state.cursor), text);
}

function insertText(state: LineState, text: string): LineState {
  const { cursor } = state;
  return {
    ...state,
    text: state.text.slice(0, cursor) + text + state.text.slice(cursor),
    cursor: cursor + text.length,
  };
}

function removeText(state: LineState, start: number, end: number): LineState {
  return { ...state, text: state.text.slice(0, start) + state.text.slice(end), cursor: start };
}

function killText(state: LineState, start: number, end: number, side: "in front" | "behind"): LineState {
  const taken = state.text.slice(start, end);
  const earlier = state.killing ? state.killed : "";
  const killed = taken === "" && earlier === "" ? state.killed : side === "behind" ? earlier + taken : taken + earlier;
  return { ...removeText(state, start, end), killed, killing: true };
}

function findPreviousCharacter({ text, cursor }: LineState): number {
  return cursor - (splitGraphemes(text.slice(0, cursor)).at(-1)?.length ?? 0);
}

function findNextCharacter({ text, cursor }: LineState): number {
  return cursor + (splitGraphemes(text.slice(cursor))[0]?.length ?? 0);
}

type Test = (character: string) => boolean;

const isOfWord: Test = (character) => /[\p{L}\p{N}]/u.test(character);
/** Ctrl-W removes all text back to the preceding space, so that it removes an entire address. */
const isNoBlank: Test = (character) => /\S/.test(character);

/**
 * Returns the start of the word before the cursor. Graphemes are examined as a whole, because a letter can have
 * combining marks.
 */
function wordStart({ text, cursor }: LineState, isInside = isOfWord): number {
  const before = splitGraphemes(text.slice(0, cursor));
  let at = before.length;
  const is = (inside: boolean) => at > 0 && isInside(before[at - 1] ?? "") === inside;
  while (is(false)) at--;
  while (is(true)) at--;
  return before.slice(0, at).join("").length;
}

function wordEnd({ text, cursor }: LineState): number {
  const behind = splitGraphemes(text.slice(cursor));
  let at = 0;
  const is = (inside: boolean) => at < behind.length && isOfWord(behind[at] ?? "") === inside;
  while (is(false)) at++;
  while (is(true)) at++;
  return cursor + behind.slice(0, at).join("").length;
}

/** Exchanges the characters on both sides of the cursor or, at the end of the line, the last two characters. */
function swapCharacters(state: LineState): LineState {
  const at = state.cursor === state.text.length ? findPreviousCharacter(state) : state.cursor;
  const start = findPreviousCharacter({ ...state, cursor: at });
  const end = findNextCharacter({ ...state, cursor: at });
  if (start === at || end === at) return state;
  const { text } = state;
  return {
    ...state,
    text: text.slice(0, start) + text.slice(at, end) + text.slice(start, at) + text.slice(end),
    cursor: end,
  };
}

function recallLine(state: LineState, back: number, history: readonly string[]): Pressed {
  if (back < 0 || back > history.length) return { state, effect: "bell" };
  const own = state.back === 0 ? state.text : state.own;
  const text = back === 0 ? own : (history[history.length - back] ?? "");
  return { state: { ...state, text, cursor: text.length, back, own } };
}
