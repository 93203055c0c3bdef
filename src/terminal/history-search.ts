/** Searches the history with Ctrl-R, from the newest line to the oldest. Each key narrows or repeats the search. */
import { splitGraphemes } from "./display-width.ts";
import type { Key } from "./keys.ts";
import type { LineState, Pressed, Search } from "./line-state.ts";

/** Returns the state at the beginning of a search. */
export function startSearch(state: LineState): LineState {
  const own = state.back === 0 ? state.text : state.own;
  const { text, cursor, back } = state;
  return { ...state, own, search: { wanted: "", before: { text, cursor, back }, failed: false } };
}

/**
 * Returns the state after a key is pressed during a search; undefined if the key ends the search and should be applied
 * to the line that was found.
 */
export function pressInSearch(
  state: LineState,
  search: Search,
  key: Key,
  history: readonly string[],
): Pressed | undefined {
  switch (key.name) {
    case "text":
      return showMatch(state, { ...search, wanted: search.wanted + key.text }, Math.max(state.back, 1), history);
    case "backspace": {
      const wanted = splitGraphemes(search.wanted).slice(0, -1).join("");
      if (wanted !== "") return showMatch(state, { ...search, wanted }, 1, history);
      return { state: { ...state, ...search.before, search: { ...search, wanted, failed: false } } };
    }
    case "search":
      if (search.wanted === "") return { state, effect: "bell" };
      return showMatch(state, search, state.back + 1, history);
    case "cancel":
    case "interrupt":
      return { state: { ...state, ...search.before, search: undefined } };
    default:
      return undefined;
  }
}

/**
 * Shows the next match in the history.
 *
 * @param from the line at which the search begins, counted from the end of the history
 */
function showMatch(state: LineState, search: Search, from: number, history: readonly string[]): Pressed {
  for (let back = from; back <= history.length; back++) {
    const text = history[history.length - back] ?? "";
    const at = text.lastIndexOf(search.wanted);
    if (at >= 0) return { state: { ...state, text, cursor: at, back, search: { ...search, failed: false } } };
  }
  return { state: { ...state, search: { ...search, failed: true } }, effect: "bell" };
}
