/** Applies completion candidates after Tab: inserts the text that they share, or lists them. */
import { findLargest } from "../message/lists.ts";
import { cutToFit, displayWidth, fillColumns, splitGraphemes } from "./display-width.ts";
import type { Size } from "./line-view.ts";
import type { Candidate, Offer } from "./terminal.ts";

export type Outcome =
  | { readonly kind: "none" }
  /** Replaces the text from `start` to the cursor. */
  | { readonly kind: "text"; readonly start: number; readonly text: string }
  | { readonly kind: "list"; readonly lines: (size: Size) => string };

/** Returns the effect of Tab. @param before the text before the cursor */
export function completeOffer(before: string, { start, candidates }: Offer): Outcome {
  const [first] = candidates;
  if (first === undefined) return { kind: "none" };
  if (candidates.length === 1) return { kind: "text", start, text: first.text + (first.open === true ? "" : " ") };
  const common = commonStart(candidates.map(({ text }) => text));
  if (common.length > before.length - start) return { kind: "text", start, text: common };
  return { kind: "list", lines: (size) => arrangeInColumns(candidates, size) };
}

function commonStart(texts: readonly string[]): string {
  const [first = [], ...others] = texts.map(splitGraphemes);
  const end = first.findIndex((character, at) => others.some((other) => other[at] !== character));
  return (end < 0 ? first : first.slice(0, end)).join("");
}

/**
 * Arranges candidates in columns that are read downwards, as in ls. The columns occupy at most half the height of the
 * window.
 */
function arrangeInColumns(candidates: readonly Candidate[], { rows, columns }: Size): string {
  const names = candidates.map(({ text }) => cutToFit(text, columns - 1));
  const width = findLargest(names.slice(0, 1000).map(displayWidth)) + 2;
  const across = Math.max(Math.floor(columns / width), 1);
  const most = across * Math.max(Math.floor(rows / 2), 1);
  const shown = names.slice(0, most);
  const down = Math.ceil(shown.length / across);
  const lines = Array.from({ length: down }, (_line, row) =>
    shown
      .filter((_name, index) => index % down === row)
      .map((name) => fillColumns(name, width))
      .join("")
      .trimEnd(),
  );
  const left = names.length - shown.length;
  return `${lines.join("\n")}\n${left > 0 ? `and ${left} more\n` : ""}`;
}
