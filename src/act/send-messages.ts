/** Performs the actions that send mail: --resend, --reply and --forward. */
import type { CommandLine, RequestedAct } from "../cli/command-line.ts";
import { compose } from "../compose/compose.ts";
import type { Draft } from "../compose/draft/draft.ts";
import type { ComposeResult } from "../compose/sending/context.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { Flag } from "../mailbox/mailbox.ts";
import { openMessage, readHeader } from "../mailbox/windows.ts";
import { addOriginals } from "../read/commands/forward.ts";
import { draftReplyToAll, draftReplyToAuthors, markAnswered } from "../read/commands/reply.ts";
import { resendStored } from "../read/commands/resend.ts";
import { commitChanges } from "../read/folder/quit.ts";
import { draftMessage } from "../read/send/send.ts";
import { quoteMessage } from "../read/show/quoted-message.ts";
import type { ActResult } from "./act-result.ts";
import { describePlanned } from "./planned-message.ts";
import { dryRun, toOutcome } from "./submission-result.ts";
import { type Ended, type Located, reportOne, type Work } from "./work.ts";

type Sending = Extract<RequestedAct, { kind: "resend" | "reply" | "forward" }>;

/** Sends the selected messages, or a reply to one of them. Submission errors are reported, not thrown. */
export async function sendMessages(work: Work, act: Sending): Promise<Ended> {
  const results: ActResult[] = [];
  // The transport of a dry run prints each message. The result contains a description instead.
  if (work.isDryRun) work.session.terminal.beginResult?.(() => {});
  let exit: ExitCode = Exit.Ok;
  for (const each of work.selected) {
    try {
      const { recipients, sent } = await sendOne(work, act, each);
      if (sent.exit !== Exit.Ok) exit = sent.exit;
      const planned = sent.outcome?.planned;
      if (planned !== undefined) {
        const plan = await describePlanned(planned);
        results.push({ id: each.id, done: false, reason: dryRun, to: null, recipients, plan });
        continue;
      }
      const submission = toOutcome(sent);
      const reason = sent.sent ? null : submission.reason;
      results.push({ id: each.id, done: sent.sent, reason, to: null, recipients, submission });
    } catch (error) {
      // The action must not be repeated, because earlier messages may already have been sent.
      if (!(error instanceof MailError)) throw error;
      results.push({ id: each.id, done: false, reason: reportOne(work, error), to: null });
      exit = error.exit;
    }
  }
  return { results, exit };
}

interface Sent {
  readonly recipients: readonly string[];
  readonly sent: ComposeResult;
}

async function sendOne(work: Work, act: Sending, located: Located): Promise<Sent> {
  const { session, folder, given } = work;
  if (act.kind === "resend")
    return { recipients: act.to, sent: await resendStored(session, folder, located.message, act.to) };
  const { context, draft } = await draftMessage(session, withRecipients(given, act));
  if (act.kind === "reply") await addReply(work, act, located, draft);
  else await addOriginals(session, folder.mailbox, [located.message], draft);
  const recipients = [...draft.to, ...draft.cc, ...draft.bcc];
  const sent = await compose(context, draft);
  if (sent.sent && !work.isDryRun && act.kind === "reply") await storeAnswered(work, located);
  return { recipients, sent };
}

/**
 * Returns the command line for the new message, with only the recipients named in the action. The mailbox's name is not
 * a recipient.
 */
function withRecipients(given: CommandLine, act: Sending): CommandLine {
  const words = act.kind === "forward" ? given.words.slice(given.file ? 1 : 0) : [];
  return { ...given, words, file: false, act: undefined };
}

/** Adds a reply's addresses, subject and references to a draft, and quotes the message if requested. */
async function addReply(
  { session, folder, given }: Work,
  { toAll, quotes }: Extract<Sending, { kind: "reply" }>,
  { message }: Located,
  draft: Draft,
): Promise<void> {
  const header = await readHeader(folder.mailbox, message);
  const reply = toAll ? await draftReplyToAll(session, header) : await draftReplyToAuthors(session, [header]);
  draft.to = [...(reply?.to ?? [])];
  draft.cc = [...(reply?.cc ?? []), ...given.cc];
  draft.subject ??= reply?.subject;
  draft.inReplyTo = reply?.inReplyTo;
  draft.references = reply?.references;
  if (!quotes) return;
  const text = await openMessage(folder.mailbox, message, "text", (stored) =>
    quoteMessage(session, stored, message, false),
  );
  draft.body.append(quoteLines(text, session.config.settings.get("indentprefix") ?? "\t"));
}

function quoteLines(text: Buffer, prefix: string): Buffer {
  const lines = text.toString("latin1").replace(/\n$/, "").split("\n");
  return Buffer.from(lines.map((line) => `${prefix}${line}\n`).join(""), "latin1");
}

/** Marks the message as answered in the mailbox, if the reply command would do so. */
async function storeAnswered({ session, folder }: Work, { message }: Located): Promise<void> {
  markAnswered(session, [message]);
  if ((folder.mailbox.flags(message) & Flag.Answered) === 0) return;
  try {
    await commitChanges(session, folder, new Map([[message, "keep"]]));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    session.terminal.err(`mail: the reply was sent, but the message was not marked as answered: ${error.message}\n`);
  }
}
