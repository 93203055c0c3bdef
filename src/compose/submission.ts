/** The ways out of a session: opened as the variables say, kept open from message to message, and looked on. */
import { readdirSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { stateDirectory, storeOptions } from "../config/files.ts";
import { Exit, MailError } from "../errors.ts";
import { Interrupted, OutcomeUnknown, SubmissionFailed } from "../submit/errors.ts";
import { queueDirectory } from "../submit/queue-directory.ts";
import type { Envelope, Outcome, Outgoing, Transport } from "../submit/transport.ts";
import { defaultWay, parseWay, type Way, wayName } from "../submit/way.ts";
import { isSystemError } from "../system-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { serverOptions } from "./server-options.ts";
import { witnessOf } from "./witness.ts";

export interface Asked {
  /** The envelope sender, where one was asked for: a program is told it. */
  readonly sender: string | undefined;
  readonly verbose: boolean;
}

/** Where mail goes, as the variables `mta` and `sendmail` say. */
export function wayOut({ settings }: Config): Way {
  return parseWay(settings.get("mta") ?? settings.get("sendmail") ?? defaultWay);
}

/** With the variable `sendmail` words and exit codes are bsd-mailx's. */
export function asBsd({ settings }: Config): boolean {
  return settings.get("mta") === undefined && settings.get("sendmail") !== undefined;
}

export class Submission {
  readonly #config: Config;
  readonly #terminal: Terminal;
  readonly #passwords = new Map<string, string>();
  /** Where something was accepted: what waits for the same way may go too. */
  readonly #open = new Set<string>();
  #kept: { readonly key: string; readonly transport: Transport } | undefined;

  constructor(config: Config, terminal: Terminal) {
    this.#config = config;
    this.#terminal = terminal;
  }

  /** The transport for the next message; with --dry-run one that only shows it. */
  async open(way: Way, asked: Asked): Promise<Transport> {
    const transport = await this.#transport(way, asked);
    if (this.#config.settings.get("dryrun")) {
      const { DryRun } = await import("../submit/dry-run.ts");
      return new DryRun(wayName(way), transport.headers, (bytes) => this.#terminal.out(bytes));
    }
    return this.#with(transport, async (envelope, message, interrupt) => {
      const submit = () => this.#submit(way, transport, envelope, message, interrupt);
      const outcome = await this.#queued(way, envelope, message, submit);
      if (outcome.accepted.length > 0) this.#open.add(wayName(way));
      return outcome;
    });
  }

  /** The same for what is in the queue already. */
  async openUnqueued(way: Way, asked: Asked): Promise<Transport> {
    const transport = await this.#transport(way, asked);
    return this.#with(transport, (envelope, message) => this.#submit(way, transport, envelope, message));
  }

  /** At the end of the session. Before that, what waits in the queue for a server that takes mail again. */
  async close(): Promise<void> {
    const ways = isEmpty(queueDirectory(stateDirectory(process.env, this.#config.identity.home)))
      ? []
      : [...this.#open];
    this.#open.clear();
    try {
      for (const way of ways) {
        const { flushQueue } = await import("./flush.ts");
        await flushQueue({ config: this.#config, terminal: this.#terminal, submission: this }, { way });
      }
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      // What was sent was sent: the exit code does not speak of older messages.
      this.#terminal.err(`mail: ${error.message}\n`);
    } finally {
      await this.#hangUp();
    }
  }

  async #hangUp(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.transport.close();
  }

  #with({ headers }: Transport, submit: Transport["submit"]): Transport {
    return { headers, submit, close: async () => {} };
  }

  async #submit(
    way: Way,
    transport: Transport,
    envelope: Envelope,
    message: Outgoing,
    interrupt?: AbortSignal,
  ): Promise<Outcome> {
    const outcome = await transport.submit(envelope, message, interrupt);
    const { remember } = await import("../submit/sent.ts");
    const { identity } = this.#config;
    await remember(stateDirectory(process.env, identity.home), { way: wayName(way), envelope, outcome, message });
    return outcome;
  }

  /** With `set queue`, what is refused for now is kept and tried again. */
  async #queued(way: Way, envelope: Envelope, message: Outgoing, submit: () => Promise<Outcome>): Promise<Outcome> {
    if (!this.#config.settings.get("queue")) return submit();
    let outcome: Outcome;
    try {
      outcome = await submit();
    } catch (error) {
      if (!(error instanceof SubmissionFailed) || error instanceof OutcomeUnknown) throw error;
      // Whoever gives it up does not want it sent later.
      if (error instanceof Interrupted) throw error;
      if (error.exit !== Exit.TempFail) throw error;
      const reply = error.message === "" ? `${wayName(way)}: the program failed` : error.message;
      outcome = { accepted: [], refused: envelope.to.map((recipient) => ({ recipient, reply, exit: error.exit })) };
    }
    // Where it may have arrived, another try could be a second copy.
    const later = outcome.refused.filter(({ exit, unknown }) => exit === Exit.TempFail && unknown !== true);
    if (later.length === 0) return outcome;
    const { queueOf } = await import("./flush.ts");
    let id: string;
    try {
      id = await queueOf(this.#config).add(wayName(way), envelope, later, message.sevenBit?.() ?? message);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      this.#terminal.err(`mail: ${error.message}; the message is not queued\n`);
      return outcome;
    }
    for (const { recipient, reply } of later) this.#terminal.err(`mail: ${recipient}: ${reply}\n`);
    this.#terminal.err(`mail: queued as ${id}; the next message, or mail --flush, tries again\n`);
    return {
      ...outcome,
      refused: outcome.refused.filter((each) => !later.includes(each)),
      queued: { id, recipients: later },
    };
  }

  async #transport(way: Way, { sender, verbose }: Asked): Promise<Transport> {
    const { settings } = this.#config;
    const witness = witnessOf(this.#terminal, {
      verbose: verbose || settings.get("verbose"),
      json: settings.text("trace") !== undefined,
    });
    const said = {
      ...serverOptions(this.#config),
      ...storeOptions(this.#config),
      verbose,
      sender,
      metoo: settings.get("metoo"),
    };
    const { openTransport } = await import("../submit/open-transport.ts");
    const options = { ...said, witness, password: (user: string, host: string) => this.#password(user, host) };
    if (way.kind !== "smtp") return openTransport(way, options);
    const key = JSON.stringify([wayName(way), said, witness === undefined]);
    if (this.#kept?.key !== key) {
      await this.#hangUp();
      this.#kept = { key, transport: await openTransport(way, options) };
    }
    return this.#kept.transport;
  }

  async #password(user: string, host: string): Promise<string> {
    const key = `${user}\0${host}`;
    const known = this.#passwords.get(key);
    if (known !== undefined) return known;
    const { findPassword } = await import("./password.ts");
    const password = await findPassword(this.#config, this.#terminal, user, host);
    this.#passwords.set(key, password);
    return password;
  }
}

/** Looked at here, since what works on a queue takes longer to load than a message to send. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    // Mostly there is none. One that can't be read is told of where it is worked on.
    return isSystemError(error) && error.code === "ENOENT";
  }
}
