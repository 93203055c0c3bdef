/**
 * Lines typed by hand over nc end in a newline alone; smtp-server ends DATA only at CR LF . CR LF.
 *
 * Which of the two a client means is settled by its first line. One that began with CR LF is held to it, so that a lone
 * newline in its message can't be taken for an end and smuggle in a second message.
 */
import type { Socket } from "node:net";

const cr = 0x0d;
const lf = 0x0a;

/** @returns a function that gets the pieces a client sends, in turn, and gives them back with CR LF as line ends */
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

/** Lets what arrives at a socket pass through `typedLines` before anyone reads it. */
export function acceptTypedLines(socket: Socket): void {
  const convert = typedLines();
  const push = socket.push.bind(socket);
  socket.push = (piece: unknown, encoding?: BufferEncoding) =>
    push(Buffer.isBuffer(piece) ? convert(piece) : piece, encoding);
}
