/** Appends messages from an open mailbox to another mailbox of any kind, together with their current state. */
import { type Appended, type AppendOptions, appendFlagged, appendMessages, storesFlags } from "./append.ts";
import { Flag, type StoredMessages } from "./mailbox.ts";
import type { FlaggedMessage } from "./maildir/add-messages.ts";
import { maildirForm, withLetters } from "./maildir/maildir-form.ts";
import { makeFiling } from "./maildir/safe-delivery.ts";
import { changeLetters } from "./marks.ts";
import { formatForStorage } from "./stored-form.ts";

/** Returns whether a header field is copied; all fields are copied if this function is missing. */
type KeepField = ((lowerName: string) => boolean) | undefined;

/**
 * Appends copies of messages.
 *
 * @param path the destination: a file, a Maildir, or an address on a server
 * @throws MailError; nothing was added
 */
export function appendCopies(
  path: string,
  stored: StoredMessages,
  messages: readonly number[],
  keepField: KeepField,
  options: AppendOptions,
): Promise<Appended> {
  return storesFlags(path)
    ? appendFlagged(path, makeFlaggedCopies(stored, messages, keepField), options)
    : appendMessages(path, makeMboxCopies(stored, messages, keepField), options);
}

function* makeFlaggedCopies(
  stored: StoredMessages,
  messages: readonly number[],
  keepField: KeepField,
): Iterable<FlaggedMessage> {
  const isGenerated = stored.letters !== undefined;
  for (const message of messages) {
    const pieces = formatForStorage(stored, message, { keepField, isCopy: !isGenerated });
    const form = maildirForm(pieces, { fromMaildir: isGenerated });
    const flags = stored.flags(message);
    const letters = changeLetters(stored.letters?.(message) ?? form.letters, flags, "maildir").replace(/[ST]/g, "");
    const seen = (flags & Flag.Read) === 0 ? "" : "S";
    yield { pieces: form.pieces, filing: makeFiling(`${letters}${seen}`, "cur", form.date) };
  }
}

function* makeMboxCopies(
  stored: StoredMessages,
  messages: readonly number[],
  keepField: KeepField,
): Iterable<Iterable<Uint8Array>> {
  for (const message of messages) {
    const flags = stored.flags(message);
    const status = (flags & Flag.Read) === 0 ? "O" : "RO";
    const form = formatForStorage(stored, message, { status, flags, keepField, isCopy: true });
    const letters = stored.letters?.(message);
    yield letters === undefined ? form : withLetters(form, changeLetters(letters, flags, "maildir"));
  }
}
