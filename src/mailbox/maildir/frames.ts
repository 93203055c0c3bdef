/**
 * Messages on their way into a Maildir, as they stand in a journal: before each a line that says how it is to be filed and
 * how long it is. The names are in it, so that doing it again after a crash adds only what is missing.
 */
import { addPathToError } from "../../system-error.ts";
import type { Rights } from "../rights.ts";
import { refuseSpool } from "../spool.ts";
import { messageNames } from "./directory.ts";
import { baseOf } from "./file-name.ts";
import { Delivery, type Filing } from "./safe-delivery.ts";

/** @param pieces called twice: once to know the length */
export function* frame(filing: Filing, pieces: () => Iterable<Uint8Array>): Iterable<Uint8Array> {
  let length = 0;
  for (const piece of pieces()) length += piece.length;
  yield Buffer.from(`${JSON.stringify({ ...filing, date: filing.date?.getTime(), length })}\n`);
  yield* pieces();
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
 * Files all messages of the frames that the Maildir does not have yet.
 *
 * @param owner whose Maildir it has to be, if a journal of that user names it
 * @returns a way back, where the work as a whole can't be done
 * @throws MailError that names the Maildir; it is then as it was
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
