/**
 * Finds files in the format of uuencode(1) (POSIX, "uuencode") within a text part. Before MIME, files were attached
 * with `uuencode report report | mail root`, and some scripts still do so.
 */
import { type Bytes, linesBeginning, toBuffer } from "./bytes.ts";

export interface EmbeddedFile {
  /** The name in the begin line. The name is not safe to use as a file name. */
  readonly name: string;
  /** The Content-Transfer-Encoding of the data. */
  readonly encoding: "x-uuencode" | "base64";
  /** The range of the encoded data. */
  readonly start: number;
  readonly end: number;
  /** The range including the first and last lines. */
  readonly from: number;
  readonly next: number;
}

/** The maximum size in bytes of a text that is searched for embedded files. */
const longest = 1 << 26;
const mostFiles = 100;

/** The historical format and the format of `uuencode -m`. */
const forms = [
  { begin: "begin ", end: "end", encoding: "x-uuencode", isData: isUuLine },
  { begin: "begin-base64 ", end: "====", encoding: "base64", isData: isBase64Line },
] as const;

/** Returns the complete files in order. Text that merely mentions uuencode contains no such file. */
export function findEmbeddedFiles(source: Bytes, start: number, end: number): EmbeddedFile[] {
  if (end - start > longest) return [];
  const files = forms.flatMap((form) => [...filesOf(form, source, start, end)]).sort((a, b) => a.from - b.from);
  // A match inside another file is part of that file's data.
  let last = start;
  return files.filter(({ from, next }) => {
    if (from < last) return false;
    last = next;
    return true;
  });
}

function* filesOf(form: (typeof forms)[number], source: Bytes, start: number, end: number): Iterable<EmbeddedFile> {
  let last = start;
  let count = 0;
  for (const line of linesBeginning(source, start, end, Buffer.from(form.begin))) {
    const [, name] = /^[0-7]{3,4} (.*\S)\s*$/.exec(line.rest) ?? [];
    if (name === undefined || line.start < last || !form.isData(lineAt(source, line.next, end))) continue;
    const closing = findClosingLine(source, line.next, end, form.end);
    // If this file has no closing line, no later file has one.
    if (closing === undefined || ++count > mostFiles) return;
    last = closing.next;
    const whole = form.encoding === "x-uuencode";
    yield {
      name,
      encoding: form.encoding,
      start: whole ? line.start : line.next,
      end: whole ? closing.next : closing.start,
      from: line.start,
      next: closing.next,
    };
  }
}

function findClosingLine(source: Bytes, start: number, end: number, mark: string) {
  for (const line of linesBeginning(source, start, end, Buffer.from(mark))) if (line.rest.trim() === "") return line;
  return undefined;
}

function lineAt(source: Bytes, at: number, end: number): string {
  const text = toBuffer(source.read(at, Math.min(at + 200, end))).toString("latin1");
  return (text.split("\n", 1)[0] ?? "").replace(/\r$/, "");
}

/**
 * Returns whether a line is uuencoded. The line's first character encodes the number of bytes. Trailing spaces may have
 * been lost.
 */
function isUuLine(line: string): boolean {
  const bytes = (line.charCodeAt(0) - 32) & 63;
  const characters = Math.ceil(bytes / 3) * 4;
  if (!/^[ -`]+$/.test(line) || line.length > 1 + characters + 2) return false;
  return bytes === 0 ? line.trim() === "`" || line.trim() === "" : line.length > 1;
}

function isBase64Line(line: string): boolean {
  return line === "====" || /^[A-Za-z0-9+/]+={0,2}$/.test(line);
}
