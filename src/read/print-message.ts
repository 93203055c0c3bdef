/** A message as it is shown: fields selected, LF line ends, body lines that would begin a message quoted. */
import type { FieldSelection } from "../config/config.ts";
import { Flag, type Mailbox } from "../mailbox/mailbox.ts";
import { storedForm } from "../mailbox/stored-form.ts";
import type { Folder, Session } from "./session.ts";

export type KeepField = (lowerName: string) => boolean;

/** @returns what `retain`, which wins, or `ignore` leaves */
export function keptFields({ ignored, retained }: FieldSelection): KeepField {
  return retained.size > 0 ? (name) => retained.has(name) : (name) => !ignored.has(name);
}

/** The Status field's letters for a message as it is now; empty for a new one nobody has read. */
export function statusLetters(flags: number): string {
  return `${flags & Flag.Read ? "R" : ""}${flags & Flag.New ? "" : "O"}`;
}

/** The message in pieces as it is stored elsewhere, with its Status of now. */
export function storedPieces(mailbox: Mailbox, message: number, keep?: KeepField): Iterable<Uint8Array> {
  const status = statusLetters(mailbox.flags(message));
  return storedForm(mailbox, message, {
    ...(status === "" ? {} : { status }),
    ...(keep === undefined ? {} : { keepField: keep }),
  });
}

/** The same as printed and piped. */
export function shownPieces(mailbox: Mailbox, message: number, keep?: KeepField): Iterable<Uint8Array> {
  return withPlainLines(storedPieces(mailbox, message, keep));
}

/**
 * CRLF becomes LF, and `From ` at a line's beginning, the first line's aside, becomes `>From `.
 *
 * Both can be cut in two by a piece's end, so the last bytes of each piece wait for the next one.
 */
export function* withPlainLines(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let waiting = Buffer.alloc(0);
  let before = -1;
  for (const piece of pieces) {
    const bytes = waiting.length === 0 ? Buffer.from(piece) : Buffer.concat([waiting, piece]);
    const end = Math.max(bytes.length - 5, 0);
    if (end > 0) {
      yield plainLines(bytes, end, before);
      before = bytes[end - 1] as number;
    }
    waiting = bytes.subarray(end);
  }
  if (waiting.length > 0) yield plainLines(waiting, waiting.length, before);
}

/** @param before the byte in front of the first, -1 at the message's start */
function plainLines(bytes: Buffer, end: number, before: number): Buffer {
  // Text that goes byte for byte, as nearly all does, is not copied.
  if (!bytes.includes("\r\n") && !bytes.includes("From ")) return bytes.subarray(0, end);
  const text = bytes.toString("latin1");
  let plain = "";
  let copied = 0;
  const special = /\r\n|From /g;
  for (let found = special.exec(text); found !== null && found.index < end; found = special.exec(text)) {
    const { index } = found;
    if (found[0] === "\r\n") {
      plain += text.slice(copied, index);
      copied = index + 1;
    } else if ((index === 0 ? before : bytes[index - 1]) === 10) {
      plain += `${text.slice(copied, index)}>`;
      copied = index;
    }
  }
  return Buffer.from(plain + text.slice(copied, end), "latin1");
}

export interface Printing {
  /** `Print`: nothing is left out. */
  readonly allFields: boolean;
  /** `more`: through the pager, however short. */
  readonly paged: boolean;
}

/** Prints messages, each under its `Message N:`. What reads them has marked them read already. */
export async function printMessages(
  session: Session,
  folder: Folder,
  messages: readonly number[],
  { allFields, paged }: Printing,
  visit: (message: number) => void,
): Promise<void> {
  const { terminal, config } = session;
  const keep = allFields ? undefined : keptFields(config.shown);
  if (terminal.interactive && (paged || isLong(session, folder, messages))) {
    const collected: Uint8Array[] = [];
    for (const message of messages) {
      visit(message);
      collected.push(Buffer.from(`Message ${message}:\n`), ...shownPieces(folder.mailbox, message, keep));
    }
    await terminal.page(config.settings.get("PAGER"), Buffer.concat(collected));
    return;
  }
  for (const message of messages) {
    visit(message);
    terminal.out(`Message ${message}:\n`);
    for (const piece of shownPieces(folder.mailbox, message, keep)) {
      terminal.out(piece);
      if (piece.length >= 1 << 16) await terminal.flush();
    }
  }
}

/** Whether `crt` is set and the messages together have more lines; `crt` without a number is the terminal's height. */
function isLong(session: Session, folder: Folder, messages: readonly number[]): boolean {
  const crt = session.config.settings.get("crt");
  if (crt === undefined) return false;
  const limit = crt === "" ? session.terminal.size().rows : Number.parseInt(crt, 10) || 0;
  return messages.reduce((sum, message) => sum + folder.mailbox.counts(message).lines, 0) > limit;
}
