/**
 * Submits messages over SMTP and LMTP. The connection is kept open for the next message.
 *
 * The time for each reply is limited. If the connection is lost and the server may already have received the final dot,
 * the outcome is reported as unknown. Another attempt could deliver the message twice.
 */

import { MailError } from "../errors.ts";
import { pushAll } from "../message/lists.ts";
import { type ConnectionOptions, connect } from "./connection.ts";
import { Dialogue, type DialogueObserver } from "./dialogue.ts";
import { unknownOutcome } from "./failures.ts";
import { runOnAbort } from "./interrupt.ts";
import { isConnectionLost, outcomeOfError, refusalOf } from "./nodemailer/outcome-of-error.ts";
import type { SmtpSession } from "./nodemailer/smtp-session.ts";
import { exitCodeForRefusal, queueIdOf, replyOnOneLine } from "./replies.ts";
import { Interrupted, OutcomeUnknown, SubmissionFailed, Unreachable } from "./submission-errors.ts";
import type { Envelope, Outcome, Outgoing, Refusal, Transport } from "./transport.ts";
import { serverName } from "./transport-settings.ts";

export interface SmtpOptions extends ConnectionOptions {
  /** Receives the events of each dialogue. */
  readonly observe: DialogueObserver | undefined;
}

/**
 * The minimum size in bytes of a message that is sent in chunks by default. For smaller messages, DATA is equally fast,
 * and its lines can be traced.
 */
const large = 1024 * 1024;
/** The time limit for QUIT in milliseconds. The message has already been delivered when QUIT is sent. */
const farewell = 1000;
/**
 * The maximum number of recipients per transaction if the server does not announce a limit. Most servers accept this
 * number.
 */
const mostRecipients = 1000;

/** The time limit for a message. */
interface Deadline {
  /** Rejects with the failure when the limit is exceeded or the submission is interrupted. */
  readonly missed: Promise<never>;
  throwIfMissed(): void;
  stop(): void;
}

/** Submits messages over SMTP or LMTP and keeps the connection open for the next message. */
export class SmtpTransport implements Transport {
  readonly #options: SmtpOptions;
  readonly #dialogue: Dialogue;
  #connection: SmtpSession | undefined;
  /** Whether a connection existed for this message, even if it has been closed since. */
  #reached = false;
  #limit = mostRecipients;

  constructor(options: SmtpOptions) {
    this.#options = options;
    this.#dialogue = new Dialogue(options.observe);
  }

