/** Wraps flowed text (text/plain; format=flowed, RFC 3676) to the window's width. */
import { pushAll } from "../lists.ts";
import { makeVisible } from "../safe-text.ts";

interface Flow {
  /** In columns. */
  readonly width: number;
  /** DelSp=yes: the space at the end of a flowed line is not part of the text. */
  readonly delSp: boolean;
}

/**
 * Returns the text with its paragraphs wrapped.
 *
 * @param text with LF line endings
 */
export async function reflowText(text: string, { width, delSp }: Flow): Promise<string> {
  const { default: columns } = await import("string-width");
  const lines: string[] = [];
  let paragraph: { depth: number; text: string } | undefined;
  const finish = () => {
    if (paragraph !== undefined)
      pushAll(lines, wrapParagraph(paragraph.text, formatQuotePrefix(paragraph.depth), width, columns));
    paragraph = undefined;
  };
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  for (const line of all) {
    const [, marks = "", content = ""] = /^(>*) ?(.*)$/s.exec(line) ?? [];
    const depth = marks.length;
    const isSignature = content === "-- ";
    if (paragraph !== undefined && (paragraph.depth !== depth || isSignature)) finish();
    if (isSignature || !content.endsWith(" ")) {
      if (paragraph === undefined) lines.push(`${formatQuotePrefix(depth)}${content}`);
      else {
        paragraph.text += content;
        finish();
      }
      continue;
    }
    paragraph = { depth, text: (paragraph?.text ?? "") + (delSp ? content.slice(0, -1) : content) };
  }
  finish();
  return lines.map((line) => `${line}\n`).join("");
}

/** The maximum depth of a quotation prefix. Without a limit, a malicious prefix could be wider than a line. */
const deepestQuote = 20;

function formatQuotePrefix(depth: number): string {
  return depth === 0 ? "" : `${">".repeat(Math.min(depth, deepestQuote))} `;
}

/** Returns the lines of a paragraph, wrapped at spaces. A word that is wider than a line is placed on its own line. */
function wrapParagraph(text: string, start: string, width: number, columns: (text: string) => number): string[] {
  const room = Math.max(width - start.length, 20);
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of text.match(/ +[^ ]*|[^ ]+/g) ?? [""]) {
    // A paragraph may be a megabyte long, so each word is measured only once.
    const wide = /^[ -~]*$/.test(word) ? word.length : columns(makeVisible(word));
    if (line !== "" && used + wide > room) {
      lines.push(start + line);
      line = "";
      used = 0;
    }
    const added = line === "" && lines.length > 0 ? word.trimStart() : word;
    line += added;
    used += wide - (word.length - added.length);
  }
  return [...lines, start + line];
}
