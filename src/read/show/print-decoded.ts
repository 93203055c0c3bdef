/** Prints messages in decoded form, as with `set decode`. */

import { isHeaderContinued } from "../../mailbox/header-bytes.ts";
import type { Mailbox, StoredMessages } from "../../mailbox/mailbox.ts";
import { pushAll } from "../../message/lists.ts";
import type { Bytes } from "../../message/view/bytes.ts";
import type { Part } from "../../message/view/part.ts";
import type { ViewPiece } from "../../message/view/viewer.ts";
import type { Styled, Terminal } from "../../terminal/terminal.ts";
import { isInterrupted } from "../session/interrupts.ts";
import type { Folder, Session } from "../session/session.ts";
import { paintMessage } from "./message-paint.ts";
import { formatShownPieces, type Printing, pageLimit, selectKeptFields } from "./print-message.ts";

type Shown = Styled | Uint8Array;

/** Prints messages as printMessages does, but decoded. The decoded length determines whether the pager is used. */
export async function printDecoded(
  session: Session,
  folder: Folder,
  messages: readonly number[],
  printing: Printing,
  visit: (message: number) => void,
): Promise<void> {
  await printEach(session, folder.mailbox, messages, printing, visit, (stored, message) =>
    decodeMessage(session, stored, message, printing),
  );
}

/** Prints parts of messages (`print -p`) in the same way as printDecoded. */
export async function printParts(
  session: Session,
  folder: Folder,
  messages: readonly number[],
  printing: Printing,
  visit: (message: number) => void,
  partsOf: (stored: StoredMessages, message: number) => Promise<readonly Part[]>,
): Promise<void> {
  const { viewPart } = await import("../../message/view/view.ts");
  await printEach(session, folder.mailbox, messages, printing, visit, async (stored, message) => {
    const views: ViewPiece[] = [];
    for (const part of await partsOf(stored, message))
      pushAll(views, await viewPart(part, session.terminal.size().columns));
    return makeRepeatable(() => styleView(views));
  });
}

/**
 * Prints messages piece by piece.
 *
 * @param piecesOf returns a message's pieces, which can be iterated over several times
 */
async function printEach(
  session: Session,
  mailbox: Mailbox,
  messages: readonly number[],
  printing: Printing,
  visit: (message: number) => void,
  piecesOf: (stored: StoredMessages, message: number) => Promise<Iterable<Shown>>,
): Promise<void> {
  const { terminal, config } = session;
  const limit = printing.paged ? -1 : pageLimit(session);
  /**
   * The messages that were decoded in order to count their lines. Other messages, of which there may be many thousands,
   * are decoded only when the pager requests them.
   */
  const counted = new Map<number, { readonly stored: StoredMessages; readonly pieces: Iterable<Shown> }>();
  async function* shown(): AsyncGenerator<Iterable<Shown>> {
    for await (const { messages: opened, stored } of mailbox.openMessages(messages, "text")) {
      for (const message of opened) {
        const known = counted.get(message);
        if (known === undefined) visit(message);
        // Iterating over the pieces may read the message. Only messages in the current window can be read, so pieces
        // from an earlier window are replaced.
        const pieces = known?.stored === stored ? known.pieces : await piecesOf(stored, message);
        yield makeRepeatable(() => concatenate(formatTitle(session, message), pieces));
      }
    }
  }
  if (terminal.interactive && limit !== Number.POSITIVE_INFINITY) {
    let left = limit;
    const count = async (stored: StoredMessages, message: number) => {
      // The message is marked as read first, so that its Status field shows the new state.
      visit(message);
      const pieces = await piecesOf(stored, message);
      counted.set(message, { stored, pieces });
      left -= countRows(await breakIntoRows(terminal, pieces), left);
    };
    for await (const { messages: opened, stored } of mailbox.openMessages(left < 0 ? [] : messages, "text")) {
      for (const message of opened) if (left >= 0) await count(stored, message);
      if (left < 0) break;
    }
    if (left < 0) {
      await terminal.page(config.settings.get("PAGER"), { [Symbol.asyncIterator]: shown });
      return;
    }
  }
  for await (const pieces of shown()) {
    if (!(await writeShown(session, pieces))) return;
    await terminal.flush();
  }
}

