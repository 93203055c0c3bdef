/**
 * A draft: the parts of a message that has not been built, and the form in which its body is sent. The parts come from
 * the command line, a reply or the user.
 */
import { Exit, MailError } from "../../errors.ts";
import type { Attachment } from "./attachment.ts";
import {
  Body,
  type Built,
  canBeEncoded,
  charsetOf,
  declareCharset,
  type TransferEncoding,
  transferEncodingOf,
} from "./body.ts";

export interface Draft {
  /** Recipients as typed, with aliases not yet expanded. */
  to: string[];
  cc: string[];
  bcc: string[];
  /** The text of the To field if it differs from `to`. */
  shownTo: string | undefined;
  /** The subject; undefined if there is no Subject field, empty if the field is empty. */
  subject: string | undefined;
  /** Additional header fields (-a) in order. Such a field replaces the one that `mail` would write. */
  fields: { readonly name: string; readonly value: string }[];
  replyTo: string | undefined;
  inReplyTo: string | undefined;
  /** The identifiers of the thread for References; undefined for a reply in bsd-mailx's form. */
  references: string | undefined;
  /** The sender in From and in the envelope, given by -r or the `from` variable. */
  from: string | undefined;
  body: Body;
  /** Text that follows the typed text, such as a forwarded message. */
  appended: Buffer | undefined;
  /** Returns the message for dead.letter; defined once the recipients are known. */
  whole: (() => Promise<Built>) | undefined;
  /** The file for a copy of the message, instead of the file specified by the `record` variable. */
  record: string | undefined;
  attachments: Attachment[];
  /** The form that the user has chosen for the body. */
  form: BodyForm;
}

/** The user's choices about the form in which the body is sent. */
export interface BodyForm {
  /** Its transfer encoding. */
  readonly encoding?: TransferEncoding;
  /** Whether the body is HTML, which is sent with a plain-text alternative. */
  readonly html?: true;
  /** The plain-text alternative; by default `mail` generates it. */
  readonly plainForm?: string;
  /** The type to declare if the content of the body appears to match this type. */
  readonly likelyType?: string;
  /** Whether MIME fields are omitted. */
  readonly withoutMime?: boolean;
  /** Whether the body and the attachments are alternative forms of the same text. */
  readonly alternative?: boolean;
}

/** Returns an empty draft. */
export function emptyDraft(): Draft {
  return {
    to: [],
    cc: [],
    bcc: [],
    shownTo: undefined,
    subject: undefined,
    fields: [],
    replyTo: undefined,
    inReplyTo: undefined,
    references: undefined,
    from: undefined,
    body: new Body(),
    appended: undefined,
    whole: undefined,
    record: undefined,
    attachments: [],
    form: {},
  };
}

/**
 * Determines the type and charset of a complete body.
 *
 * @throws MailError if the body cannot be sent in the requested form
 */
export function settleBodyForm(draft: Draft, charset: string | undefined): void {
  const { body, form } = draft;
  const type = draft.fields.find(({ name }) => /^content-type$/i.test(name));
  if (type === undefined && form.likelyType !== undefined && beginsLike(body, form.likelyType)) {
    draft.fields.push({ name: "Content-Type", value: form.likelyType });
  }
  for (const field of draft.fields) {
    // An empty body contains no bytes from which a charset could be determined.
    const declared = body.size === 0 ? "UTF-8" : charsetOf(body.facts, charset);
    if (/^content-type$/i.test(field.name)) Object.assign(field, { value: declareCharset(field.value, declared) });
  }
  if (form.withoutMime === true && transferEncodingOf(body.facts, false) !== "7bit") {
    throw new MailError("--without-mime: the text is not plain ASCII; nothing was sent", Exit.DataErr, {
      reason: "unsuitable encoding",
      remedy: "omit --without-mime",
    });
  }
  if (form.encoding !== undefined && !canBeEncoded(body.facts, form.encoding)) {
    throw new MailError(`--encoding: the body cannot be sent as ${form.encoding}; nothing was sent`, Exit.DataErr, {
      reason: "unsuitable encoding",
    });
  }
}

/** Returns whether the body appears to be of the given type. HTML and XML begin with a tag. */
function beginsLike(body: Body, type: string): boolean {
  const [start = Buffer.alloc(0)] = body.pieces();
  return /^text\/(?:html|xml)\b/i.test(type) && /^(?:\xef\xbb\xbf)?\s*</.test(start.toString("latin1", 0, 1024));
}

/** Declares the type of the body. A body that is not text is sent in base64, which preserves every byte. */
export function setBodyType(draft: Draft, type: string): void {
  draft.fields.push({ name: "Content-Type", value: type });
  if (!/^(?:text|multipart|message)\//i.test(type)) draft.form = { encoding: "base64", ...draft.form };
}

/**
 * Returns the value of the draft's first field with that name.
 *
 * @param lowerName the name in lower case
 */
export function fieldValue(draft: Draft, lowerName: string): string | undefined {
  const value = draft.fields.find(({ name }) => name.toLowerCase() === lowerName)?.value;
  return value === undefined ? undefined : separateWithSpaces(value).trim();
}

/**
 * Returns whether the draft has a field with that name.
 *
 * @param lowerName the name in lower case
 */
export function hasField(draft: Draft, lowerName: string): boolean {
  return draft.fields.some(({ name }) => name.toLowerCase() === lowerName);
}

/**
 * Returns a copy of the draft without the additional fields of that name.
 *
 * @param lowerName the name in lower case
 */
export function withoutField(draft: Draft, lowerName: string): Draft {
  return { ...draft, fields: draft.fields.filter(({ name }) => name.toLowerCase() !== lowerName) };
}

/** Returns a value with line breaks replaced by spaces. */
export function separateWithSpaces(value: string): string {
  return value.replace(/[\r\n\0]/g, " ");
}

/** The session's messages, which a draft may quote. */
export interface MessageSource {
  /** Returns the message numbers in a list as typed; "" is the current message. @throws UserMistake */
  select(list: string): Promise<readonly number[]>;
  /** Returns a message as it is shown, with either the selected header fields or all of them. */
  text(message: number, allFields: boolean): Promise<Buffer>;
}
