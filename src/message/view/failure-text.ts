/** Finds the failed recipients in a report without MIME, which each mail system words differently. */

/** Joins alternatives of a regular expression. */
function matchAny(...alternatives: readonly string[]): string {
  return `(?:${alternatives.join("|")})`;
}

/** The start of the returned message. */
const returnedMessage = new RegExp(
  `^${matchAny(
    String.raw`[ \t]*-{2,}[ \t]*(?:below this line is a copy|this is a copy|original|unsent|returned message|message (?:header|text|body))`,
    String.raw`[^\n]{0,40}\b(?:message|mail|headers?|text|lines)\b[^\n]{0,40}\bfollows?\b[.:]*`,
    String.raw`[ \t]*(?:received|return-path|dkim-signature)[ \t]*:`,
  )}`,
  "im",
);
/** The session with the server, which repeats the recipients but may also name other addresses. */
const transcript = /^[ \t]*-{2,}[ \t]*transcript\b[^\n]*$/im;

const failure = new RegExp(
  matchAny(
    String.raw`(?:could|can|was|were|is|has|have|did|be)(?:\s*not|n['’]t)\s+(?:be\s+|been\s+)?(?:deliver|sent|reach|accept)`,
    String.raw`n['’]t able to deliver|^\s*Hi\. This is the \S+ program`,
    String.raw`unable to (?:\w+\s+){0,2}(?:deliver|reach|send|find)`,
    String.raw`(?:deliver\w*|permanent|fatal|an?)\s+(?:\w+\s+){0,5}(?:fail|error)`,
    String.raw`fail\w*\s+(?:to\s+)?(?:\w+\s+){0,2}(?:deliver|recipient|permanently)`,
    String.raw`(?:user|mailbox|address|recipient|account)\s+(?:\S+\s+){0,2}(?:unknown|full|exceed|not found|disabled|unavailable)`,
    "undeliver|non-?delivery|ha(?:s|ve) failed|rejected|returned to (?:the )?sender|returned mail|not a valid|delivery problem",
    "pudo ser entregado|p[ôo]de ser (?:enviada|entregue)|zugestellt werden|pas pu être|送信できません|送信に失敗|配信できません",
  ),
  "i",
);
const delay =
  /\b(?:delayed|not yet been delivered|(?:is|are) a warning|warning message only|warning only|still being retried|will be retried|could not be delivered for)\b/i;
const finalFailure = /\bpermanent|\b(?:given|giving) up\b/i;

const address = String.raw`<?["']?([^\s<>"'(),;:@[\]]+@[^\s<>"'(),;:@[\]]*[^\s<>"'(),;:@[\].])["']?>?`;
/** An address at the start of a line, which only an explanation may follow. */
const lineAddress = new RegExp(
  String.raw`^[ \t>*-]*(?![ \t>*-])(?:[45]\d\d (?:[\d.]+ )?)?${address}(?:[ \t]*(?:$|[:([]|\.\.\.|[-–] )|[ \t]+on \w{3},)`,
  "gim",
);
/** An address at the end of a line that begins with a label. */
const labelledAddress = new RegExp(
  String.raw`^(?![^\n:]{0,80}(?:sender|from|reply|contact|postmaster))[^\n:@]{0,80}(?:fail|deliver|recipient|target|address|mailbox|user)[^\n:@]{0,80}:[ \t]*${address}[ \t]*$`,
  "gim",
);
/** The recipient in a sentence. */
const namedRecipient = new RegExp(String.raw`\b(?:mail|message|delivery|addressed) to ${address}`, "gi");

/**
 * Returns the recipients to which a message could not be delivered.
 *
 * @param text a report with LF line endings
 * @returns undefined if the text does not report a failure
 */
export function listFailedInText(text: string): string[] | undefined {
  const start = text.search(returnedMessage);
  const report = start < 0 ? text : text.slice(0, start);
  if (delay.test(report) && !finalFailure.test(report)) return undefined;
  if (!failure.test(report) && !transcript.test(report)) return undefined;
  const sections = report.split(transcript);
  for (const form of [lineAddress, labelledAddress, namedRecipient]) {
    for (const section of sections) {
      const found = Array.from(section.matchAll(form), ([, recipient = ""]) => recipient);
      if (found.length > 0) return [...new Set(found)];
    }
  }
  return sections.length > 1 || /undeliver|non-?delivery|not be delivered|did not reach/i.test(report) ? [] : undefined;
}
