/**
 * A session's submissions. A transport is reused for the next message. Sent messages are recorded, and temporarily
 * refused messages are queued.
 */
import { readdirSync } from "node:fs";
import type { ServerAccount } from "../../account/find-account.ts";
import type { Logins } from "../../account/logins.ts";
import type { Config } from "../../config/config.ts";
import { stateDirectory, storeOptions } from "../../config/paths.ts";
import type { Login } from "../../connect/login.ts";
import { Exit, MailError } from "../../errors.ts";
import type { DialogueObserver } from "../../submit/dialogue.ts";
import type { PrintLine } from "../../submit/program-output.ts";
import { Interrupted, OutcomeUnknown, SubmissionFailed } from "../../submit/submission-errors.ts";
import type { Departure, Envelope, Outcome, Transport } from "../../submit/transport.ts";
import {
  type ServerSettings,
  type ServerWay,
  serverSettings,
  type Way,
  wayName,
} from "../../submit/transport-settings.ts";
import { isSystemError } from "../../system-error.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { flushCommand, ownQueue, type QueueingProgram, type QueuePlaces } from "./queue-place.ts";

interface SendOptions {
  /** Cancels the submission if it can still be cancelled. */
  readonly interrupt?: AbortSignal;
  /** Whether the message is already in the queue. */
  readonly isRetry?: boolean;
}

/** The differences between the programs that submit messages. */
export interface SubmissionOptions {
  /** The program's name in messages. */
  readonly program?: QueueingProgram;
  /** Where a sendmail program finds the recipients; by default, in the header. */
  readonly recipients?: "header" | "arguments";
  /** The queues for messages that cannot be sent now; by default only the queue in the user's state directory. */
  readonly queues?: QueuePlaces;
  /** The logins of this run; by default only those for submission servers. */
  readonly logins?: () => Promise<Logins>;
}

/** Returns a function that creates the run's logins on the first call, and returns the same logins afterwards. */
export function shareLogins(config: Config, terminal: Terminal): () => Promise<Logins> {
  let logins: Promise<Logins> | undefined;
  const create = async () => {
    const { Logins } = await import("../../account/logins.ts");
    return new Logins(config, terminal);
  };
  return () => {
    logins ??= create();
    return logins;
  };
}

/** The settings for every kind of transport. */
interface TransportOptions extends ServerSettings {
  /** Returns the options for writing to a mailbox. */
  readonly storeOptions: () => { readonly lockwait: number; readonly stateDirectory: string };
  readonly verbose: boolean;
  /** The envelope sender, if one was given. The sender is passed only to sendmail programs. */
  readonly envelopeSender: string | undefined;
  /**
   * Whether a sender who is a member of an expanded alias also receives the message. This option is passed only to
   * sendmail programs.
   */
  readonly metoo: boolean;
  /** Where a sendmail program finds the recipients. */
  readonly recipients: "header" | "arguments";
  /** Prints a line of a sendmail program's output; undefined if no program reads the output of `mail`. */
  readonly print: PrintLine | undefined;
  readonly observe: DialogueObserver | undefined;
  /** Provides the credentials for a server; undefined if no login is required. */
  readonly login: Login | undefined;
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/**
 * Sends the messages of a session: reuses a transport, records sent messages, and queues temporarily refused messages.
 */
export class Submission {
  readonly #config: Config;
  readonly #terminal: Terminal;
  readonly #options: SubmissionOptions & Required<Omit<SubmissionOptions, "queues">>;
  /** The transports that have accepted a message. Queued messages for these transports may be retried. */
  readonly #open = new Set<string>();
  #reused: { readonly key: string; readonly transport: Transport } | undefined;

  constructor(config: Config, terminal: Terminal, options: SubmissionOptions = {}) {
    this.#config = config;
    this.#terminal = terminal;
    this.#options = { program: "mail", recipients: "header", logins: shareLogins(config, terminal), ...options };
  }

