/**
 * Stores a draft's text or a built message, which can be read repeatedly. Collects the facts that determine how the text
 * is labelled and encoded, and chooses the charset and transfer encoding that preserve it (RFC 2045).
 *
 * Up to a few megabytes are kept in memory. Larger bodies are stored in an unnamed private file, which no other process
 * can open and which disappears with the process. If no such file can be written, the body remains in memory.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isSystemError } from "../../system-error.ts";

export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

const inMemory = 4 * 1024 * 1024;
const pieceSize = 256 * 1024;
/** The size, in bytes, of the blocks that collect typed lines. */
const blockSize = 16 * 1024;

/** Bytes that can be read repeatedly. */
export interface Built {
  readonly size: number;
  pieces(): Iterable<Buffer>;
}

/**
 * Stores the bytes of a draft's text or of a message, in memory or, above a few megabytes, in an unnamed private file.
 */
export class Body implements Built {
  #facts = new TextFacts();
  #pieces: Buffer[] = [];
  /** The block that contains the last of #pieces, if the block has room for more bytes. */
  #block: Buffer | undefined;
  /** The number of bytes in #pieces. */
  #held = 0;
  #file: number | undefined;
  /** The number of bytes that are already in the file, before those in #pieces. */
  #filed = 0;
  #fileFails = false;
  #edition = 0;

  get size(): number {
    return this.#facts.size;
  }

  get facts(): TextFacts {
    return this.#facts;
  }

  /**
   * A number that changes whenever earlier bytes are removed. While this number stays the same, the body only grows.
   */
  get edition(): number {
    return this.#edition;
  }

  append(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes);
    this.#facts.add(piece);
    this.#hold(piece);
    this.#held += piece.length;
    if (this.#held > inMemory && !this.#fileFails) this.#spill();
  }

  clear(): void {
    this.close();
    this.#facts = new TextFacts();
    this.#pieces = [];
    this.#block = undefined;
    this.#held = 0;
    this.#edition++;
  }

  /** Truncates the body to its first `size` bytes. */
  cut(size: number): void {
    const kept: Buffer[] = [];
    let rest = size;
    for (const piece of this.pieces()) {
      if (rest === 0) break;
      kept.push(piece.subarray(0, rest));
      rest -= Math.min(rest, piece.length);
    }
    this.clear();
    for (const piece of kept) this.append(piece);
  }

