/** Drafts the message that the command line describes (`mail ADDRESS...`). */
import { type CommandLine, isField } from "../../cli/command-line.ts";
import type { SubjectLines } from "../../cli/subject-lines.ts";
import { isAddressField } from "../../compose/build/encoded-message.ts";
import type { Composition } from "../../compose/compose.ts";
import type { TransferEncoding } from "../../compose/draft/body.ts";
import { emptyDraft, setBodyType } from "../../compose/draft/draft.ts";
import { hasAccount } from "../../config/accounts.ts";
import type { Config } from "../../config/config.ts";
import { followsBsdMailx } from "../../config/settings.ts";
import { Exit, MailError } from "../../errors.ts";
import type { Session } from "../session/session.ts";
import { composeContext } from "./compose-context.ts";

/** Replaces newlines with spaces, as bsd-mailx does, because a newline in an argument would begin another field. */
function removeNewlines(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

/** Returns the message that the command line describes, without its text. @throws MailError for an invalid option */
export async function draftMessage(session: Session, given: CommandLine): Promise<Composition> {
  const { settings } = session.config;
  if (session.terminal.inputIsTerminal) {
    const { offerUnfinished } = await import("./unfinished.ts");
    await offerUnfinished(session);
  }
  const draft = emptyDraft();
  draft.to = [...given.words];
  draft.cc = [...given.cc];
  draft.bcc = [...given.bcc];
  draft.from = given.from;
  draft.fields = fieldsOf(given, session.config);
  draft.form = {
    ...(given.bodyEncoding === undefined ? {} : { encoding: given.bodyEncoding as TransferEncoding }),
    ...(given.html ? { html: true as const } : {}),
    ...(given.bodyType?.onlyIfLikely === undefined ? {} : { likelyType: given.bodyType.type }),
    withoutMime: given.withoutMime,
    alternative: given.alternative,
  };
  const { subject, contentType, joinedField } = await splitSubject(given.subject ?? "");
  draft.subject = given.subject === undefined ? undefined : subject;
  if (joinedField !== undefined)
    session.terminal.err(`mail: -s: "${joinedField}" became part of the subject; use -a to add a header field\n`);
  const type = given.html ? "text/html" : given.bodyType?.onlyIfLikely === undefined ? given.bodyType?.type : undefined;
  const isSet = draft.fields.some(({ name }) => /^content-type$/i.test(name));
  if (!isSet && (type ?? contentType) !== undefined) setBodyType(draft, type ?? contentType ?? "");
  // The word is not rejected, because a user may be called help.
  if (session.comfort !== undefined && given.words.length === 1 && given.words[0] === "help")
    session.terminal.out(
      "This is a message to a user called help. To get help instead, type Ctrl-C twice, then mail --help\n",
      "hint",
    );
  const context = composeContext(session, { subject: given.subject === undefined && !given.recipientsFromHeader });
  const skipEmpty = given.skipEmpty || settings.get("skipempty");
  const wanted = {
    attach: given.attach.filter(({ path, mayBeAccount }) => mayBeAccount !== true || !hasAccount(session.config, path)),
    skipEmptyAttachments: given.skipEmptyAttachments,
    quoteFile: given.quoteFile,
    bodyFile: given.bodyFile,
    header: given.recipientsFromHeader,
  };
  return { context: { ...context, skipEmpty, wanted }, draft };
}

async function splitSubject(text: string): Promise<SubjectLines> {
  if (!/[\r\n]/.test(text)) return { subject: text };
  const { readSubject } = await import("../../cli/subject-lines.ts");
  return readSubject(text);
}

/** Returns the header fields given with -a and -C. @throws MailError for a value that is not a field */
export function fieldsOf(given: CommandLine, config: Config): { name: string; value: string }[] {
  return [...given.header, ...given.customHeader].map((line) => fieldOf(line, followsBsdMailx(config)));
}

/**
 * The fields that `mail` itself writes. If the user gives such a field, it replaces the field that `mail` would write.
 * All other fields are passed to a sendmail program exactly as typed.
 */
const written =
  /^(?:to|cc|bcc|from|sender|subject|date|message-id|reply-to|in-reply-to|references|user-agent|mime-version|content-.*)$/i;

function fieldOf(given: string, forProgram: boolean): { name: string; value: string } {
  const unfolded = given.replace(/\r?\n(?=[ \t])/g, "");
  const line = removeNewlines(unfolded);
  const [, name = "", value = ""] = /^([!-9;-~]+)[ \t]*:[ \t]*(.*)$/s.exec(unfolded) ?? [];
  if (!isField(line)) {
    throw new MailError(`-a "${line}": not a header field of the form "Name: value"; nothing was sent`, Exit.Usage);
  }
  if (forProgram && !written.test(name)) return { name: "", value: line };
  // In a list of addresses, replacing a newline with a space would turn one address into two. Submission refuses such a
  // newline.
  return { name, value: isAddressField(name) ? value : removeNewlines(value) };
}