  /**
   * Sends a message, and records it if it was accepted. With --dry-run, the message is only shown. With `set queue`, a
   * temporarily refused message is queued.
   *
   * @throws the same errors as Transport.submit
   */
  async send(departure: Departure, { interrupt, isRetry = false }: SendOptions): Promise<Outcome> {
    const { way, envelope, message } = departure;
    const { settings } = this.#config;
    const isDryRun = settings.get("dryrun") && !isRetry;
    const queues = settings.get("queue") && !isRetry;
    let outcome: Outcome;
    try {
      const transport = await this.#openTransport(departure, isDryRun);
      outcome = await transport.submit(envelope, message, interrupt);
    } catch (error) {
      if (!queues) throw error;
      outcome = toDeferredOutcome(error, envelope);
    }
    if (outcome.accepted.length > 0 && !isDryRun) {
      if (!isRetry) this.#open.add(wayName(way));
      const { rememberSent } = await import("../../submit/sent.ts");
      await rememberSent(stateDirectory(this.#config), { way: wayName(way), envelope, outcome, message });
    }
    return queues ? this.#queueDeferred(departure, outcome) : outcome;
  }

  /** Ends the session's submissions, after retrying queued messages for servers that have accepted a message. */
  async close(): Promise<void> {
    const { program } = this.#options;
    const queues = this.#queues;
    const isEmpty = this.#open.size === 0 || queues.list().every(({ directory }) => isEmptyDirectory(directory));
    const ways = isEmpty ? [] : [...this.#open];
    this.#open.clear();
    try {
      for (const way of ways) {
        const { flushQueue } = await import("./flush.ts");
        const context = { config: this.#config, terminal: this.#terminal, submission: this };
        await flushQueue(context, { only: { way }, program, queues });
      }
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      // The new messages were sent. The exit code does not depend on older messages.
      this.#terminal.err(`${program}: ${error.message}\n`);
    } finally {
      await this.#hangUp();
    }
  }

  get #queues(): QueuePlaces {
    return this.#options.queues ?? ownQueue(this.#config);
  }

  async #hangUp(): Promise<void> {
    const reused = this.#reused;
    this.#reused = undefined;
    await reused?.transport.close();
  }

  /** Queues a message for the recipients who were temporarily refused. Returns the outcome for the other recipients. */
  async #queueDeferred({ way, envelope, message }: Departure, outcome: Outcome): Promise<Outcome> {
    // If the message may have been delivered, another attempt could deliver it twice.
    const later = outcome.refused.filter(({ exit, unknown }) => exit === Exit.TempFail && unknown !== true);
    // A queue entry never names a program, because root's timer also attempts delivery, and must not run a user's
    // program. A sendmail program has its own queue.
    if (later.length === 0 || way.kind === "program") return outcome;
    const { program } = this.#options;
    const { Queue } = await import("../../submit/queue.ts");
    let id: string;
    try {
      id = await new Queue(this.#queues.choose().directory).add(
        wayName(way),
        envelope,
        later,
        message.sevenBit?.() ?? message,
      );
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      this.#terminal.err(`${program}: ${error.message}; the message is not queued\n`);
      return outcome;
    }
    for (const { recipient, reply } of later) this.#terminal.err(`${program}: ${recipient}: ${reply}\n`);
    this.#terminal.err(`${program}: queued as ${id}; retried with the next message, or by ${flushCommand(program)}\n`);
    return {
      ...outcome,
      refused: outcome.refused.filter((each) => !later.includes(each)),
      queued: { id, recipients: later },
    };
  }

  /** Returns the transport for a message. The previous message's transport is reused if its settings are the same. */
  async #openTransport(
    { way, envelopeSender, verbose, recipients, generatedId }: Departure,
    isDryRun: boolean,
  ): Promise<Transport> {
    const { settings } = this.#config;
    const shown = { verbose: verbose || settings.get("verbose"), json: settings.text("trace") !== undefined };
    const account = way.kind === "smtp" ? await this.#findAccount(way) : undefined;
    const said = {
      ...serverSettings(this.#config, account?.suffixes),
      verbose,
      envelopeSender,
      metoo: settings.get("metoo"),
      recipients: recipients ?? this.#options.recipients,
    };
    if (isDryRun) {
      const { DryRun } = await import("../../submit/dry-run.ts");
      return new DryRun({
        way: wayName(way),
        generatedId,
        print: (bytes) => this.#terminal.out(bytes),
        keepsMessage: this.#terminal.beginResult !== undefined,
      });
    }
    const used = way.kind === "smtp" ? { ...way, user: account?.user } : way;
    const key = JSON.stringify([wayName(used), said, shown]);
    if (this.#reused?.key === key) return this.#reused.transport;
    await this.#hangUp();
    const transport = await loadTransport(used, {
      ...said,
      storeOptions: () => storeOptions(this.#config),
      print: linePrinter(this.#terminal),
      observe: shown.verbose || shown.json ? await this.#printer(shown) : undefined,
      login: used.kind === "smtp" && used.user !== undefined ? await this.#loginTo(used, used.user) : undefined,
      acceptCertificate: (reason) => acceptCertificate(this.#terminal, reason),
    });
    if (way.kind === "smtp") this.#reused = { key, transport };
    return transport;
  }

  async #printer(shown: { readonly verbose: boolean; readonly json: boolean }) {
    const { printDialogue } = await import("./print-dialogue.ts");
    return printDialogue(this.#terminal, shown);
  }

  async #findAccount(way: ServerWay): Promise<ServerAccount> {
    const { findServerAccount } = await import("../../account/find-account.ts");
    return findServerAccount(this.#config, { ...way, protocol: "smtp" });
  }

  async #loginTo({ host, port }: ServerWay, user: string): Promise<Login> {
    const logins = await this.#options.logins();
    return logins.loginTo({ protocol: "smtp", host, port, user });
  }
}

/** Returns a function that prints a child program's output. Returns undefined if no program reads the output of `mail`. */
export function linePrinter(terminal: Terminal): PrintLine | undefined {
  return terminal.beginResult === undefined ? undefined : (line) => terminal.err(`${line}\n`);
}

/** Returns the transport for `way`. The compiler reports any kind of transport that this function does not handle. */
async function loadTransport(way: Way, options: TransportOptions): Promise<Transport> {
  switch (way.kind) {
    case "smtp": {
      const { SmtpTransport } = await import("../../submit/smtp.ts");
      return new SmtpTransport({ ...options, server: way });
    }
    case "program": {
      const { ProgramTransport } = await import("../../submit/program.ts");
      return new ProgramTransport(way, options);
    }
    case "local": {
      const { LocalTransport } = await import("../../submit/local.ts");
      const { mailName, storeOptions } = options;
      return new LocalTransport({ ...storeOptions(), mailName, directory: "/var/mail" });
    }
  }
}

/** Asks a user at a terminal whether to use an invalid certificate. */
async function acceptCertificate(terminal: Terminal, reason: string): Promise<boolean> {
  return terminal.rich && terminal.confirm(`${reason}. Send the message anyway`);
}

/** Returns a temporary failure as an outcome in which every recipient is refused. Rethrows any other error. */
function toDeferredOutcome(error: unknown, envelope: Envelope): Outcome {
  if (!(error instanceof SubmissionFailed) || error instanceof OutcomeUnknown) throw error;
  // A user who cancels a message does not want it to be sent later.
  if (error instanceof Interrupted || error.exit !== Exit.TempFail) throw error;
  const { message: reply, exit } = error;
  return { accepted: [], refused: envelope.to.map((recipient) => ({ recipient, reply, exit })) };
}

/**
 * Returns whether the queue is empty. The directory is checked here and not by the queue's code, because loading that
 * code takes longer than sending a message.
 */
function isEmptyDirectory(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    // The directory usually does not exist. If the directory cannot be read, the queue's code reports the error.
    return isSystemError(error) && error.code === "ENOENT";
  }
}
