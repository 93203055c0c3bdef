/** The ways out of a session: opened as the variables say, kept open from message to message, and looked on. */
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../config/files.ts";
import { Exit, MailError } from "../errors.ts";
import type { StartTls } from "../submit/connection.ts";
import type { Notice } from "../submit/smtp.ts";
import type { Envelope, Outcome, Outgoing, Transport } from "../submit/transport.ts";
import { defaultWay, parseWay, type Way, wayName } from "../submit/way.ts";
import type { Terminal } from "../terminal/terminal.ts";
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

export class Submission {
  readonly #config: Config;
  readonly #terminal: Terminal;
  readonly #passwords = new Map<string, string>();
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
    return {
      headers: transport.headers,
      submit: (envelope, message) => this.#submit(way, transport, envelope, message),
      close: async () => {},
    };
  }

  /** At the end of the session. */
  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.transport.close();
  }

  async #submit(way: Way, transport: Transport, envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const outcome = await transport.submit(envelope, message);
    const { remember } = await import("../submit/sent.ts");
    const { identity } = this.#config;
    await remember(stateDirectory(process.env, identity.home), { way: wayName(way), envelope, outcome, message });
    return outcome;
  }

  async #transport(way: Way, { sender, verbose }: Asked): Promise<Transport> {
    const { identity, settings } = this.#config;
    const witness = witnessOf(this.#terminal, {
      verbose: verbose || settings.get("verbose"),
      json: settings.text("trace") !== undefined,
    });
    const silence = settings.get("smtptimeout");
    const said = {
      mailName: identity.mailName,
      timeouts: {
        connect: settings.get("smtpconnecttimeout") ?? silence,
        silence,
        total: settings.get("smtptotaltimeout"),
      },
      lockwait: settings.get("lockwait"),
      verbose,
      sender,
      starttls: startTls(settings.text("starttls")),
      caFile: named(settings.text("cafile")),
      checkCertificate: settings.text("certcheck") !== "no",
      mechanism: named(settings.text("smtpauth")),
      notify: notices(settings.text("dsn")),
    };
    const { openTransport } = await import("../submit/open-transport.ts");
    const options = { ...said, witness, password: (user: string, host: string) => this.#password(user, host) };
    if (way.kind !== "smtp") return openTransport(way, options);
    const key = JSON.stringify([wayName(way), said, witness === undefined]);
    if (this.#kept?.key !== key) {
      await this.close();
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

function named(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function startTls(value: string | undefined): StartTls | undefined {
  if (value === undefined) return undefined;
  if (value === "required" || value === "opportunistic" || value === "none") return value;
  throw new MailError(`starttls: "${value}" is none of required, opportunistic, none`, Exit.Config);
}

function notices(value: string | undefined): Notice[] {
  if (value === undefined || value === "") return [];
  const words = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !["never", "success", "failure", "delay"].includes(word));
  if (wrong !== undefined || (words.includes("never") && words.length > 1)) {
    throw new MailError(`dsn: "${value}" is neither never nor some of success, failure, delay`, Exit.Config);
  }
  return words as Notice[];
}
