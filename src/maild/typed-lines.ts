/**
 * Lines typed by hand over nc end in a newline alone; smtp-server ends DATA only at CR LF . CR LF.
 *
 * Which of the two a client means is settled by its first line. One that began with CR LF is held to it, so that a lone
 * newline in its message can't be taken for an end and smuggle in a second message.
 */
import type { Socket } from "node:net";

const cr = 0x0d;
const lf = 0x0a;

/** Returns a function that gets the pieces a client sends, in turn, and gives them back with CR LF as line ends */
export function typedLines(): (piece: Buffer) => Buffer {
  let typed: boolean | undefined;
  let last = 0;
  return (piece) => {
    const bytes: number[] = [];
    if (typed === false) return piece;
    for (const byte of piece) {
      if (byte === lf) typed ??= last !== cr;
      if (byte === lf && typed === true && last !== cr) bytes.push(cr);
      bytes.push(byte);
      last = byte;
    }
    return Buffer.from(bytes);
  };
}

const dot = 0x2e;

/**
 * RFC 5321, section 4.5.2: the first of a line's dots goes, unless the dot is all of it. smtp-server takes off only one of
 * two, so here goes the one that stands alone; in front of a command it would be as wrong without.
 *
 * @returns a function that gets the pieces a client sends, in turn
 */
export function singleDots(): (piece: Buffer) => Buffer {
  let atStart = true;
  let held = false;
  const stays = (next: number | undefined) => next === dot || next === cr || next === lf;
  return (piece) => {
    if (piece.length === 0) return piece;
    const kept: Buffer[] = [];
    if (held && stays(piece[0])) kept.push(Buffer.of(dot));
    let from = 0;
    let at = atStart && !held ? (piece[0] === dot ? 0 : -1) : -1;
    held = false;
    for (;;) {
      if (at < 0) {
        const found = piece.indexOf("\n.", from);
        if (found < 0) break;
        at = found + 1;
      }
      const last = at + 1 === piece.length;
      if (last || !stays(piece[at + 1])) {
        kept.push(piece.subarray(from, at));
        from = at + 1;
        held = last;
      } else {
        kept.push(piece.subarray(from, at + 1));
        from = at + 1;
      }
      at = -1;
    }
    kept.push(piece.subarray(from));
    atStart = piece[piece.length - 1] === lf;
    return Buffer.concat(kept);
  };
}

/** Lets what arrives at a socket pass through `typedLines` and `singleDots` before anyone reads it. */
export function acceptTypedLines(socket: Socket): void {
  const lines = typedLines();
  const dots = singleDots();
  const convert = (piece: Buffer) => dots(lines(piece));
  const push = socket.push.bind(socket);
  socket.push = (piece: unknown, encoding?: BufferEncoding) =>
    push(Buffer.isBuffer(piece) ? convert(piece) : piece, encoding);
}
