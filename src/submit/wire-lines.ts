/** The wire format of messages (RFC 5321, sections 2.3.8 and 4.5.2). */

const carriageReturn = 13;
const lineFeed = 10;
const dot = 46;

/** Converts a message to the wire format: lines end with CRLF, and for DATA a leading dot is doubled. */
export class WireLines {
  readonly #stuffed: boolean;
  /** The last byte that was sent; undefined at the start. */
  #last: number | undefined;

  /** @param options.stuffed whether a dot at the start of a line is doubled, which DATA requires and BDAT does not */
  constructor(options: { readonly stuffed: boolean }) {
    this.#stuffed = options.stuffed;
  }

  /**
   * Returns a piece in wire format. The piece is copied only if it changes.
   *
   * A lone CR also ends a line. Otherwise, a server that accepts CR as a line ending would mistake `CR . CR` for the
   * end of the message.
   */
  next(piece: Uint8Array): Uint8Array {
    let last = this.#last;
    let from = 0;
    let parts: Uint8Array[] | undefined;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] as number;
      const inserted = this.#before(byte, last);
      if (inserted !== undefined) {
        parts ??= [];
        parts.push(piece.subarray(from, at), inserted);
        from = at;
      }
      last = byte;
    }
    this.#last = last;
    if (parts === undefined) return piece;
    parts.push(piece.subarray(from));
    return Buffer.concat(parts);
  }

  /** Returns the line ending that the last line lacks; empty if the last line has one. */
  end(): Uint8Array {
    if (this.#last === carriageReturn) return insertions.lineFeed;
    return this.#last === lineFeed || this.#last === undefined ? insertions.nothing : insertions.lineEnd;
  }

  #before(byte: number, last: number | undefined): Uint8Array | undefined {
    if (byte === lineFeed) return last === carriageReturn ? undefined : insertions.carriageReturn;
    if (last === carriageReturn) return this.#stuffed && byte === dot ? insertions.lineFeedDot : insertions.lineFeed;
    if (!this.#stuffed || byte !== dot) return undefined;
    return last === lineFeed || last === undefined ? insertions.dot : undefined;
  }
}

const insertions = {
  nothing: Buffer.alloc(0),
  lineEnd: Buffer.from("\r\n"),
  lineFeed: Buffer.from("\n"),
  lineFeedDot: Buffer.from("\n."),
  carriageReturn: Buffer.from("\r"),
  dot: Buffer.from("."),
};
