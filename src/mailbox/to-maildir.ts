/**
 * Moves messages to a Maildir when a session quits. A journal contains each message as a frame: a line with the file
 * name, the flags and the length, followed by the message. The file name is fixed, so that repeating the operation
 * after a crash adds only missing messages.
 */
import { addPathToError } from "../system-error.ts";
import { messageNames } from "./maildir/directory.ts";
import { baseOf } from "./maildir/file-name.ts";
import { maildirForm } from "./maildir/maildir-form.ts";
import { Delivery, type Filing, makeFiling } from "./maildir/safe-delivery.ts";
import type { Rights } from "./rights.ts";
import { refuseSpool } from "./spool.ts";

/**
 * Yields the journal frame for a message: a line with its file name, flags and length, followed by the message.
 *
 * @param message returns the message in mbox form; called several times
 * @param flags converts the flags of Status and X-Status to those in the file's name
 * @param fromMaildir whether the From_ line was generated
 */
export function* frameMessage(
  message: () => Iterable<Uint8Array>,
  flags: (ofStatus: string) => string,
  { fromMaildir = false } = {},
): Iterable<Uint8Array> {
  const form = () => maildirForm(message(), { fromMaildir });
  const { letters, date } = form();
  let length = 0;
  for (const piece of form().pieces) length += piece.length;
  const place = makeFiling(flags(letters), "cur", date);
  yield Buffer.from(`${JSON.stringify({ ...place, date: place.date?.getTime(), length })}\n`);
  yield* form().pieces;
}

class FrameReader {
  readonly #pieces: Iterator<Uint8Array>;
  #unread: Buffer = Buffer.alloc(0);

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  next(): { filing: Filing; length: number } | undefined {
    let end = this.#unread.indexOf(10);
    while (end < 0) {
      if (!this.#fill()) return undefined;
      end = this.#unread.indexOf(10);
    }
    const { date, length, ...filing } = JSON.parse(this.#unread.toString("utf8", 0, end)) as {
      base: string;
      letters: string;
      place: "new" | "cur";
      date?: number;
      length: number;
    };
    this.#unread = this.#unread.subarray(end + 1);
    return { filing: { ...filing, date: date === undefined ? undefined : new Date(date) }, length };
  }

  *take(length: number): Iterable<Buffer> {
    let left = length;
    while (left > 0 && (this.#unread.length > 0 || this.#fill())) {
      const piece = this.#unread.subarray(0, left);
      this.#unread = this.#unread.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  #fill(): boolean {
    const piece = this.#pieces.next();
    if (piece.done === true) return false;
    this.#unread = this.#unread.length === 0 ? Buffer.from(piece.value) : Buffer.concat([this.#unread, piece.value]);
    return true;
  }
}

/**
 * Adds all framed messages that are not yet in the Maildir.
 *
 * @param owner the user who must own the Maildir, if the Maildir is named in that user's journal
 * @returns a function that removes the files again
 * @throws MailError that names the Maildir, which is left unchanged
 */
export async function fileFrames(path: string, frames: Iterable<Uint8Array>, owner?: Rights): Promise<() => void> {
  const refusal = owner && refuseSpool(path, owner);
  if (refusal !== undefined) throw refusal;
  const delivery = new Delivery(path);
  try {
    const present = new Set([...messageNames(path, "new"), ...messageNames(path, "cur")].map(baseOf));
    const reader = new FrameReader(frames);
    for (let found = reader.next(); found !== undefined; found = reader.next()) {
      const content = reader.take(found.length);
      if (present.has(found.filing.base)) for (const _passed of content);
      else await delivery.add(content, found.filing);
    }
    await delivery.publish();
  } catch (error) {
    delivery.withdraw();
    throw addPathToError(path, error);
  }
  return () => delivery.withdraw();
}
