/**
 * Parses a subject of several lines. Such subjects are a popular way to send HTML, but a dangerous one if a script
 * passes untrusted text.
 */

export interface SubjectLines {
  /** The subject as a single line. */
  readonly subject: string;
  /** The type that the lines declare for the body. */
  readonly contentType?: string;
  /** A line that looks like a header field and became part of the subject. */
  readonly joinedField?: string;
}

const contentType =
  /^Content-Type[ \t]*:[ \t]*(text\/(?:html|plain)[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?[\w.:+-]+"?[ \t]*)?);?[ \t]*$/i;
/** The fields that `mail` computes itself. */
const computed = /^(?:MIME-Version[ \t]*:[ \t]*1\.0|Content-Transfer-Encoding[ \t]*:.*)[ \t]*$/i;
const field = /^[!-9;-~]+[ \t]*:/;

/**
 * Splits the argument of -s. If the first line is followed only by MIME fields, these fields are honoured. Otherwise,
 * all lines are joined.
 */
export function readSubject(text: string): SubjectLines {
  const [first = "", ...lines] = text.replace(/(?:\r?\n)+$/, "").split(/\r?\n/);
  const type = lines.map((line) => contentType.exec(line)?.[1]).find((each) => each !== undefined);
  if (lines.every((line) => contentType.test(line) || computed.test(line))) {
    return type === undefined ? { subject: first } : { subject: first, contentType: type.trim() };
  }
  const joinedField = lines.find((line) => field.test(line));
  const subject = text.replace(/[\r\n]/g, " ");
  return joinedField === undefined ? { subject } : { subject, joinedField };
}
