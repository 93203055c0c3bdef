/** Adds the theme's styles to the lines of a message that is printed on a terminal. The text is not changed. */
import { decodeBytes, trimEndCharacters } from "../../message/text.ts";
import type { Style, Styled } from "../../terminal/terminal.ts";

/** The length in bytes above which a line is printed in pieces and without styles. */
const longestLine = 16 * 1024;

const link = /\b(?:https?|ftp):\/\/[^\s<>"'`{}|\\^]+|\bmailto:[^\s<>"']+/g;

/**
 * Yields a message with styles.
 *
 * @param pieces the header with its empty line, followed by the body, split at arbitrary bytes
 * @param inHeader false if the pieces begin with the body
 * @returns styled text; its pieces, when joined, equal the joined pieces of the input
 */
export function* paintMessage(pieces: Iterable<Uint8Array>, inHeader = true): Iterable<Styled> {
  let plain = "";
  for (const line of splitLines(pieces)) {
    const painted = inHeader ? paintHeaderLine(line) : bodyLine(line);
    if (/^\r?\n?$/.test(line)) inHeader = false;
    for (const { text, style } of painted) {
      // Unstyled text is combined into large pieces.
      if (style === "plain" && plain.length < 1 << 16) plain += text;
      else {
        if (plain !== "") yield { text: plain, style: "plain" };
        plain = "";
        yield { text, style };
      }
    }
  }
  if (plain !== "") yield { text: plain, style: "plain" };
}

/** Yields lines with their newlines. A line that is too long is divided, but never within a character. */
function* splitLines(pieces: Iterable<Uint8Array>): Iterable<string> {
  let waiting: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes = waiting.length === 0 ? Buffer.from(piece) : Buffer.concat([waiting, piece]);
    let start = 0;
    for (let newline = bytes.indexOf(10); start < bytes.length; newline = bytes.indexOf(10, start)) {
      const end = newline < 0 ? bytes.length : newline + 1;
      // The last part of a divided line must contain more than the newline, or it would be mistaken for an empty line.
      for (let cut = start + longestLine; cut + 2 < end; cut = start + longestLine) {
        while (cut > start + longestLine - 3 && ((bytes[cut] as number) & 0xc0) === 0x80) cut--;
        yield decodeBytes(bytes.subarray(start, cut));
        start = cut;
      }
      if (newline < 0) break;
      yield decodeBytes(bytes.subarray(start, end));
      start = end;
    }
    waiting = bytes.subarray(start);
  }
  if (waiting.length > 0) yield decodeBytes(waiting);
}

function paintHeaderLine(line: string): readonly Styled[] {
  const name = /^[^\s:]+[ \t]*:/.exec(line)?.[0];
  if (name === undefined) return [{ text: line, style: line.startsWith("From ") ? "hint" : "field-value" }];
  return [
    { text: name, style: "field-name" },
    { text: line.slice(name.length), style: "field-value" },
  ];
}

function bodyLine(line: string): readonly Styled[] {
  const style = quoteStyle(line);
  if (line.length > longestLine / 4 || !/:/.test(line)) return [{ text: line, style }];
  const parts: Styled[] = [];
  let end = 0;
  for (const found of line.matchAll(link)) {
    // A full stop or a bracket after an address belongs to the sentence.
    const text = trimEndCharacters(found[0], ".,;:!?)]");
    parts.push({ text: line.slice(end, found.index), style }, { text, style: "link" });
    end = found.index + text.length;
  }
  return [...parts, { text: line.slice(end), style }].filter(({ text }) => text !== "");
}

/**
 * Returns the style for the depth of a quotation. Three styles are used in rotation; a line that is not quoted is
 * plain.
 */
function quoteStyle(line: string): Style {
  const depth = /^ ?(?:> ?)*/.exec(line.slice(0, 80))?.[0].replace(/[^>]/g, "").length ?? 0;
  if (depth === 0) return "plain";
  return (["quote", "quote-2", "quote-3"] as const)[(depth - 1) % 3] ?? "quote";
}
