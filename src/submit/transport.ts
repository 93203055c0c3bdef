/**
 * Declares the interface of all transports, which receive an envelope and a message, and return an outcome for each
 * recipient.
 */
import type { ExitCode } from "../errors.ts";
import type { Notice, Way } from "./transport-settings.ts";

/** The contents of MAIL FROM and RCPT TO (RFC 5321, section 2.3.1), which are independent of the header. */
export interface Envelope {
  /** The reverse-path without angle brackets; empty for the null sender. */
  readonly from: string;
  /** One or more forward-paths, without angle brackets. */
  readonly to: readonly string[];
  /**
   * The notifications that are requested for this message. These notifications take precedence over the `dsn` variable.
   */
  readonly dsn?: DsnRequest;
}

/** The parameters of a request for delivery status notifications (RFC 3461, section 4). */
export interface DsnRequest {
  readonly notify?: readonly Notice[];
  /** The part of the message that a notification contains. */
  readonly return?: "FULL" | "HDRS";
  /** The envelope identifier. */
  readonly id?: string;
}

export interface Refusal {
  readonly recipient: string;
  /** The reply from the server or program, including its code, on one line. */
  readonly reply: string;
  readonly exit: ExitCode;
  /** The recipient may have received the message, so another attempt could deliver it twice. */
  readonly unknown?: true;
}

export interface Outcome {
  readonly accepted: readonly string[];
  readonly refused: readonly Refusal[];
  /** The last reply to DATA, if there was one. */
  readonly reply?: string;
  /** The server's queue ID, if the reply contains one. */
  readonly queueId?: string;
  /** The recipients for whom the message is in `mail`'s queue. Such recipients are neither accepted nor refused. */
  readonly queued?: { readonly id: string; readonly recipients: readonly Refusal[] };
  /** With --dry-run, if a program reads the output: the message that was not sent. */
  readonly planned?: Planned;
}

/** A message that a dry run has prepared. */
export interface Planned {
  /** The name of the transport; undefined if the message would be stored. */
  readonly way?: string | undefined;
  readonly envelope: Envelope;
  /** The complete message. Its lines end with LF. */
  readonly message: Buffer;
  /** The Message-ID that was generated for this attempt. Another attempt generates another Message-ID. */
  readonly generatedId: string | undefined;
}

/**
 * A message to be sent. The message can be read once per attempt. The lines of the message end with LF; transports
 * convert them to CRLF.
 */
export interface Outgoing {
  readonly size: number;
  /** @param lineEnds "any" also permits CRLF, which saves a conversion to LF */
  open(lineEnds?: "any"): AsyncIterable<Uint8Array>;
  /** The message's Message-ID, if it is known. */
  readonly messageId?: string | undefined;
  /**
   * The same message encoded without bytes above 127, for servers without 8BITMIME; undefined if the message
   * has no such bytes.
   */
  readonly sevenBit?: (() => Outgoing) | undefined;
}

/** A message together with its envelope and transport. */
export interface Departure {
  readonly way: Way;
  readonly envelope: Envelope;
  readonly message: Outgoing;
  /** The envelope sender, if one was given; a sendmail program receives it as an argument. */
  readonly envelopeSender: string | undefined;
  /** Whether to show the dialogue. */
  readonly verbose: boolean;
  /** Where a sendmail program finds the recipients; the default is the session's setting. */
  readonly recipients?: "header" | "arguments";
  /** The Message-ID that was generated for this attempt, whether or not the message contains it. */
  readonly generatedId?: string;
}

export interface Transport {
  /**
   * Submits a message.
   *
   * @param interrupt a signal that stops the submission immediately; the error is Interrupted, or OutcomeUnknown if the
   *   message may have been delivered
   * @returns the outcome for each recipient, even if all were refused
   * @throws SubmissionFailed if the message was not delivered to anyone, for example because there was no connection;
   *   OutcomeUnknown if the message may have been delivered
   */
  submit(envelope: Envelope, message: Outgoing, interrupt?: AbortSignal): Promise<Outcome>;
  /** Closes the connection if one was kept for the next message. */
  close(): Promise<void>;
}
