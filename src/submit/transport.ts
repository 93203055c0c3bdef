/** What every way out for mail has in common: an envelope and bytes in, an outcome per recipient back. */
import type { ExitCode } from "../errors.ts";
import type { Way } from "./way.ts";

/** RFC 5321, section 2.3.1: what MAIL FROM and RCPT TO say; independent of the header. */
export interface Envelope {
  /** The reverse-path without angle brackets; empty for the null sender. */
  readonly from: string;
  /** Forward-paths without angle brackets, at least one. */
  readonly to: readonly string[];
}

export interface Refusal {
  readonly recipient: string;
  /** The server's or program's own words, with its reply code; one line. */
  readonly reply: string;
  readonly exit: ExitCode;
  /** It may have arrived all the same: another try could be a second copy. */
  readonly unknown?: true;
}

export interface Outcome {
  readonly accepted: readonly string[];
  readonly refused: readonly Refusal[];
  /** The last reply to DATA, when there was one. */
  readonly reply?: string;
  /** The queue id in that reply, when the server names one. */
  readonly queueId?: string;
  /** Kept in the queue of ours for a later try; neither accepted nor refused. */
  readonly queued?: { readonly id: string; readonly recipients: readonly Refusal[] };
}

/** A message on its way: sized, and readable as often as there are tries. Lines end with LF; a transport makes CRLF. */
export interface Outgoing {
  readonly size: number;
  /** @param lineEnds "any": CRLF will do as well, which spares making LF of what has it */
  open(lineEnds?: "any"): AsyncIterable<Uint8Array>;
  /** What its Message-ID field says, where that is known. */
  readonly messageId?: string | undefined;
  /** The same message with no byte above 127, for a server without 8BITMIME; undefined where that is how it is anyway. */
  readonly sevenBit?: (() => Outgoing) | undefined;
}

/** A message on its way, with the way. */
export interface Departure {
  readonly way: Way;
  readonly envelope: Envelope;
  readonly message: Outgoing;
  /** The envelope sender, if one was asked for: a sendmail program gets it as an argument. */
  readonly envelopeSender: string | undefined;
  /** Show the dialogue. */
  readonly verbose: boolean;
}

export interface Transport {
  /**
   * @param interrupt ends it at once: with Interrupted, or with OutcomeUnknown where it is too late for that
   * @returns what became of each recipient, also when none was accepted
   * @throws SubmissionFailed when nobody can have got it: no connection, no program, greeting or sender refused;
   * OutcomeUnknown when somebody may have got it
   */
  submit(envelope: Envelope, message: Outgoing, interrupt?: AbortSignal): Promise<Outcome>;
  /** Ends the connection, if one is kept open for the next message. */
  close(): Promise<void>;
}