  /** Closes the file and releases its bytes. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#filed = 0;
  }

  /** Yields all bytes from the offset `start` to the end, in pieces. */
  *pieces(start = 0): Iterable<Buffer> {
    let at = start;
    while (this.#file !== undefined && at < this.#filed) {
      const piece = Buffer.allocUnsafe(Math.min(pieceSize, this.#filed - at));
      const length = readSync(this.#file, piece, 0, piece.length, at);
      if (length === 0) break;
      at += length;
      yield piece.subarray(0, length);
    }
    let offset = this.#filed;
    for (const piece of this.#pieces) {
      const end = offset + piece.length;
      if (end > at) yield piece.subarray(Math.max(0, at - offset));
      offset = end;
    }
  }

  /** Returns the complete body. Use this function only for text that a person edits. */
  bytes(): Buffer {
    return Buffer.concat([...this.pieces()]);
  }

  open(): Readable {
    return Readable.from(this.pieces(), { objectMode: false });
  }

  #hold(piece: Buffer): void {
    if (piece.length > blockSize / 4) {
      this.#pieces.push(piece);
      this.#block = undefined;
      return;
    }
    let block = this.#block;
    let used = block === undefined ? 0 : (this.#pieces.at(-1)?.length ?? 0);
    if (block !== undefined && used + piece.length <= blockSize) this.#pieces.pop();
    else [block, used] = [Buffer.allocUnsafe(blockSize), 0];
    piece.copy(block, used);
    this.#pieces.push(block.subarray(0, used + piece.length));
    this.#block = block;
  }

  #spill(): void {
    this.#block = undefined;
    try {
      this.#file ??= namelessFile();
      for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
        let done = 0;
        while (done < piece.length) done += writeSync(this.#file, piece, done, piece.length - done, this.#filed + done);
        this.#filed += piece.length;
        this.#held -= piece.length;
        this.#pieces.shift();
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#fileFails = true;
    }
  }
}

function namelessFile(): number {
  const path = join(tmpdir(), `mail.${randomBytes(12).toString("hex")}`);
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
}

/** The maximum length of a line, without its CRLF (RFC 5321, section 4.5.3.1.6). */
const longestLine = 998;

const CR = 13;
const LF = 10;

/** Facts about text that determine its encoding: bytes above 127, long lines, NULs, and CRs. */
export class TextFacts {
  #ascii = true;
  #utf8 = true;
  #nul = false;
  #bareReturn = false;
  #crlf = 0;
  #lf = 0;
  #size = 0;
  #longest = 0;
  /** The number of bytes in the unfinished last line. */
  #line = 0;
  #last = LF;
  /** The start of a UTF-8 sequence that continues in the next piece. */
  #unfinished: Buffer = Buffer.alloc(0);

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#size += piece.length;
    this.#charset(piece);
    this.#nul ||= piece.includes(0);
    this.#lines(piece);
    this.#last = piece[piece.length - 1] as number;
  }

  /** True if no byte is above 127. */
  get ascii(): boolean {
    return this.#ascii;
  }

  get utf8(): boolean {
    return this.#utf8 && this.#unfinished.length === 0;
  }

  /** True if the bytes cannot be lines of text: they contain a NUL, or a CR that does not end a line. */
  get binary(): boolean {
    return this.#nul || this.#bareReturn || this.#last === CR;
  }

  /** The text's line endings. No text encoding preserves "mixed" line endings. */
  get lineEnds(): "lf" | "crlf" | "mixed" {
    if (this.#crlf === 0) return "lf";
    return this.#lf === 0 ? "crlf" : "mixed";
  }

  /** The number of bytes in the longest line, without its line ending. */
  get longest(): number {
    return Math.max(this.#longest, this.#line);
  }

  /** True if the last line has a newline or the text is empty. */
  get ended(): boolean {
    return this.#last === LF;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of CRLF line endings. */
  get returns(): number {
    return this.#crlf;
  }

  #charset(piece: Buffer): void {
    if (this.#unfinished.length === 0 && isAscii(piece)) return;
    this.#ascii = false;
    if (!this.#utf8) return;
    const joined = this.#unfinished.length === 0 ? piece : Buffer.concat([this.#unfinished, piece]);
    const whole = joined.length - countUnfinishedBytes(joined);
    this.#utf8 = isUtf8(joined.subarray(0, whole));
    this.#unfinished = Buffer.from(joined.subarray(whole));
  }

  #lines(piece: Buffer): void {
    let start = 0;
    let before = this.#last;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, start)) {
      if (end > 0) before = piece[end - 1] as number;
      const length = this.#line + end - start;
      if (before === CR && length > 0) {
        this.#crlf++;
        if (length - 1 > this.#longest) this.#longest = length - 1;
      } else {
        this.#lf++;
        if (length > this.#longest) this.#longest = length;
      }
      this.#line = 0;
      start = end + 1;
    }
    this.#line += piece.length - start;
    if (this.#last === CR && piece[0] !== LF && this.#size > piece.length) this.#bareReturn = true;
    for (let at = piece.indexOf(CR); at >= 0 && at < piece.length - 1; at = piece.indexOf(CR, at + 1)) {
      if (piece[at + 1] !== LF) this.#bareReturn = true;
      if (this.#bareReturn) return;
    }
  }
}

/** Returns how many bytes at the end belong to an incomplete UTF-8 sequence: 0 to 3. */
function countUnfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/**
 * Returns the MIME name of the text's charset.
 *
 * @param ttycharset the charset of text that is neither ASCII nor UTF-8, from the variable or the locale. If undefined,
 * the result is "unknown-8bit" (RFC 1428), because a wrong guess would damage the text.
 */
export function charsetOf(facts: Pick<TextFacts, "ascii" | "utf8">, ttycharset?: string): string {
  if (facts.ascii) return "us-ascii";
  if (facts.utf8) return "UTF-8";
  return ttycharset ?? "unknown-8bit";
}

/**
 * Returns the simplest transfer encoding that preserves the text. Base64 preserves all bytes, including line endings.
 * The other encodings preserve the lines, but line endings become those of the receiving system.
 *
 * @param eightBit whether the transport accepts bytes above 127
 */
export function transferEncodingOf(facts: TextFacts, eightBit: boolean): TransferEncoding {
  if (facts.binary || facts.lineEnds === "mixed") return "base64";
  if (facts.longest > longestLine || !(facts.ascii || eightBit)) return "quoted-printable";
  return facts.ascii ? "7bit" : "8bit";
}

/**
 * Returns whether an encoding preserves the text. Quoted-printable leaves the form of newlines to the recipient's
 * system.
 */
export function canBeEncoded(facts: TextFacts, encoding: TransferEncoding): boolean {
  const least = transferEncodingOf(facts, true);
  if (encoding === "base64") return true;
  if (least === "base64") return false;
  if (encoding === "quoted-printable") return true;
  return least === "7bit" || (least === "8bit" && encoding === "8bit");
}

/** Returns the type with the charset added, if it is a text type that declares no charset (RFC 2046, section 4.1.2). */
export function declareCharset(type: string, charset: string | undefined): string {
  const bare = type.trim().replace(/[ \t]*;$/, "");
  if (charset === undefined || !/^text\//i.test(bare) || /;\s*charset\*?\d*\*?\s*=/i.test(bare)) return bare;
  return `${bare}; charset=${charset}`;
}
