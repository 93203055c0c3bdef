/** Reads a message from standard input: the header into memory, and the body into memory or a file without a name. */
import { Body } from "../compose/draft/body.ts";
import { Exit, MailError } from "../errors.ts";

/** A message as it was read. */
export interface IncomingMessage {
  /** The fields, each with its continuation lines and newlines. */
  readonly fields: readonly Buffer[];
  /** Whether the input continues after the header, perhaps only with the empty line that ends the header. */
  readonly hasBody: boolean;
  readonly body: Body;
}

const carriageReturn = 13;
const newline = 10;
/** The maximum size of the header in bytes. */
const largestHeader = 4 * 1024 * 1024;
/**
 * The maximum length of a field name in bytes. A line is not a field if it contains no field name within this length.
 */
const longestName = 1000;

const fieldName = /^[!-9;-~]+[ \t]*:/;

/**
 * Reads a message. CRLF becomes LF, as in Postfix's sendmail; all other bytes of the body stay as they are.
 *
 * @param options.dotEnds whether a line that contains only a dot ends the message
 * @throws MailError if the header is too large
 */
export async function readMessage(
  input: AsyncIterable<Uint8Array>,
  { dotEnds }: { readonly dotEnds: boolean },
): Promise<IncomingMessage> {
  const header = new HeaderReader();
  const body = new Body();
  const accept = (bytes: Buffer) => {
    const rest = header.isComplete ? bytes : header.add(bytes);
    if (rest.length > 0) body.append(rest);
  };
  const lines = new InputLines(accept, dotEnds);
  for await (const piece of input) {
    lines.add(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    if (lines.hasEnded) break;
  }
  lines.end();
  const rest = header.end();
  if (rest.length > 0) body.append(rest);
  return { fields: header.fields(), hasBody: header.isComplete, body };
}

/** Converts CRLF to LF and finds the line that ends the message. */
class InputLines {
  readonly #accept: (bytes: Buffer) => void;
  readonly #dotEnds: boolean;
  /** Bytes that may be the start of a CRLF or of the line with the final dot; the next piece decides. */
  #held: Buffer = Buffer.alloc(0);
  #atLineStart = true;
  hasEnded = false;

  constructor(accept: (bytes: Buffer) => void, dotEnds: boolean) {
    this.#accept = accept;
    this.#dotEnds = dotEnds;
  }

  add(piece: Buffer): void {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = Buffer.alloc(0);
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#atLineStart && this.#dotEnds && bytes[at] === 46) {
        const end = endOfDotLine(bytes, at);
        this.hasEnded = end === true;
        if (end === "unknown") this.#hold(bytes, from, at);
        else if (end) this.#pass(bytes, from, at);
        if (end !== false) return;
      }
      const lineFeed = bytes.indexOf(newline, at);
      const until = lineFeed < 0 ? bytes.length : lineFeed;
      const hasReturn = until > at && bytes[until - 1] === carriageReturn;
      if (lineFeed < 0) {
        // The newline may follow in the next piece.
        this.#atLineStart = false;
        if (!hasReturn) break;
        this.#hold(bytes, from, until - 1);
        return;
      }
      if (hasReturn) {
        this.#pass(bytes, from, until - 1);
        from = until;
      }
      at = until + 1;
      this.#atLineStart = true;
    }
    this.#pass(bytes, from, bytes.length);
  }

  end(): void {
    // A dot at the end of input also ends the message.
    const isDot = this.#atLineStart && this.#dotEnds && /^\.\r?$/.test(this.#held.toString("latin1"));
    if (!this.hasEnded && !isDot && this.#held.length > 0) this.#accept(this.#held);
  }

  #hold(bytes: Buffer, from: number, at: number): void {
    this.#pass(bytes, from, at);
    this.#held = Buffer.from(bytes.subarray(at));
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#accept(bytes.subarray(from, to));
  }
}

/** Returns whether the line that begins with a dot contains nothing else; "unknown" if the piece ends first. */
function endOfDotLine(bytes: Buffer, at: number): boolean | "unknown" {
  const next = bytes[at + 1];
  if (next === undefined) return "unknown";
  if (next === newline) return true;
  if (next !== carriageReturn) return false;
  const last = bytes[at + 2];
  return last === undefined ? "unknown" : last === newline;
}

/** Collects the header's lines. As in Postfix, the first line that cannot be a field begins the body. */
class HeaderReader {
  /** The lines of each field. */
  readonly #fields: Buffer[][] = [];
  #size = 0;
  #line: Buffer = Buffer.alloc(0);
  isComplete = false;

  /** Returns the bytes that belong to the body. @throws MailError if the header is too large */
  add(bytes: Buffer): Buffer {
    let rest = this.#line.length === 0 ? bytes : Buffer.concat([this.#line, bytes]);
    this.#line = Buffer.alloc(0);
    while (rest.length > 0) {
      const end = rest.indexOf(newline);
      if (end < 0) {
        if (rest.length > longestName && !this.#isHeaderLine(rest)) return this.#complete(rest);
        this.#line = Buffer.from(rest);
        this.#limit(rest.length);
        return Buffer.alloc(0);
      }
      const line = rest.subarray(0, end + 1);
      if (line.length === 1) return this.#complete(rest.subarray(1));
      if (!this.#isHeaderLine(line)) return this.#complete(rest);
      this.#keep(line);
      rest = rest.subarray(end + 1);
    }
    return rest;
  }

  /** Returns the bytes of an unfinished last line that belongs to the body. */
  end(): Buffer {
    if (this.isComplete || this.#line.length === 0) return Buffer.alloc(0);
    if (!this.#isHeaderLine(this.#line)) return this.#complete(this.#line);
    this.#keep(Buffer.concat([this.#line, Buffer.from("\n")]));
    return Buffer.alloc(0);
  }

  fields(): Buffer[] {
    return this.#fields.map((lines) => Buffer.concat(lines));
  }

  #isHeaderLine(line: Buffer): boolean {
    if (isContinuation(line)) return this.#fields.length > 0;
    const start = line.toString("latin1", 0, longestName);
    return fieldName.test(start) || this.#isMailboxLine(start);
  }

  /** Returns whether the first line is the From_ line of an mbox, which is not part of the message. */
  #isMailboxLine(start: string): boolean {
    return this.#fields.length === 0 && /^>?From /.test(start);
  }

  #keep(line: Buffer): void {
    if (this.#isMailboxLine(line.toString("latin1", 0, 8))) return;
    this.#limit(line.length);
    const copy = Buffer.from(line);
    if (isContinuation(line)) this.#fields.at(-1)?.push(copy);
    else this.#fields.push([copy]);
    this.#size += line.length;
  }

  #limit(more: number): void {
    if (this.#size + more <= largestHeader) return;
    throw new MailError("the header is larger than 4 MB; nothing was sent", Exit.DataErr);
  }

  #complete(rest: Buffer): Buffer {
    this.isComplete = true;
    return rest;
  }
}

function isContinuation(line: Buffer): boolean {
  return line[0] === 32 || line[0] === 9;
}
