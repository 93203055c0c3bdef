/** Breaks lines at the width of the window, as the terminal would, for a pager that must not break them itself. */
import { decodeBytes, linesOf } from "../message/text.ts";
import { displayWidth, splitGraphemes } from "./display-width.ts";
import type { Styled } from "./terminal.ts";

/** Yields pieces with newlines inserted. @param pieces the text; a line may continue in the next piece */
export function* foldStyled(pieces: Iterable<Styled | Uint8Array>, columns: number): Iterable<Styled> {
  let used = 0;
  for (const piece of pieces) {
    const { text, style } =
      piece instanceof Uint8Array ? ({ text: decodeBytes(piece), style: "plain" } as const) : piece;
    let shown = "";
    for (const line of linesOf(text)) {
      const content = line.endsWith("\n") ? line.slice(0, -1) : line;
      const width = content.includes("\t") ? columns + 1 : displayWidth(content);
      if (used + width <= columns) {
        used += width;
        shown += content;
      } else
        for (const character of splitGraphemes(content)) {
          const [next, broken] = placeCharacter(character, used, columns);
          shown += broken ? `\n${character}` : character;
          used = next;
        }
      if (content === line) continue;
      shown += "\n";
      used = 0;
    }
    yield { text: shown, style };
  }
}

/** Returns the column after a character, and whether the character begins a new row. A tab never does. */
function placeCharacter(character: string, used: number, columns: number): readonly [number, boolean] {
  if (character === "\t") return [Math.min(used + 8 - (used % 8), columns), false];
  const width = displayWidth(character);
  return used + width > columns && used > 0 ? [width, true] : [used + width, false];
}