  /**
   * Sends the message to each batch of recipients, with MAIL, one RCPT per recipient, and DATA. If the server has
   * closed a connection that was kept open, the batch is sent again over a new connection.
   */
  async submit(envelope: Envelope, message: Outgoing, interrupt?: AbortSignal): Promise<Outcome> {
    const progress = new Progress(envelope.to);
    while (progress.rest.length > 0) {
      if (this.#connection?.isUsable !== true) this.#drop();
      const batch = { ...envelope, to: progress.rest.slice(0, this.#limit) };
      const isKept = this.#connection !== undefined;
      const deadline = this.#startDeadline(interrupt);
      this.#dialogue.beginMessage();
      this.#reached = isKept;
      const connection = this.#connection ?? connect(this.#options, this.#dialogue);
      const work = this.#sendOver(connection, batch, message, deadline);
      work.catch(() => {}); // the work may fail after the deadline
      try {
        const outcome = await Promise.race([work, deadline.missed]).catch((error: unknown) => {
          const isRetried = isKept && isConnectionLost(error) && !this.#dialogue.isDotSent;
          return isRetried ? undefined : this.#describeFailure(error, batch);
        });
        if (outcome === undefined) this.#drop();
        else this.#limit = progress.add(batch.to, outcome) ?? this.#limit;
      } catch (error) {
        progress.abandon(batch.to, error);
      } finally {
        deadline.stop();
      }
    }
    return progress.outcome;
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) await closeConnection(connection, this.#dialogue);
  }

  /** Returns the outcome after a failure. @throws SubmissionFailed if the failure affects all recipients */
  async #describeFailure(error: unknown, envelope: Envelope): Promise<Outcome> {
    const dotSent = this.#dialogue.isDotSent;
    const { server, timeouts } = this.#options;
    const answered = dotSent ? (this.#connection?.answered ?? []) : [];
    try {
      return outcomeOfError(error, envelope, { dotSent, server, timeouts });
    } catch (failed) {
      if (failed instanceof Interrupted) throw failed;
      if (!this.#reached && failed instanceof SubmissionFailed && !dotSent) {
        throw new Unreachable(failed.reason, failed.message, failed.exit, failed);
      }
      if (answered.length === 0 || !(failed instanceof OutcomeUnknown)) throw failed;
      return describePartialOutcome(answered, envelope, failed);
    } finally {
      // In the middle of a transaction, the connection cannot be used for the next message.
      await this.close();
    }
  }

  /** Sends a message as soon as the connection is open, and keeps the connection open. */
  async #sendOver(
    connection: SmtpSession | Promise<SmtpSession>,
    envelope: Envelope,
    message: Outgoing,
    deadline: Deadline,
  ): Promise<Outcome> {
    this.#connection = await connection;
    try {
      deadline.throwIfMissed();
    } catch (error) {
      this.#drop(); // the failure has already been reported
      throw error;
    }
    this.#reached = true;
    this.#limit = Math.min(this.#limit, readAnnouncedLimit(this.#dialogue) ?? this.#limit);
    return this.#send(this.#connection, envelope, message);
  }

  /** Limits the time for one message, and stops its submission on an interrupt. */
  #startDeadline(interrupt?: AbortSignal): Deadline {
    const { server, timeouts } = this.#options;
    const name = serverName(server);
    let failure: SubmissionFailed | undefined;
    let miss = (_failure: SubmissionFailed) => {};
    const missed = new Promise<never>((_, reject) => {
      miss = (reason) => {
        failure = this.#dialogue.isDotSent
          ? new OutcomeUnknown(reason.reason, unknownOutcome(reason.message), reason.exit)
          : reason;
        this.#drop();
        reject(failure);
      };
    });
    missed.catch(() => {});
    const words = `${name}: not submitted within ${timeouts.total / 1000} s (smtptotaltimeout)`;
    const late = () => miss(new SubmissionFailed("total time exceeded", words));
    const timer = timeouts.total > 0 ? setTimeout(late, timeouts.total) : undefined;
    const atEase = runOnAbort(interrupt, () => miss(new Interrupted(name)));
    return {
      missed,
      throwIfMissed: () => {
        if (failure !== undefined) throw failure;
      },
      stop: () => {
        clearTimeout(timer);
        atEase();
      },
    };
  }

  #wantsChunks({ size }: Outgoing): boolean {
    const { chunking } = this.#options;
    return chunking === "always" || (chunking === "large" && size >= large);
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #send(connection: SmtpSession, envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const log = this.#dialogue;
    const needsConversion =
      log.extension("SMTPUTF8") === undefined && /[^\u0000-\u007f]/.test([envelope.from, ...envelope.to].join(""));
    const { sendable, refused } = needsConversion
      ? (await import("./smtputf8.ts")).convertEnvelope(envelope)
      : { sendable: envelope, refused: [] };
    if (sendable.to.length === 0) return { accepted: [], refused };
    const eightBit = log.extension("8BITMIME") !== undefined;
    const fitting = eightBit ? message : (message.sevenBit?.() ?? message);
    const { notify = this.#options.notify, ...asked } = envelope.dsn ?? {};
    const dsn = { ...asked, ...(notify.length === 0 ? {} : { notify: [...notify] }) };
    const chunked = log.extension("CHUNKING") !== undefined && this.#wantsChunks(fitting);
    const info = await connection.transfer(
      {
        from: sendable.from,
        to: [...sendable.to],
        size: fitting.size,
        use8BitMime: fitting === message && message.sevenBit !== undefined,
        ...(Object.keys(dsn).length === 0 ? {} : { dsn }),
      },
      fitting.open("any"),
      { chunked },
    );
    const reply = replyOnOneLine(info.response);
    const queueId = queueIdOf(reply);
    if (queueId !== undefined) log.queued(queueId);
    return {
      accepted: info.accepted.map(String),
      refused: [...refused, ...(info.rejectedErrors ?? []).map(refusalOf)],
      reply,
      ...(queueId === undefined ? {} : { queueId }),
    };
  }
}

/** Tracks the outcome for each recipient of a message. */
class Progress {
  readonly #accepted: string[] = [];
  readonly #refused: Refusal[] = [];
  #rest: readonly string[];
  #last: Outcome = { accepted: [], refused: [] };

