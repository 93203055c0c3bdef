/**
 * Prints the header window, which is the part of the header list that is shown. The list is divided into windows of
 * equal size.
 */

import type { Config } from "../../config/config.ts";
import { isUtf8Locale } from "../../config/settings.ts";
import { readHeaderTextToList } from "../../mailbox/header-text.ts";
import type { ListFacts } from "../../mailbox/list-facts.ts";
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { fieldValues } from "../../message/field-values.ts";
import type { Style } from "../../terminal/terminal.ts";
import { wrapWords } from "../../terminal/wrap-words.ts";
import { isDeleted } from "../session/cursor.ts";
import { countNewcomers, countPlaces, messageAt, placeOf } from "../session/display-order.ts";
import { isInterrupted } from "../session/interrupts.ts";
import type { Folder, HeaderLineParts, Session, ThreadPosition } from "../session/session.ts";
import { headerLine } from "./header-line.ts";
import { branchFinder, countHidden, formatPlainPosition } from "./thread-lines.ts";

/**
 * Returns the number of lines in a window: the value of `screen` or, if `screen` is unset, the number of the terminal's
 * rows minus those for the prompt and the summary.
 */
export function windowSize(session: Session): number {
  const set = Number.parseInt(session.config.settings.get("screen") ?? "", 10);
  return set > 0 ? set : Math.max(session.terminal.size().rows - 4, 1);
}

/**
 * Returns the position of the first message of the window that the given position falls in.
 *
 * @param place a position in the list
 */
export function windowStart(place: number, size: number): number {
  return Math.floor((Math.max(place, 1) - 1) / size) * size + 1;
}

/** Shows the window that contains the current message. */
export async function showHeaders(session: Session): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  folder.screen = windowStart(placeOf(folder, folder.current), windowSize(session));
  await showWindow(session, folder);
}

/**
 * Shows the window at `folder.screen`, without deleted messages.
 *
 * @returns false, after printing a notice, if all messages in the window are deleted
 */
export async function showWindow(session: Session, folder: Folder): Promise<boolean> {
  const { terminal } = session;
  const { mailbox } = folder;
  const shown = listWindow(folder, windowSize(session));
  reportDisplayOrder(session, folder);
  const nothing = shown.length === 0 && mailbox.count > 0;
  if (terminal.outputIsTerminal && !nothing) await printHeaderLines(session, folder, shown);
  else terminal.out(nothing ? "No more mail.\n" : await formatHeaderLines(session, folder, shown));
  return !nothing;
}

async function formatHeaderLines(session: Session, folder: Folder, listed: readonly number[]): Promise<string> {
  const lineOf = lineMaker(session, folder);
  let lines = "";
  for await (const { messages, stored } of folder.mailbox.openMessages(listed, "facts"))
    for (const message of messages) lines += `${lineOf(stored, message)}\n`;
  return lines;
}

/** Returns the messages in the window at `folder.screen`, excluding deleted messages. */
function listWindow(folder: Folder, size: number): readonly number[] {
  const shown: number[] = [];
  const last = countPlaces(folder);
  for (let place = folder.screen; place <= last && shown.length < size; place++) {
    const message = messageAt(folder, place);
    if (!isDeleted(folder, message)) shown.push(message);
  }
  return shown;
}

/** Prints a notice above a header list that is not in the mailbox's order. */
export function reportDisplayOrder({ terminal }: Session, folder: Folder): void {
  const { displayOrder } = folder;
  if (displayOrder === undefined) return;
  const order = countNewcomers(folder) > 0 ? `${displayOrder.inWords}, followed by new mail` : displayOrder.inWords;
  const notice = `${order}; message numbers are unchanged; unsort restores mailbox order`;
  terminal.out(`${terminal.rich ? wrapWords(notice, terminal.size().columns) : notice}\n`, "hint");
}

/** Prints the header lines of messages. @returns false if Ctrl-C interrupted the output */
export async function printHeaderLines(session: Session, folder: Folder, listed: readonly number[]): Promise<boolean> {
  const format = headerLineFormatter(session, folder);
  const { terminal } = session;
  let printed = 0;
  for await (const { messages, stored } of folder.mailbox.openMessages(listed, "facts")) {
    for (const message of messages) {
      const style = lineStyle(isShownAsCurrent(folder, message), stored.flags(message));
      terminal.out(`${format(stored, message)}\n`, style);
      if (++printed % linesPerTurn === 0 && (await isInterrupted(session))) return false;
    }
  }
  return true;
}

/** Returns whether a message is the current message, or heads a collapsed thread that hides the current message. */
function isShownAsCurrent(folder: Folder, message: number): boolean {
  return message === folder.current || message === messageAt(folder, placeOf(folder, folder.current));
}

