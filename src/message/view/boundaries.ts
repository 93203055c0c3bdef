/** Finds the parts of a multipart message (RFC 2046, section 5.1.1). */
import { type Bytes, linesBeginning } from "./bytes.ts";

export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the parts between `--boundary` lines. The newline before a boundary line does not belong to the part.
 *
 * @param most the maximum number of parts
 */
export function splitAtBoundaries(
  source: Bytes,
  { start, end }: Range,
  boundary: string | undefined,
  most: number,
): Range[] {
  if (boundary === undefined || boundary === "") return [];
  const ranges: Range[] = [];
  let open: number | undefined;
  for (const line of linesBeginning(source, start, end, Buffer.from(`--${boundary}`, "utf8"))) {
    if (!/^(?:--)?[ \t]*$/.test(line.rest)) continue;
    // No part lies between two adjacent boundary lines.
    if (open !== undefined && line.start > open)
      ranges.push({ start: open, end: Math.max(open, withoutLineEnd(source, line.start)) });
    open = line.rest.startsWith("--") ? undefined : line.next;
    if (open === undefined || ranges.length >= most) break;
  }
  if (open !== undefined) ranges.push({ start: Math.min(open, end), end });
  return ranges;
}

function withoutLineEnd(source: Bytes, at: number): number {
  const before = Buffer.from(source.read(Math.max(at - 2, 0), at)).toString("latin1");
  return at - (before === "\r\n" ? 2 : before.endsWith("\n") ? 1 : 0);
}