  constructor(recipients: readonly string[]) {
    this.#rest = recipients;
  }

  /** The recipients to whom the message has not been sent yet. */
  get rest(): readonly string[] {
    return this.#rest;
  }

  /** The outcome so far for all recipients, with the last reply. */
  get outcome(): Outcome {
    const { reply, queueId } = this.#last;
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      ...(reply === undefined ? {} : { reply }),
      ...(queueId === undefined ? {} : { queueId }),
    };
  }

  /**
   * Adds the outcome for a batch, which consists of the first remaining recipients.
   *
   * @returns the number of recipients that the server accepts per message, if it has refused recipients because there
   *   were too many
   */
  add(batch: readonly string[], outcome: Outcome): number | undefined {
    const { accepted, refused } = outcome;
    const tooMany = accepted.length > 0 ? refused.filter(isTooMany) : [];
    pushAll(this.#accepted, accepted);
    pushAll(
      this.#refused,
      refused.filter((each) => !tooMany.includes(each)),
    );
    this.#rest = [...tooMany.map(({ recipient }) => recipient), ...this.#rest.slice(batch.length)];
    this.#last = outcome;
    return tooMany.length === 0 ? undefined : accepted.length;
  }

  /**
   * Records that the remaining recipients are refused because of a failure.
   *
   * @throws the failure if no recipient has been accepted
   */
  abandon(batch: readonly string[], failure: unknown): void {
    if (this.#accepted.length === 0 || !(failure instanceof MailError)) throw failure;
    const { exit } = failure;
    const reply = "not attempted, because earlier recipients failed";
    pushAll(
      this.#refused,
      this.#rest.map((recipient, at) =>
        at < batch.length ? refusalBy(failure, recipient) : { recipient, reply, exit },
      ),
    );
    this.#rest = [];
  }
}

function refusalBy(error: MailError, recipient: string): Refusal {
  const said = { recipient, reply: replyOnOneLine(error.message), exit: error.exit };
  return error instanceof OutcomeUnknown ? { ...said, unknown: true } : said;
}

/**
 * Returns the outcome if the connection was lost after the message was sent. The outcome is unknown for each recipient
 * for whom no reply arrived.
 */
function describePartialOutcome(answered: SmtpSession["answered"], { to }: Envelope, lost: OutcomeUnknown): Outcome {
  const isTaken = ({ reply }: { readonly reply: string }) => reply.startsWith("2");
  const refused = answered
    .filter((each) => !isTaken(each))
    .map(({ recipient, reply }) => ({ recipient, reply: replyOnOneLine(reply), exit: exitCodeForRefusal(reply) }));
  const unheard = to.filter((recipient) => !answered.some((each) => each.recipient === recipient));
  return {
    accepted: answered.filter(isTaken).map(({ recipient }) => recipient),
    refused: [...refused, ...unheard.map((recipient) => refusalBy(lost, recipient))],
  };
}

/** Returns the limit that the server announces, such as `LIMITS RCPTMAX=100` (RFC 9422). */
function readAnnouncedLimit(dialogue: Dialogue): number | undefined {
  const limit = Number(/(?:^|\s)RCPTMAX=(\d+)/i.exec(dialogue.extension("LIMITS") ?? "")?.[1]);
  return limit > 0 ? limit : undefined;
}

/**
 * Returns whether a recipient was refused because there were too many recipients (RFC 5321, section 4.5.3.1.10, and RFC
 * 3463).
 */
function isTooMany({ reply }: Refusal): boolean {
  return /^(452|552)[ -]/.test(reply) && (/^\d{3} [45]\.5\.3\b/.test(reply) || /too many recipients/i.test(reply));
}

/** Closes a connection. If the connection is usable, QUIT is sent first. */
async function closeConnection(connection: SmtpSession, dialogue: Dialogue): Promise<void> {
  if (connection.isUsable) await connection.farewell(farewell);
  dialogue.closed();
  // The socket is closed later, so that `mail` can exit now without waiting for the socket to close.
  setImmediate(() => connection.close());
}