/** A formatted header line, and the state from which it was formatted. */
interface Made {
  readonly line: string;
  readonly flags: number;
  readonly current: boolean;
  readonly mark: string;
}

/** The header lines of a folder, cached because most windows are shown repeatedly. */
interface MadeLines {
  /** The settings and the width for which all lines were formatted. */
  under: string;
  readonly lines: Map<number, Made>;
}

/** The number of header lines to print before each check for Ctrl-C. */
const linesPerTurn = 256;

/** Formats the header line of a message. */
type LineFormatter = (stored: StoredMessages, message: number) => string;

const madeLines = new WeakMap<Folder, MadeLines>();
const mostMade = 1000;

/** Removes the cached line of a message that was edited. */
export function forgetLine(folder: Folder, message: number): void {
  madeLines.get(folder)?.lines.delete(message);
}

/**
 * Returns a function that formats header lines. The function is valid until a setting or the terminal's width changes.
 */
function lineMaker(session: Session, folder: Folder): LineFormatter {
  const { mailbox } = folder;
  const { config, terminal } = session;
  const { columns } = terminal.size();
  const own = `${config.identity.user} ${config.alternates}`;
  const made = madeLines.get(folder) ?? { under: "", lines: new Map<number, Made>() };
  madeLines.set(folder, made);
  const { showRecipient, byName } = readShowOptions(config);
  const under = `${showRecipient.ofOthers} ${showRecipient.ofOwn} ${byName} ${columns} ${mailbox.count} ${own}`;
  if (made.under !== under) made.lines.clear();
  made.under = under;
  const format = headerLineFormatter(session, folder);
  const positionOf = positionFinder(folder);
  return (stored, message) => {
    const flags = stored.flags(message);
    const current = isShownAsCurrent(folder, message);
    const mark = formatPlainPosition(positionOf(message));
    const before = made.lines.get(message);
    if (before !== undefined && before.flags === flags && before.current === current && before.mark === mark)
      return before.line;
    const line = format(stored, message);
    if (made.lines.size >= mostMade) made.lines.clear();
    made.lines.set(message, { line, flags, current, mark });
    return line;
  };
}

/** The header of a listed message. Its text is read only if the known facts are not sufficient. */
class ListedHeader {
  readonly facts: ListFacts | undefined;
  readonly #stored: StoredMessages;
  readonly #message: number;
  #text: string | undefined;

  constructor(stored: StoredMessages, message: number) {
    this.facts = stored.facts?.(message);
    this.#stored = stored;
    this.#message = message;
  }

  get text(): string {
    this.#text ??= readHeaderTextToList(this.#stored, this.#message);
    return this.#text;
  }
}

function headerLineFormatter({ config, comfort, terminal }: Session, folder: Folder): LineFormatter {
  const { showRecipient, byName } = readShowOptions(config);
  const own = [config.identity.user, ...config.alternates];
  const window = { columns: terminal.size().columns, last: folder.mailbox.count, isUtf8: isUtf8Locale(config) };
  const positionOf = positionFinder(folder);
  const namesInThreads = comfort !== undefined && folder.displayOrder?.threads !== undefined;
  return (stored, message) => {
    const listed = new ListedHeader(stored, message);
    const parts = {
      number: message,
      current: isShownAsCurrent(folder, message),
      flags: stored.flags(message),
      listed,
      counts: stored.counts(message),
      showRecipient,
      byName: byName || namesInThreads,
      thread: positionOf(message, listed),
      own,
    };
    return comfort?.headerLine(parts, window) ?? headerLine(parts);
  };
}

/**
 * Returns a function that finds the position of a message in a threaded list. For any other list, the returned function
 * itself returns undefined. The function must be called for the messages in display order, and is valid until a message
 * is marked.
 */
function positionFinder(folder: Folder): (message: number, header?: ListedHeader) => ThreadPosition | undefined {
  if (folder.displayOrder?.threads === undefined) return () => undefined;
  const findBranch = branchFinder(folder);
  const listed = new Map<number, string>();
  return (message, header) => {
    const branch = findBranch(message);
    listed.set(message, (header?.facts?.subject ?? fieldValues(header?.text ?? "", "subject")).join(" "));
    const subjectAbove = listed.get(branch?.parent?.message ?? 0);
    return { branch, hidden: countHidden(folder, message), subjectAbove };
  };
}

function readShowOptions({ settings }: Config): Pick<HeaderLineParts, "showRecipient" | "byName"> {
  const showRecipient = { ofOthers: settings.get("show-rcpt"), ofOwn: settings.get("showto") };
  return { showRecipient, byName: settings.get("showname") };
}

function lineStyle(current: boolean, flags: number): Style {
  if (flags & Flag.Deleted) return "deleted";
  if (current) return "current";
  return (flags & (Flag.New | Flag.Read)) === Flag.New ? "new" : "plain";
}
