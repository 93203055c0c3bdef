import { statSync } from "node:fs";
import { hostname } from "node:os";
import { Exit, MailError } from "../errors.ts";
import { addPathToError } from "../system-error.ts";

export interface Options {
  /** The local address to listen on. */
  readonly listen: string;
  /** The port; 0 for any free port. */
  readonly port: number;
  readonly spool: string;
  /**
   * The domain whose mail is accepted, in addition to `localhost` and the host's own name. This domain is also the
   * server's name.
   */
  readonly domain: string;
  /** The log's path. Without this option, the log is written to standard error. */
  readonly log?: string;
  /** Users who receive mail even if no password database lists them. */
  readonly users: readonly string[];
  /** The maximum number of simultaneous clients. */
  readonly clients: number;
  /** Private directory for the records with which an interrupted delivery is undone. */
  readonly stateDirectory: string;
}

/** Every option of maild, declared once. The parser, --help and the completions use this table. */
export const maildOptions = [
  {
    long: "port",
    argument: "number",
    isRequired: true,
    meaning: "listen on this port; 0 selects a free port, which is printed",
  },
  {
    long: "spool",
    argument: "directory",
    isRequired: true,
    meaning: "the directory of the mailboxes, one file per user",
  },
  { long: "domain", argument: "name", meaning: "accept mail for this domain, and use it as the server's name" },
  {
    long: "log",
    argument: "file",
    meaning: "append the log, in the format of mail.log, to this file (default: standard error)",
  },
  {
    long: "user",
    argument: "name",
    repeats: true,
    meaning: "accept mail for this user, even if there is no such account; can be repeated",
  },
  {
    long: "clients",
    argument: "number",
    meaning: "serve at most this many clients at the same time; refuse others with 421",
  },
  { long: "listen", argument: "host", meaning: "listen on this address" },
] as const;

/** The limits that are not options. */
const limits = `
Limits: 50 MB and 1000 recipients per message, 1 MB per header, 50 connections per address.
Messages of more than 128 kB are kept in /var/tmp (or $TMPDIR) until they are delivered.`;

/** Returns the options, or the text that `--help` requests. */
export async function parseOptions(
  argv: readonly string[],
): Promise<{ options: Omit<Options, "stateDirectory"> } | { text: string }> {
  const { Command, CommanderError, InvalidArgumentError, Option } = await import("commander");
  let text = "";
  const port = (value: string): number => {
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65535)
      throw new InvalidArgumentError("It must be between 0 and 65535.");
    return Number(value);
  };
  const count = (value: string): number => {
    if (!/^[1-9]\d{0,4}$/.test(value)) throw new InvalidArgumentError("It must be between 1 and 99999.");
    return Number(value);
  };
  const values: Record<string, (option: InstanceType<typeof Option>) => void> = {
    port: (option) => option.argParser(port),
    domain: (option) => option.default(hostname()),
    user: (option) => option.default([]).argParser((name: string, names: readonly string[]) => [...names, name]),
    clients: (option) => option.default(100).argParser(count),
    listen: (option) => option.default("127.0.0.1"),
  };
  const command = new Command("maild").description(
    "Accepts mail by SMTP and delivers it to mailboxes on this machine.",
  );
  for (const { long, argument, meaning, ...rest } of maildOptions) {
    const option = new Option(`--${long} <${argument}>`, meaning).makeOptionMandatory("isRequired" in rest);
    values[long]?.(option);
    command.addOption(option);
  }
  command
    .addHelpText("after", limits)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (piece) => {
        text += piece;
      },
      writeErr: () => undefined,
    });
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    throw new MailError(error.message.replace(/^error: /, "").replace(/\n/g, " "), Exit.Usage, { cause: error });
  }
  const { user, ...options } = command.opts<Omit<Options, "users" | "stateDirectory"> & { user: readonly string[] }>();
  requireDirectory(options.spool);
  return { options: { ...options, domain: options.domain.toLowerCase(), users: user } };
}

function requireDirectory(path: string): void {
  try {
    if (statSync(path).isDirectory()) return;
  } catch (error) {
    throw addPathToError(path, error, Exit.CantCreate);
  }
  throw new MailError(`${path}: Not a directory`, Exit.CantCreate);
}
