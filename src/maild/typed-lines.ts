/**
 * Converts the newlines of lines that are typed by hand in nc to CR LF. nc sends only LF, but smtp-server ends DATA
 * only at `CR LF . CR LF`.
 *
 * The first line that a client sends determines whether the client's lines are converted. If that first line ends in CR
 * LF, lone LFs in the client's messages are never converted, because they could otherwise be used to end a message
 * early and smuggle in a second message.
 */
import type { Socket } from "node:net";

const cr = 0x0d;
const lf = 0x0a;

/** Returns a function that converts the newlines in successive pieces of a client's input to CR LF. */
export function makeLineNormalizer(): (piece: Buffer) => Buffer {
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
 * Returns a function that removes a leading dot from each line, unless the dot is the whole line (RFC 5321, section
 * 4.5.2). smtp-server itself removes one dot from a line that begins with two, but leaves a single leading dot in
 * place. This function removes the single dot. It also removes leading dots from commands, but a command with a leading
 * dot would be invalid anyway.
 *
 * The function expects successive pieces of a client's input.
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

/** Passes a socket's input through `typedLines` and `singleDots` before the input is read. */
export function acceptTypedLines(socket: Socket): void {
  const lines = makeLineNormalizer();
  const dots = singleDots();
  const convert = (piece: Buffer) => dots(lines(piece));
  const push = socket.push.bind(socket);
  socket.push = (piece: unknown, encoding?: BufferEncoding) =>
    push(Buffer.isBuffer(piece) ? convert(piece) : piece, encoding);
}
