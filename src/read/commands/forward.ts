/** The forward command, which forwards a message inline or as an attachment. */

import { compose } from "../../compose/compose.ts";
import { Body } from "../../compose/draft/body.ts";
import { type Draft, emptyDraft } from "../../compose/draft/draft.ts";
import { splitTypedItems } from "../../compose/draft/recipients.ts";
import { Exit } from "../../errors.ts";
import { Flag, type Mailbox, type StoredMessages } from "../../mailbox/mailbox.ts";
import { openMessage, readHeader } from "../../mailbox/windows.ts";
import { nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { type Header, parseHeader } from "../../message/header.ts";
import { findDeclaredCharset } from "../../message/parameters.ts";
import { toBytes } from "../../message/text.ts";
import { listLeaves, parseParts } from "../../message/view/part.ts";
import { markMessage } from "../changes/mark.ts";
import { selectMessages } from "../message-list/message-list.ts";
import { composeContext } from "../send/compose-context.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { showAsCurrent } from "../session/cursor.ts";
import type { Session } from "../session/session.ts";
import { viewStoredBytes } from "../show/print-decoded.ts";
import { formatShownPieces } from "../show/print-message.ts";
import { readQuotedText } from "../show/quoted-message.ts";

interface Forwarded {
  readonly messages: readonly number[];
  readonly to: string[];
}

/**
 * Parses a message list followed by recipients. The list consists of all leading words that can belong to a message
 * list.
 */
export const takesMessagesAndNames: Takes<Forwarded> = {
  synopsis: "[msglist] address ...",
  parse: async (session, rest) => {
    const words = rest.split(/[ \t]+/).filter((word) => word !== "");
    const firstName = words.findIndex((word) => !/^(?:[\d$^.*+-]+|[:/(].*)$/.test(word));
    const list = firstName < 0 ? words : words.slice(0, firstName);
    const messages = await selectMessages(session, list, {});
    return messages === undefined
      ? undefined
      : { messages, to: firstName < 0 ? [] : splitTypedItems(words.slice(firstName).join(" ")) };
  },
};

export const forwardCommands: readonly Command[] = [
  declareCommand({
    name: "forward",
    synonyms: ["fwd"],
    task: "send",
    inFull: true,
    takes: takesMessagesAndNames,
    summary:
      "Forward messages. Their text follows the typed text. Messages with parts are attached (message/rfc822), and so are all messages if forward-as-attachment is set.",
    example: "forward 3 ann@example.org",
    barred: ["sending", "sourcing", "recursing"],
    run: async (session, { messages, to }) => {
      const { folder, terminal } = session;
      const [first] = messages;
      if (folder === undefined || first === undefined) return true;
      const { mailbox } = folder;
      const draft = emptyDraft();
      draft.to = to;
      if (to.length === 0) draft.to = await askRecipients(session);
      if (draft.to.length === 0 && terminal.inputIsTerminal) return true;
      for (const message of messages) {
        folder.current = message;
        showAsCurrent(folder, message);
      }
      await addOriginals(session, mailbox, messages, draft);
      const { exit, sent } = await compose(composeContext(session, { subject: false }), draft);
      session.reason = exit;
      // As in other mail clients, the fact that a message was forwarded is recorded only in a Maildir, in the file
      // name.
      if (sent && mailbox.letters !== undefined && !mailbox.readOnly)
        for (const message of messages) markMessage(folder, message, Flag.Forwarded | Flag.StatusChanged);
      return exit === Exit.Ok;
    },
  }),
];

/** Adds the messages to be forwarded to a draft, and sets the draft's subject if it has none. */
export async function addOriginals(
  session: Session,
  mailbox: Mailbox,
  messages: readonly number[],
  draft: Draft,
): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  draft.subject ??= forwardSubject(parseHeader(await readHeader(mailbox, first)));
  for (const message of messages)
    await openMessage(mailbox, message, "whole", (stored) => addForwarded(session, stored, message, draft));
}

/**
 * Asks for recipients on a terminal. Returns no recipients if the input is a pipe, or if the user cancels the question.
 */
export async function askRecipients({ terminal }: Session): Promise<string[]> {
  if (!terminal.inputIsTerminal) return [];
  const answer = await terminal.readLine("To: ", "people");
  return answer.kind === "line" ? splitTypedItems(answer.text) : [];
}

function forwardSubject(header: Header): string {
  const subject = header.get("subject") ?? "";
  return /^\s*fwd?:/i.test(decodeWords(subject)) ? subject : `Fwd: ${subject}`.trimEnd();
}

async function addForwarded(session: Session, stored: StoredMessages, message: number, draft: Draft): Promise<void> {
  const root = parseParts(viewStoredBytes(stored, message));
  const inline = listLeaves(root).length <= 1 && /^text\//.test(root.type);
  if (!inline || session.config.settings.get("forward-as-attachment")) {
    const body = new Body();
    for (const piece of withoutFromLine(formatShownPieces(stored, message))) body.append(piece);
    const { size, facts } = body;
    const path = `message ${message}`;
    draft.attachments.push({
      path,
      name: "message.eml",
      type: "message/rfc822",
      size,
      facts,
      inline: true,
      open: () => body.open(),
    });
    return;
  }
  const header = parseHeader(stored.header(message));
  const fields = ["From", "Date", "To", "Cc", "Subject"].flatMap((name) => {
    const value = header.get(name.toLowerCase());
    return value === undefined
      ? []
      : [`${name}: ${decodeWords(value, nodeCharsets, () => findDeclaredCharset(header))}\n`];
  });
  const text = [
    toBytes(`\n---------- Forwarded message ----------\n${fields.join("")}\n`),
    await readQuotedText(session, stored, message),
  ];
  draft.appended = Buffer.concat([...(draft.appended === undefined ? [] : [draft.appended]), ...text]);
}

/** Omits the data that a mailbox adds to a message: the From_ line and the Status fields. */
export function* withoutFromLine(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let first = true;
  for (const piece of pieces) {
    if (!first) yield piece;
    else {
      const header = Buffer.from(piece).toString("latin1");
      yield Buffer.from(header.replace(/^From .*\n/, "").replace(/^(?:X-)?Status:.*\n/gim, ""), "latin1");
    }
    first = false;
  }
}
