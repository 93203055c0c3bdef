/** The reply, Reply, followup and Followup commands. */

import { draftHeaderToShow } from "../../compose/build/raw-message.ts";
import { compose } from "../../compose/compose.ts";
import { type Draft, emptyDraft } from "../../compose/draft/draft.ts";
import { Exit, UserMistake } from "../../errors.ts";
import { Flag } from "../../mailbox/mailbox.ts";
import { readHeader } from "../../mailbox/windows.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { fileNamedAfter } from "../../message/file-named-after.ts";
import { type Header, parseHeader } from "../../message/header.ts";
import { pushAll } from "../../message/lists.ts";
import { markMessage } from "../changes/mark.ts";
import { takesMessages } from "../message-list/message-list.ts";
import { addressesOfFields, addressField, authorOf } from "../send/author.ts";
import { composeContext } from "../send/compose-context.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { showAsCurrent } from "../session/cursor.ts";
import type { Session } from "../session/session.ts";

export const replyCommands: readonly Command[] = [
  replyRow("reply", "respond", "Reply to the author and all recipients of a message.", "all"),
  replyRow("Reply", "Respond", "Reply only to the authors of the messages.", "author"),
  followupRow("followup", "Reply to all, and save a copy to a file named after the author.", replyToAll),
  followupRow(
    "Followup",
    "Reply to the authors, and save a copy to a file named after the first author.",
    replyToAuthors,
  ),
];

/**
 * Returns the row of a command that stores a copy of the reply (POSIX mailx). The copy is written to a file named after
 * the author's login name instead of to the file specified by `record`.
 */
function followupRow(
  name: string,
  summary: string,
  run: (session: Session, messages: readonly number[], record: boolean) => Promise<boolean>,
): Command {
  return declareCommand({
    name,
    task: "send",
    inFull: true,
    takes: takesMessages({}),
    summary,
    example: `${name} 3`,
    barred: ["sending", "sourcing", "recursing"],
    run: (session, messages) => run(session, messages, true),
  });
}

function replyRow(name: string, synonym: string, summary: string, kind: "all" | "author"): Command {
  return declareCommand({
    name,
    synonyms: [synonym],
    task: "send",
    takes: takesMessages({}),
    summary,
    example: `${name} 3`,
    barred: ["sending", "sourcing", "recursing"],
    run: async (session, messages) => {
      const { settings } = session.config;
      const swapped = settings.get("Replyall") || settings.get("flipr");
      return ((kind === "all") !== swapped ? replyToAll : replyToAuthors)(session, messages, false);
    },
  });
}

async function replyToAll(session: Session, messages: readonly number[], record: boolean): Promise<boolean> {
  if (messages.length > 1) throw new UserMistake("Sorry, can't reply to multiple messages at once");
  const [message] = messages;
  if (message === undefined) return false;
  const stored = await readHeaderOfOriginal(session, message);
  if (stored === undefined) return false;
  const draft = await draftReplyToAll(session, stored);
  if (record) draft.record = fileNamedAfter(authorOf(stored));
  return sendReply(session, draft, messages);
}

/**
 * Drafts a reply to the author and all recipients of a message. The body of the draft is empty.
 *
 * @param stored the header as it is stored in the mailbox
 */
export async function draftReplyToAll(session: Session, stored: Buffer): Promise<Draft> {
  const header = parseHeader(stored);
  const draft = draftFor(header);
  const isOwn = ownNames(session);
  const others = (items: readonly string[]) => items.filter((item) => !isOwn(item));
  const honour = await decideReplyTo(session, header);
  // If a message has a Mail-Followup-To or Reply-To field, the reply is sent only to the addresses in that field.
  // Mail-Followup-To takes precedence.
  const followup = addressesOfFields(addressField(header, "mail-followup-to"));
  const honoured = honour === undefined ? addressField(header, "reply-to") : undefined;
  const replyTo = followup.length > 0 ? addressField(header, "mail-followup-to") : honoured;
  const asked = others(addressesOfFields(replyTo ?? addressField(header, "to")));
  if (replyTo !== undefined && asked.length === 0) session.terminal.out("Empty reply-to field -- replying to author\n");
  const toAuthor = replyTo === undefined || asked.length === 0;
  draft.to = sortUniqueAddresses([...asked, ...(toAuthor ? chooseAddressees(stored, honour) : [])]);
  if (replyTo === undefined) draft.cc = sortUniqueAddresses(others(addressesOfFields(addressField(header, "cc"))));
  return draft;
}

async function replyToAuthors(session: Session, messages: readonly number[], record: boolean): Promise<boolean> {
  const originals: Buffer[] = [];
  for (const message of messages) {
    const stored = await readHeaderOfOriginal(session, message);
    if (stored === undefined) return false;
    originals.push(stored);
  }
  const draft = await draftReplyToAuthors(session, originals);
  if (draft === undefined) return false;
  if (record) draft.record = fileNamedAfter(draft.to);
  return sendReply(session, draft, messages);
}

/**
 * Drafts a reply to the authors of messages. The body of the draft is empty. Returns undefined if there are no
 * messages.
 */
