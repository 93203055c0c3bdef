/** A message being written, before it has bytes: what the command line, a reply or the user said of it. */
import { type ExitCode, MailError } from "../../errors.ts";
import type { Attachment } from "./attachment.ts";
import { Body, type Built } from "./body.ts";

export interface Draft {
  /** Recipients as typed: one item each, aliases not yet expanded. */
  to: string[];
  cc: string[];
  bcc: string[];
  /** What the To field says instead of naming `to`. */
  shownTo: string | undefined;
  /** Undefined: no Subject field. Empty: an empty one. */
  subject: string | undefined;
  /** More header fields (-a), in order; a name given here replaces a field of ours. */
  fields: { readonly name: string; readonly value: string }[];
  replyTo: string | undefined;
  inReplyTo: string | undefined;
  /** The thread so far, for References; a message in bsd-mailx's form has none. */
  references: string | undefined;
  /** -r or the variable `from`: the From field and the envelope sender. */
  from: string | undefined;
  body: Body;
  /** Comes behind what is typed: a message that is forwarded. */
  appended: Buffer | undefined;
  /** The message as dead.letter gets it; once it has been built. */
  whole: (() => Promise<Built>) | undefined;
  /** A file for a copy, in the place of the variable's. */
  record: string | undefined;
  attachments: Attachment[];
}

/** Returns a draft without recipients, subject and text. */
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
  };
}

/** The messages of the session that a draft may quote. */
export interface MessageSource {
  /** Message numbers for a typed list; "" is the current message. */
  select(list: string): Promise<readonly number[]>;
  /** A message as it is shown: its header fields selected or all, its text readable. */
  text(message: number, allFields: boolean): Promise<Buffer>;
}

/** A draft that cannot go out as it is; nothing was submitted. */
export class Unsendable extends MailError {
  /** Said on standard output without the program's name, as bsd-mailx does. */
  readonly quiet: boolean;

  constructor(message: string, exit: ExitCode, options: { quiet: boolean } = { quiet: false }) {
    super(message, exit);
    this.quiet = options.quiet;
  }
}
