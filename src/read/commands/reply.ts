/** reply and Reply: an answer to everyone a message went to, or to its author alone. */
import { shownHeader } from "../../compose/build.ts";
import { compose } from "../../compose/compose.ts";
import { type Draft, emptyDraft } from "../../compose/draft.ts";
import { Flag } from "../../mailbox/mailbox.ts";
import { parseAddresses } from "../../message/address.ts";
import { type Header, parseHeader } from "../../message/header.ts";
import { type Command, command } from "../command.ts";
import { composeContext } from "../compose-context.ts";
import { takesMessages } from "../message-list.ts";
import type { Session } from "../session.ts";

const toAll = "Answer everyone a message went to.";
const toAuthor = "Answer the authors of the messages only.";

export const replyCommands: readonly Command[] = [
  replyRow("reply", toAll, "all"),
  replyRow("respond", `${toAll} The same as reply.`, "all"),
  replyRow("Reply", toAuthor, "author"),
  replyRow("Respond", `${toAuthor} The same as Reply.`, "author"),
];

function replyRow(name: string, summary: string, kind: "all" | "author"): Command {
  return command({
    name,
    takes: takesMessages({}),
    summary,
    example: `${name} 3`,
    barred: ["sending", "sourcing", "recursing"],
    run: async (session, messages) => {
      const swapped = session.config.settings.get("Replyall");
      await ((kind === "all") !== swapped ? replyToAll(session, messages) : replyToAuthors(session, messages));
    },
  });
}

async function replyToAll(session: Session, messages: readonly number[]): Promise<void> {
  if (messages.length > 1) return session.terminal.out("Sorry, can't reply to multiple messages at once\n");
  const [message] = messages;
  if (message === undefined) return;
  const header = take(session, message);
  if (header === undefined) return;
  const draft = draftFor(header);
  const own = new Set([session.config.identity.user, ...session.config.alternates].map((name) => name.toLowerCase()));
  const others = (items: readonly string[]) => items.filter((item) => !own.has(item.toLowerCase()));
  // Where answers are wanted elsewhere, they go there alone.
  const replyTo = header.get("reply-to");
  const asked = others(addressesIn(replyTo ?? header.get("to")));
  if (replyTo !== undefined && asked.length === 0) session.terminal.out("Empty reply-to field -- replying to author\n");
  const toAuthor = replyTo === undefined || asked.length === 0;
  draft.to = sortedUnique([...(toAuthor ? authorOf(session, header, message) : []), ...asked]);
  const named = new Set(draft.to.map((item) => item.toLowerCase()));
  if (replyTo === undefined)
    draft.cc = sortedUnique(others(addressesIn(header.get("cc")))).filter((item) => !named.has(item.toLowerCase()));
  await answer(session, draft);
}

async function replyToAuthors(session: Session, messages: readonly number[]): Promise<void> {
  const headers: Header[] = [];
  const to: string[] = [];
  for (const message of messages) {
    const header = take(session, message);
    if (header === undefined) return;
    headers.push(header);
    const replyTo = addressesIn(header.get("reply-to"));
    to.push(...(replyTo.length > 0 ? replyTo : authorOf(session, header, message)));
  }
  const [first] = headers;
  const last = headers.at(-1);
  if (first === undefined || last === undefined) return;
  const draft = draftFor(first);
  draft.inReplyTo = last.get("message-id");
  draft.to = sortedUnique(to);
  await answer(session, draft);
}

async function answer(session: Session, draft: Draft): Promise<void> {
  session.terminal.out(shownHeader(draft));
  await compose(composeContext(session, { subject: false }), draft);
}

/** Makes a message current and read. */
function take(session: Session, message: number): Header | undefined {
  const { folder } = session;
  if (folder === undefined) return undefined;
  folder.current = message;
  folder.mailbox.mark(message, Flag.Read | Flag.Touched | Flag.StatusChanged);
  return parseHeader(folder.mailbox.header(message));
}

function draftFor(header: Header): Draft {
  const draft = emptyDraft();
  const subject = header.get("subject");
  if (subject !== undefined) draft.subject = /^re:/i.test(subject) ? subject : `Re: ${subject}`;
  draft.inReplyTo = header.get("message-id");
  return draft;
}

/** From, else the user of the From_ line. */
function authorOf(session: Session, header: Header, message: number): string[] {
  const from = addressesIn(header.get("from"));
  if (from.length > 0) return from;
  const line = session.folder?.mailbox.header(message).toString("latin1") ?? "";
  const user = /^From (\S+)/.exec(line)?.[1];
  return user === undefined ? [] : [user];
}

/** An empty group, such as `undisclosed-recipients:;`, is kept as it is written. */
function addressesIn(field: string | undefined): string[] {
  if (field === undefined) return [];
  const addresses = parseAddresses(field).map(({ address }) => address);
  const text = field.trim();
  return addresses.length === 0 && /^[^\s:;]+:\s*;$/.test(text) ? [text] : addresses;
}

function sortedUnique(items: readonly string[]): string[] {
  const known = new Map<string, string>();
  for (const item of items) if (!known.has(item.toLowerCase())) known.set(item.toLowerCase(), item);
  return [...known.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
