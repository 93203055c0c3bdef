/**
 * Submission by SMTP, one connection a message.
 *
 * Every phase is bounded by the time a server may be silent. Once the final dot may have reached the server, a lost
 * connection leaves the outcome unknown, and that is what is said: trying again could deliver twice.
 */
import { isIP } from "node:net";
import { types } from "node:util";
import { Exit, type ExitCode } from "../errors.ts";
import { SubmissionFailed } from "./errors.ts";
import { exitOf, oneLine, queueIdOf } from "./replies.ts";
import type { Envelope, Outcome, Outgoing, Refusal, Transport, Witness } from "./transport.ts";

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** How we name ourselves in EHLO. */
  readonly name: string;
  /** Milliseconds that the server may be silent. */
  readonly timeout: number;
  readonly witness: Witness | undefined;
}

/** What nodemailer's errors carry besides their message. */
interface SmtpError extends Error {
  code?: string;
  command?: string;
  response?: string;
  recipient?: string;
  rejectedErrors?: SmtpError[];
}

/** Milliseconds that the farewell may take: the message is delivered already. */
const farewell = 1000;

export class SmtpTransport implements Transport {
  readonly headers = "encoded";
  readonly #options: SmtpOptions;

  constructor(options: SmtpOptions) {
    this.#options = options;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const { default: SMTPConnection } = await import("nodemailer/lib/smtp-connection");
    const { host, port, name, timeout } = this.#options;
    const log = new Dialogue(this.#options.witness);
    log.note(`Connection to ${host} port ${port}`);
    const loopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
    const connection = new SMTPConnection({
      host,
      port,
      name,
      secure: false,
      ignoreTLS: loopback,
      opportunisticTLS: !loopback,
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      dnsTimeout: timeout,
      socketCloseTimeout: 0,
      allowInternalNetworkInterfaces: true,
      logger: log.logger() as never,
      transactionLog: true,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.once("error", reject);
        connection.connect((error?: Error | null) => (error ? reject(error) : resolve()));
      });
      // Later errors come through the callback of send() as well.
      connection.on("error", () => {});
      const fitting = log.eightBit ? message : (message.sevenBit?.() ?? message);
      const info = await new Promise<{ accepted: unknown[]; rejectedErrors?: Error[]; response: string }>(
        (resolve, reject) => {
          connection.send(
            {
              from: envelope.from,
              to: [...envelope.to],
              size: fitting.size,
              use8BitMime: fitting === message && message.sevenBit !== undefined,
            } as never,
            fitting.open(),
            (error, sent) => (error ? reject(error) : resolve(sent as never)),
          );
        },
      );
      const reply = oneLine(info.response);
      const queueId = queueIdOf(reply);
      if (queueId !== undefined) log.note(`Queued as ${queueId}`);
      return {
        accepted: info.accepted.map(String),
        refused: (info.rejectedErrors ?? []).map(refusal),
        reply,
        ...(queueId === undefined ? {} : { queueId }),
      };
    } catch (error) {
      if (!types.isNativeError(error)) throw error;
      return failure(error, envelope, log.dotSent, `${host} port ${port}`);
    } finally {
      await leave(connection, log);
    }
  }

  async close(): Promise<void> {}
}

/** Follows the dialogue: for -v, and for what the outcome depends on. */
class Dialogue {
  readonly #witness: Witness | undefined;
  #greeted = false;
  /** The server takes bytes above 127 (8BITMIME in its answer to EHLO). */
  eightBit = false;
  /** The whole message and the final dot were handed to the connection. */
  dotSent = false;

  constructor(witness: Witness | undefined) {
    this.#witness = witness;
  }

  note(text: string): void {
    this.#witness?.("note", text);
  }

  logger(): Record<string, (entry: unknown, text?: unknown) => void> {
    const hear = (entry: unknown, text?: unknown) =>
      this.#hear(entry as { tnx?: string; outByteCount?: number }, String(text ?? ""));
    return { trace: hear, debug: hear, info: hear, warn: hear, error: hear, fatal: hear };
  }

  #hear(entry: { tnx?: string; outByteCount?: number }, text: string): void {
    if (entry.tnx === "message" && entry.outByteCount !== undefined) {
      this.dotSent = true;
      this.#witness?.("client", `(the message, ${entry.outByteCount} bytes)`);
      this.#witness?.("client", ".");
    } else if (entry.tnx === "client") {
      const phase = phases.find(([verb]) => verb.test(text));
      if (phase !== undefined) this.note(phase[1]);
      this.#witness?.("client", text);
    } else if (entry.tnx === "server") {
      if (!this.#greeted) this.note("Greeting");
      this.#greeted = true;
      if (/^250[ -]8BITMIME\b/im.test(text)) this.eightBit = true;
      for (const line of text.split(/\r?\n/)) this.#witness?.("server", line);
    }
  }
}

const phases: readonly (readonly [RegExp, string])[] = [
  [/^EHLO /, "EHLO"],
  [/^HELO /, "HELO"],
  [/^MAIL FROM/, "Envelope"],
  [/^DATA$/, "Data"],
  [/^QUIT$/, "Quit"],
];

function refusal(error: SmtpError): Refusal {
  const reply = oneLine(error.response ?? error.message);
  return { recipient: error.recipient ?? "", reply, exit: exitOf(reply) };
}

/** @throws SubmissionFailed unless the server answered for the recipients, which is an outcome */
function failure(error: SmtpError, envelope: Envelope, dotSent: boolean, server: string): Outcome {
  if (error.rejectedErrors !== undefined && error.rejectedErrors.length > 0) {
    return { accepted: [], refused: error.rejectedErrors.map(refusal) };
  }
  const lost = ["ECONNECTION", "ETIMEDOUT", "ESOCKET", "ETLS"].includes(error.code ?? "");
  if (error.response !== undefined && error.response !== "") {
    const reply = oneLine(error.response);
    if (error.command !== "CONN" && error.command !== "EHLO" && error.command !== "HELO") {
      return { accepted: [], refused: envelope.to.map((recipient) => ({ recipient, reply, exit: exitOf(reply) })) };
    }
    throw new SubmissionFailed(`${server}: ${reply}`, exitOf(reply), error);
  }
  const reason = oneLine(reasonOf(error));
  if (lost && dotSent) {
    throw new SubmissionFailed(
      `${server}: ${reason}; the outcome is unknown: the message may have been accepted`,
      Exit.TempFail,
      error,
    );
  }
  throw new SubmissionFailed(`${server}: ${reason}`, exitOfCode(error.code), error);
}

function reasonOf(error: SmtpError): string {
  if (/ECONNREFUSED/.test(error.message)) return "Connection refused";
  if (error.code === "EDNS" || /ENOTFOUND|EAI_AGAIN/.test(error.message)) return "No such host";
  return error.message;
}

function exitOfCode(code: string | undefined): ExitCode {
  if (code === "EDNS") return Exit.NoHost;
  if (code === "EMESSAGE") return Exit.Unavailable;
  if (code === "EENVELOPE") return Exit.DataErr;
  return code === "EPROTOCOL" ? Exit.Protocol : Exit.TempFail;
}

/** Says QUIT where someone listens, and lets go of the socket either way. */
async function leave(
  connection: InstanceType<typeof import("nodemailer/lib/smtp-connection")["default"]>,
  log: Dialogue,
): Promise<void> {
  connection.on("error", () => {});
  if (connection.stage === "connected" && !connection.destroyed) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, farewell);
      connection.once("end", () => {
        clearTimeout(timer);
        resolve();
      });
      connection.quit();
    });
  }
  log.note("Connection closed");
  connection.close();
}
