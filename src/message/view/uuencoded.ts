/**
 * Files in the middle of a text, as uuencode(1) writes them (POSIX, "uuencode"): `uuencode report report | mail root` is how
 * files were attached before there was MIME, and scripts still do.
 */
import { asBuffer, type Bytes, linesBeginning } from "./bytes.ts";

export interface EmbeddedFile {
  /** As the begin line has it; not safe to use as it is. */
  readonly name: string;
  /** A Content-Transfer-Encoding that undoes it. */
  readonly encoding: "x-uuencode" | "base64";
  /** What is encoded. */
  readonly start: number;
  readonly end: number;
  /** Of the whole, with its first and last line. */
  readonly from: number;
  readonly next: number;
}

/** Bytes; in a longer text no files are looked for. */
const longest = 1 << 26;
const mostFiles = 100;

/** The historical form and the one of `uuencode -m`. */
const forms = [
  { begin: "begin ", end: "end", encoding: "x-uuencode", isData: isUuLine },
  { begin: "begin-base64 ", end: "====", encoding: "base64", isData: isBase64Line },
] as const;

/** Returns those that are whole, in order; a text that only speaks of one has none */
export function embeddedFiles(source: Bytes, start: number, end: number): EmbeddedFile[] {
  if (end - start > longest) return [];
  const files = forms.flatMap((form) => [...filesOf(form, source, start, end)]).sort((a, b) => a.from - b.from);
  // What looks like one inside another is data of that.
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
    const closing = closingLine(source, line.next, end, form.end);
    // Where this one is not closed, none behind it is.
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

function closingLine(source: Bytes, start: number, end: number, mark: string) {
  for (const line of linesBeginning(source, start, end, Buffer.from(mark))) if (line.rest.trim() === "") return line;
  return undefined;
}

function lineAt(source: Bytes, at: number, end: number): string {
  const text = asBuffer(source.read(at, Math.min(at + 200, end))).toString("latin1");
  return (text.split("\n", 1)[0] ?? "").replace(/\r$/, "");
}

/** Its first character is the number of bytes that the others encode; blanks at its end may have been lost. */
function isUuLine(line: string): boolean {
  const bytes = (line.charCodeAt(0) - 32) & 63;
  const characters = Math.ceil(bytes / 3) * 4;
  if (!/^[ -`]+$/.test(line) || line.length > 1 + characters + 2) return false;
  return bytes === 0 ? line.trim() === "`" || line.trim() === "" : line.length > 1;
}

function isBase64Line(line: string): boolean {
  return line === "====" || /^[A-Za-z0-9+/]+={0,2}$/.test(line);
}
