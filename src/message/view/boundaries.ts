/** Finds the parts of a multipart message (RFC 2046, section 5.1.1). */
import { type Bytes, linesBeginning } from "./bytes.ts";

export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the parts between `--boundary` lines. The newline before a boundary line does not belong to the part.
 *
 * Some programs use the same boundary for a multipart and for another multipart inside it. Boundary lines after the
 * first closing line then belong to the outer multipart.
 *
 * @param most the maximum number of parts
 * @param opensInner returns whether a range is the header of a multipart with the same boundary
 */
export function splitAtBoundaries(
  source: Bytes,
  { start, end }: Range,
  boundary: string | undefined,
  most: number,
  opensInner: (range: Range) => boolean,
): Range[] {
  if (boundary === undefined || boundary === "") return [];
  const lines: BoundaryLine[] = [];
  for (const line of linesBeginning(source, start, end, Buffer.from(`--${boundary}`, "utf8"))) {
    if (/^(?:--)?[ \t]*$/.test(line.rest)) lines.push({ ...line, isClosing: line.rest.startsWith("--") });
    if (lines.length > 2 * most) break;
  }
  const close = lines.findIndex(({ isClosing }) => isClosing);
  const isNested = close >= 0 && close < lines.length - 1;
  const ranges: Range[] = [];
  let open: number | undefined;
  let depth = 0;
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    if (isNested && before?.isClosing === false && opensInner({ start: before.next, end: line.start })) depth++;
    if (depth > 0) {
      if (line.isClosing) depth--;
      continue;
    }
    // No part lies between two adjacent boundary lines.
    if (open !== undefined && line.start > open)
      ranges.push({ start: open, end: Math.max(open, withoutLineEnd(source, line.start)) });
    open = line.isClosing ? undefined : line.next;
    if (open === undefined || ranges.length >= most) break;
  }
  if (open !== undefined) ranges.push({ start: Math.min(open, end), end });
  return ranges;
}

interface BoundaryLine {
  readonly start: number;
  readonly next: number;
  readonly isClosing: boolean;
}

function withoutLineEnd(source: Bytes, at: number): number {
  const before = Buffer.from(source.read(Math.max(at - 2, 0), at)).toString("latin1");
  return at - (before === "\r\n" ? 2 : before.endsWith("\n") ? 1 : 0);
}
