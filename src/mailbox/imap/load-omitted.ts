/**
 * Loads the omitted parts of a large message. Parts that are not displayed are omitted when the message is first
 * loaded.
 */
import type { ByteRange } from "../mailbox.ts";
import { MessageUnreadable } from "../mailbox-errors.ts";
import { type Loading, loadInPieces } from "./load-messages.ts";

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
    const exists = await loadInPieces(loading, message, part, (piece) => writer.addToSection(piece));
    if (!exists) throw new MessageUnreadable(message, undefined);
    writer.beginSection();
  }
  writer.addStored(loaded.read(known, at, known.length));
  writer.finish("text");
  return true;
}
