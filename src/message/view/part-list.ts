/** Describes parts, for the list of the `parts` command and for notes in a displayed message. */
import { findLargest } from "../lists.ts";
import { makeVisible } from "../safe-text.ts";
import { listLeaves, type Part } from "./part.ts";
import { computeDecodedSize } from "./transfer-decoding.ts";

/** Returns a part's description: `3: report.pdf, application/pdf, 118 kB`. */
export function describePart(part: Part): string {
  const name = partNameToShow(part);
  return `${part.number}: ${name === "" ? "" : `${name}, `}${part.type}, ${sizeInWords(computeDecodedSize(part))}`;
}

/** Returns one line per part with its number, type, size and name. The text is safe to show. */
export function partLines(root: Part): string {
  const parts = listLeaves(root);
  const numbers = findLargest(parts.map(({ number }) => number.length));
  const types = Math.min(findLargest(parts.map(({ type }) => type.length)), 40);
  return parts
    .map((part) => {
      const size = sizeInWords(computeDecodedSize(part)).padStart(8);
      return `${part.number.padEnd(numbers)}  ${makeVisible(part.type).padEnd(types)} ${size}  ${partNameToShow(part)}`;
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function partNameToShow({ name }: Part): string {
  return makeVisible((name ?? "").replace(/\s+/g, " ").slice(0, 200));
}

/** Returns a size in readable units, such as `12 kB`. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = -1;
  do {
    size /= 1000;
    unit++;
  } while (size >= 999.5 && unit < units.length - 1);
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}
