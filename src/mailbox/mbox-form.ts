/** Formats a new message for an mbox. */
import { formatAsctime, quoteFromLines } from "./from-line.ts";

/** A message, and the sender and date for its From_ line. */
export interface Delivery {
  /** The envelope sender, one character per byte; empty for the null sender. */
  readonly sender: string;
  readonly date: Date;
  /** Header and body, with LF newlines. */
  readonly message: Uint8Array | Iterable<Uint8Array>;
}

/** Yields a From_ line, the message with its `From ` lines quoted, and the empty line that ends it. */
export function* mboxForm({ sender, date, message }: Delivery): Iterable<Uint8Array> {
  yield Buffer.from(`From ${sender === "" ? "MAILER-DAEMON" : sender} ${formatAsctime(date)}\n`, "latin1");
  let last: number | undefined;
  for (const piece of quoteFromLines(message instanceof Uint8Array ? [message] : message)) {
    if (piece.length === 0) continue;
    last = piece.at(-1);
    yield piece;
  }
  yield Buffer.from(last === 10 || last === undefined ? "\n" : "\n\n");
}
