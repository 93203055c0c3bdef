/** Messages that go elsewhere just as they are stored, but for their Status: that is found, and nothing else is looked at. */

const LF = 10;
const newlineFrom = Buffer.from("\nFrom ");
const statusName = Buffer.from("status");

/** The line of a header that is replaced. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * The pieces of a message with the Status given.
 *
 * @param status what stands in the field
 * @returns undefined where the message has to be taken apart: CRs, lines that are no fields, a folded or second Status,
 *   body lines that would begin a message
 */
export function asStored(bytes: Buffer, status: string): readonly Buffer[] | undefined {
  if (bytes.includes(13) || bytes.includes(newlineFrom)) return undefined;
  const found = statusPlace(bytes);
  if (found === undefined) return undefined;
  return [bytes.subarray(0, found.start), statusLine(status), bytes.subarray(found.end)];
}

const statusLines = new Map<string, Buffer>();

/** Made once: there may be millions of messages. */
function statusLine(status: string): Buffer {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = Buffer.from(`Status: ${status}\n`, "latin1");
    statusLines.set(status, line);
  }
  return line;
}

/** Where the Status line is, or, empty, where it goes: behind the last field. */
function statusPlace(bytes: Buffer): Place | undefined {
  let at = bytes.indexOf(LF) + 1;
  let found: Place | undefined;
  if (at === 0) return undefined;
  for (;;) {
    const first = bytes[at];
    if (first === undefined) return undefined;
    if (first === LF) return found ?? { start: at, end: at };
    const isFolded = first === 32 || first === 9;
    if (isFolded && (found?.end === at || at === bytes.indexOf(LF) + 1)) return undefined;
    const colon = isFolded ? at : nameEnd(bytes, at);
    if (colon < 0) return undefined;
    const start = at;
    at = bytes.indexOf(LF, colon) + 1;
    if (at === 0) return undefined;
    if (isFolded || colon - start !== statusName.length || !isStatus(bytes, start)) continue;
    if (found !== undefined) return undefined;
    found = { start, end: at };
  }
}

/** Where the colon stands behind a name without blanks; -1 when there is none. */
function nameEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 58) return at > start ? at : -1;
    if (byte <= 32 || byte > 126) return -1;
  }
  return -1;
}

function isStatus(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < statusName.length; i++) if (((bytes[at + i] as number) | 32) !== statusName[i]) return false;
  return true;
}
