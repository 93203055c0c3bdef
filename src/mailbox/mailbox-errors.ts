import { Exit, MailError } from "../errors.ts";
import { formatAsctime } from "./from-line.ts";

/** Reports that another program holds the lock of a mailbox. */
export class MailboxBusy extends MailError {
  constructor(path: string, holder?: number) {
    const by = holder === undefined ? "another program" : `process ${holder}`;
    super(`${path}: locked by ${by}; nothing was changed`, Exit.TempFail, { reason: "mailbox locked" });
  }
}

/** Reports that another program changed the mailbox in a way that cannot be merged. Nothing was written. */
export class MailboxChanged extends MailError {
  constructor(path: string, how: "changed" | "removed" = "changed") {
    super(`${path}: ${how} by another program during the session; nothing was written`, Exit.TempFail, {
      reason: "mailbox changed",
    });
  }
}

/** Reports that another program has rewritten the mailbox since it was scanned and has moved its messages. */
export class MessagesMoved extends MailError {
  constructor(path: string) {
    super(`${path}: another program has moved its messages; open the mailbox again to continue`, Exit.TempFail, {
      reason: "mailbox changed",
    });
  }
}

/** Reports an interrupted quit that only another user can finish. Until then, the mailbox is read-only. */
export class CannotFinish extends MailError {
  constructor(path: string, user: string) {
    super(
      `${path}: a quit by ${user} was interrupted; nothing is written until ${user} has run "mail -f ${path}"`,
      Exit.TempFail,
      { reason: "unfinished quit" },
    );
  }
}

/**
 * Reports a quit that was interrupted while it was moving messages to a mailbox locked by this session. Only a separate
 * session can finish such a quit.
 */
export class FinishFirst extends MailError {
  constructor(path: string, mbox: string) {
    super(
      `${path}: a quit was interrupted while it moved messages to ${mbox}; nothing was written; run "mail -f ${path}" first`,
      Exit.TempFail,
      { reason: "unfinished quit" },
    );
  }
}

/** Reports a message that cannot be read, for example because another program has removed it. */
export class MessageUnreadable extends MailError {
  declare readonly reason: "removed" | "unreadable";

  /** @param failure the system's or the server's reason; undefined if another program has removed the message */
  constructor(message: number, failure: string | undefined, cause?: unknown) {
    super(`message ${message}: ${failure ?? "removed by another program"}`, Exit.NoInput, {
      cause,
      reason: failure === undefined ? "removed" : "unreadable",
    });
  }
}

/** Returns a substitute header for a message that cannot be read, so that lists still contain the message. */
export function makeSubstituteHeader({ message }: MailError): Buffer {
  return Buffer.from(`From MAILER-DAEMON ${formatAsctime(new Date(0))}\nSubject: (${message})\n\n`);
}

/** Returns whether an error reports a message that another program has removed, or was caused by such an error. */
export function isMessageRemoved(error: unknown): boolean {
  if (error instanceof MessageUnreadable) return error.reason === "removed";
  return error instanceof MailError && isMessageRemoved(error.cause);
}

/** Reports a file that has neither messages nor a message's header. */
export class NotAMailbox extends MailError {
  constructor(path: string) {
    super(`${path}: not a mailbox; nothing was opened`, Exit.DataErr, { reason: "not a mailbox" });
  }
}

/** Reports that some of the messages to be changed are no longer in the mailbox. Nothing was changed. */
export class MessagesGone extends MailError {
  readonly messages: readonly number[];

  constructor(path: string, messages: readonly number[]) {
    super(
      `${path}: another program has removed ${messages.length === 1 ? "the message" : `${messages.length} of the messages`}; nothing was changed`,
      Exit.Failure,
      { reason: "gone" },
    );
    this.messages = messages;
  }
}
