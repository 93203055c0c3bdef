/**
 * Loads the omitted parts of a large message. Parts that are not displayed are omitted when the message is first
 * loaded.
 */
import type { ByteRange } from "../mailbox.ts";
import { MessageUnreadable } from "../mailbox-errors.ts";
import { ImapFailed } from "./imap-failure.ts";
import { largestRange } from "./imap-flow.ts";
import { explainMissing, type Loading } from "./load-messages.ts";

/**
 * Loads each omitted part that overlaps one of the ranges. The parts replace their filler.
 *
 * @returns whether a part was loaded
 * @throws ImapFailed; MessageUnreadable if the message no longer exists
 */
export async function loadOmittedParts(
  loading: Loading,
  message: number,
  ranges: readonly ByteRange[],
): Promise<boolean> {
  const { loaded } = loading;
  const known = loaded.find(message, "text");
  const wanted = (known?.filler ?? []).filter((part) =>
    ranges.some(({ start, end }) => start < part.end && end > part.start),
  );
  if (known === undefined || wanted.length === 0) return false;
  const writer = loaded.beginAgain(message, known);
  let at = 0;
  for (const part of known.filler) {
    writer.addStored(loaded.read(known, at, part.start));
    at = part.end;
    if (!wanted.includes(part)) {
      writer.addFiller(part.size, part.section);
      continue;
    }
    writer.beginSection();
    for await (const piece of loadSection(loading, message, part)) writer.addToSection(piece);
    writer.beginSection();
  }
  writer.addStored(loaded.read(known, at, known.length));
  writer.finish("text");
  return true;
}

/**
 * Yields the bytes of a section in pieces, so that little memory is needed. The section ends with the first piece that
 * is shorter than requested, because some servers report inexact sizes.
 */
async function* loadSection(
  loading: Loading,
  message: number,
  { section, size }: { readonly section: string; readonly size: number },
): AsyncIterable<Buffer> {
  const uid = loading.table.uid(message);
  for (let start = 0; ; start += largestRange) {
    if (start > size + largestRange)
      throw new ImapFailed(
        "malformed response",
        `message ${message}: part ${section} is larger than the server reported`,
      );
    let piece: Buffer | undefined;
    await loading.connection.fetch(`${uid}`, { ranges: [{ section, start, length: largestRange }] }, (found) => {
      if (found.uid === uid) piece = found.bytes(section);
    });
    if (piece === undefined) {
      await explainMissing(loading, [message]);
      throw new MessageUnreadable(message, undefined);
    }
    const { length } = piece;
    if (length > 0) yield piece;
    if (length < largestRange) return;
  }
}