export async function draftReplyToAuthors(session: Session, originals: readonly Buffer[]): Promise<Draft | undefined> {
  const headers = originals.map((stored) => parseHeader(stored));
  const [first] = headers;
  const last = headers.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const draft = draftFor(first);
  draft.inReplyTo = findMessageId(last);
  draft.references = listReferences(last);
  for (const stored of originals)
    pushAll(draft.to, chooseAddressees(stored, await decideReplyTo(session, parseHeader(stored))));
  return draft;
}

/**
 * Returns whether Reply-To replaces the author, according to the `reply-to-honour` variable. Returns undefined if the
 * variable is unset or the message has no Reply-To. The reply is then addressed as in bsd-mailx.
 */
async function decideReplyTo({ config, terminal }: Session, header: Header): Promise<boolean | undefined> {
  const honour = config.settings.get("reply-to-honour");
  const addresses = addressesOfFields(addressField(header, "reply-to"));
  if (honour === undefined || addresses.length === 0) return undefined;
  const isYes = honour.endsWith("yes");
  if (!honour.startsWith("ask-") || !terminal.interactive) return isYes;
  const answer = await terminal.readLine(`Reply-To ${addresses.join(", ")}? [${isYes ? "yes" : "no"}] `, "answer");
  const text = answer.kind === "line" ? answer.text.trim() : "";
  return text === "" ? isYes : /^y/i.test(text);
}

/** Returns the addresses in Reply-To if `honour` is true, otherwise the author. */
function chooseAddressees(stored: Buffer, honour: boolean | undefined): string[] {
  return honour === true ? addressesOfFields(addressField(parseHeader(stored), "reply-to")) : authorOf(stored);
}

async function sendReply(session: Session, draft: Draft, messages: readonly number[]): Promise<boolean> {
  const { settings } = session.config;
  const { terminal } = session;
  const asks = terminal.interactive && !draft.subject && (settings.get("ask") || settings.get("asksub"));
  const header = draftHeaderToShow(draft, settings.text("from"));
  // The prompt for the subject follows the header without an empty line in between.
  terminal.out(asks ? header.slice(0, -1) : header);
  const { exit, sent } = await compose(composeContext(session, { subject: asks }), draft);
  session.reason = exit;
  if (sent) markAnswered(session, messages);
  // After this command, even if it failed, an empty line prints the next message instead of the current one.
  if (session.folder !== undefined) session.folder.atStart = false;
  return exit === Exit.Ok;
}

/** Marks messages as answered: always in a Maildir, and in an mbox if `markanswered` is set. */
export function markAnswered({ config, folder }: Session, messages: readonly number[]): void {
  if (folder === undefined || folder.mailbox.readOnly) return;
  if (folder.mailbox.letters === undefined && !config.settings.get("markanswered")) return;
  for (const message of messages) markMessage(folder, message, Flag.Answered | Flag.StatusChanged, Flag.Unanswered);
}

function ownNames({ config }: Session): (item: string) => boolean {
  const own = new Set([config.identity.user, ...config.alternates].map((name) => name.toLowerCase()));
  const everywhere = config.settings.get("allnet");
  return (item) => {
    const name = item.toLowerCase();
    return own.has(name) || (everywhere && own.has(name.replace(/@[^@]*$/, "")));
  };
}

/** Returns a message's header as stored, makes the message current and marks it as read. */
async function readHeaderOfOriginal(session: Session, message: number): Promise<Buffer | undefined> {
  const { folder } = session;
  if (folder === undefined) return undefined;
  folder.current = message;
  showAsCurrent(folder, message);
  return readHeader(folder.mailbox, message);
}

function draftFor(header: Header): Draft {
  const draft = emptyDraft();
  const subjects = header.all("subject");
  const named = subjects.length > 0 ? subjects : header.all("subj");
  const subject = named.join(" ");
  if (named.length > 0) draft.subject = /^re:/i.test(decodeWords(subject)) ? subject : `Re: ${subject}`;
  draft.inReplyTo = findMessageId(header);
  draft.references = listReferences(header);
  return draft;
}

/**
 * Returns the identifier in the Message-ID field, with its angle brackets. If the field has no angle brackets, returns
 * the entire field, enclosed in angle brackets.
 */
function findMessageId(header: Header): string | undefined {
  const field = header.get("message-id") ?? "";
  const id = /<([^<>]*)/.exec(field)?.[1] ?? field.trim();
  return id === "" ? undefined : `<${id}>`;
}

/**
 * Returns the value of References for a reply: the identifiers of the thread, followed by that of the original message
 * (RFC 5322, section 3.6.4).
 */
function listReferences(header: Header): string | undefined {
  const before = header.get("references") ?? header.get("in-reply-to")?.match(/<[^<>\s]+>/)?.[0] ?? "";
  const ids = `${before} ${findMessageId(header) ?? ""}`.match(/<[^<>\s]+>/g) ?? [];
  // In very long threads, the References field would otherwise become too large. Threading requires only the first
  // identifier and the most recent ones.
  const kept = ids.length > 50 ? [...ids.slice(0, 1), ...ids.slice(-49)] : ids;
  return kept.length === 0 ? undefined : kept.join(" ");
}

/** Sorts addresses and removes duplicates. If several addresses differ only in case, the last of them is kept. */
function sortUniqueAddresses(items: readonly string[]): string[] {
  const known = new Map<string, string>();
  for (const item of items) known.set(item.toLowerCase(), item);
  return [...known.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
