/** text/plain; format=flowed put into lines of the window's width (RFC 3676). */
import { pushAll } from "../lists.ts";
import { visible } from "../safe-text.ts";

interface Flow {
  /** In columns. */
  readonly width: number;
  /** DelSp=yes: the blank at the end of a flowed line is none of the text. */
  readonly delSp: boolean;
}

/** @param text with LF line ends */
export async function reflow(text: string, { width, delSp }: Flow): Promise<string> {
  const { default: columns } = await import("string-width");
  const lines: string[] = [];
  let paragraph: { depth: number; text: string } | undefined;
  const finish = () => {
    if (paragraph !== undefined) pushAll(lines, wrapParagraph(paragraph.text, prefix(paragraph.depth), width, columns));
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
      if (paragraph === undefined) lines.push(`${prefix(depth)}${content}`);
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

/** Deeper ones, which nobody has written, would be a prefix longer than the lines. */
const deepestQuote = 20;

function prefix(depth: number): string {
  return depth === 0 ? "" : `${">".repeat(Math.min(depth, deepestQuote))} `;
}

/** Cut at blanks; a word that is longer than a line keeps its line. */
function wrapParagraph(text: string, start: string, width: number, columns: (text: string) => number): string[] {
  const room = Math.max(width - start.length, 20);
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of text.match(/ +[^ ]*|[^ ]+/g) ?? [""]) {
    // A paragraph may be a megabyte: each word is measured once.
    const wide = /^[ -~]*$/.test(word) ? word.length : columns(visible(word));
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
