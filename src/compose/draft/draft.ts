/** A draft: the parts of a message before it is built, from the command line, a reply or the user. */
import type { Attachment } from "./attachment.ts";
import { Body, type Built } from "./body.ts";
import type { TransferEncoding } from "./choose-encoding.ts";

export interface Draft {
  /** Recipients as typed, with aliases not yet expanded. */
  to: string[];
  cc: string[];
  bcc: string[];
  /** The text of the To field if it differs from `to`. */
  shownTo: string | undefined;
  /** The subject; undefined if there is no Subject field, empty if the field is empty. */
  subject: string | undefined;
  /** Additional header fields (-a) in order. A field replaces the one that `mail` would write. */
  fields: { readonly name: string; readonly value: string }[];
  replyTo: string | undefined;
  inReplyTo: string | undefined;
  /** The identifiers of the thread for References; undefined for a reply in bsd-mailx's form. */
  references: string | undefined;
  /** The sender in From and the envelope, from -r or the variable `from`. */
  from: string | undefined;
  body: Body;
  /** Text that follows the typed text, such as a forwarded message. */
  appended: Buffer | undefined;
  /** Returns the message for dead.letter; defined once the recipients are known. */
  whole: (() => Promise<Built>) | undefined;
  /** The file for a copy of the message, instead of the file that the variable `record` names. */
  record: string | undefined;
  attachments: Attachment[];
  /** The form that the user has chosen for the body. */
  form: BodyForm;
}

/** The user's choices about the form in which the body is sent. */
export interface BodyForm {
  /** Its transfer encoding. */
  readonly encoding?: TransferEncoding;
  /** Whether the body is HTML and is sent with a plain-text alternative. */
  readonly html?: true;
  /** The type that the body gets if its content appears to be of that type. */
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

/** The session's messages, which a draft may quote. */
export interface MessageSource {
  /** Returns the message numbers in a list as typed; "" is the current message. @throws UserMistake */
  select(list: string): Promise<readonly number[]>;
  /** Returns a message as it is shown, with the selected or all header fields. */
  text(message: number, allFields: boolean): Promise<Buffer>;
}