/** Returns an iterable that restarts a generator for each iteration. */
function makeRepeatable<T>(generate: () => Iterable<T>): Iterable<T> {
  return { [Symbol.iterator]: () => generate()[Symbol.iterator]() };
}

function* concatenate<T>(first: Iterable<T>, second: Iterable<T>): Iterable<T> {
  yield* first;
  yield* second;
}

function formatTitle({ config }: Session, message: number): Styled[] {
  return config.settings.get("quiet") ? [] : [{ text: `Message ${message}:\n`, style: "title" }];
}

async function decodeMessage(
  { config, terminal }: Session,
  messages: StoredMessages,
  message: number,
  { allFields }: Printing,
): Promise<Iterable<Shown>> {
  const keep = allFields ? undefined : selectKeptFields(config.shown);
  const asStored = makeRepeatable<Shown>(() => {
    const whole = formatShownPieces(messages, message, keep);
    return terminal.outputIsTerminal ? paintMessage(whole) : whole;
  });
  // The decoded form contains only the part of a long header that is in memory.
  if (isHeaderContinued(messages.header(message), messages.size(message))) return asStored;
  const { viewMessage } = await import("../../message/view/view.ts");
  const pieces = formatShownPieces(messages, message, keep);
  const header = pieces[Symbol.iterator]().next();
  if (header.done === true) return [];
  const isChosen = allFields || config.shown.retained.size > 0;
  const isBrief = isChosen ? "never" : terminal.rich ? "always" : "if encoded";
  const view = await viewMessage(viewStoredBytes(messages, message), header.value, messages.header(message).length, {
    width: terminal.size().columns,
    isBrief,
  });
  return view === undefined ? asStored : makeRepeatable(() => styleView(view));
}

function* styleView(view: readonly ViewPiece[]): Iterable<Styled> {
  for (const { kind, text } of view) {
    if (kind === "note") yield { text, style: "hint" };
    else if (kind === "summary") yield { text, style: "plain" };
    else yield* paintMessage([Buffer.from(text)], kind === "header");
  }
}

/** Returns the stored message in the form that the viewing code reads. */
export function viewStoredBytes(stored: StoredMessages, message: number): Bytes {
  return { size: stored.size(message), read: (start, end) => stored.read(message, start, end) };
}

/** Prints pieces. @returns false if Ctrl-C interrupted the output */
async function writeShown(session: Session, pieces: Iterable<Shown>): Promise<boolean> {
  const { terminal } = session;
  let size = 0;
  for (const piece of pieces) {
    size += piece instanceof Uint8Array ? piece.length : piece.text.length;
    if (piece instanceof Uint8Array) terminal.out(piece);
    else terminal.out(piece.text, piece.style);
    if (size < 1 << 16) continue;
    size = 0;
    if (await isInterrupted(session)) return false;
  }
  return true;
}

/** Returns pieces with long lines folded to the terminal's width, if the width is known. */
async function breakIntoRows(terminal: Terminal, pieces: Iterable<Shown>): Promise<Iterable<Shown>> {
  if (!terminal.rich) return pieces;
  const { foldStyled: folded } = await import("../../terminal/folded.ts");
  return folded(pieces, terminal.size().columns);
}

/** Returns the number of lines, or `most` + 1 if there are more than `most` lines. */
function countRows(pieces: Iterable<Shown>, most: number): number {
  let sum = 0;
  for (const piece of pieces) {
    const text = piece instanceof Uint8Array ? Buffer.from(piece).toString("latin1") : piece.text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) if (++sum > most) return sum;
  }
  return sum;
}
