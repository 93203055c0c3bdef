/** What became of a message: said, kept in dead.letter where it was not accepted, and told by an exit code. */
import type { Config } from "../config/config.ts";
import { Exit, type ExitCode, type MailError } from "../errors.ts";
import { OutcomeUnknown, ProgramFailed, SubmissionFailed } from "../submit/errors.ts";
import type { Outcome, Refusal } from "../submit/transport.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Built } from "./body.ts";
import type { ComposeContext, ComposeResult } from "./context.ts";

export type Composed = ComposeResult & {
  /** The text is elsewhere, or not wanted. */
  readonly safe: boolean;
};

export function unsent(exit: ExitCode, safe = true): Composed {
  return { exit, sent: false, safe };
}

/** A server's answer for each recipient. @param whole the message as dead.letter gets it */
export async function answered(
  context: Pick<ComposeContext, "config" | "terminal">,
  outcome: Outcome,
  whole: () => Promise<Built>,
): Promise<Composed> {
  const { terminal } = context;
  const [first] = outcome.refused;
  if (first === undefined) return { exit: Exit.Ok, sent: true, safe: true };
  tellRefused(terminal, outcome.refused);
  if (outcome.accepted.length > 0) terminal.err(`mail: accepted for ${listed(outcome.accepted)}\n`);
  const safe = await keepAndSay(context, await whole());
  return { exit: first.exit, sent: outcome.accepted.length > 0, safe };
}

export function tellRefused(terminal: Terminal, refused: readonly Refusal[]): void {
  for (const { recipient, reply } of refused) terminal.err(`mail: ${recipient}: ${reply}\n`);
}

/** There was no answer. */
export async function failed(
  context: Pick<ComposeContext, "config" | "terminal">,
  error: MailError,
  whole: () => Promise<Built>,
): Promise<Composed> {
  const exit = reported(error, context.terminal, context.config);
  return { exit, sent: false, safe: await keepAndSay(context, await whole()) };
}

/** Says what went wrong. @returns the exit code: bsd-mailx's 1 for the variable `sendmail`, sysexits for `mta` */
function reported(error: MailError, terminal: Terminal, config: Config): ExitCode {
  if (error.message !== "") terminal.err(`mail: ${error.message}\n`);
  if (!(error instanceof ProgramFailed)) {
    if (error instanceof SubmissionFailed && !(error instanceof OutcomeUnknown)) {
      terminal.err("mail: the message was not sent\n");
    }
    return error.exit;
  }
  terminal.err(`Can't send mail: sendmail process failed with error code ${error.code}\n`);
  return config.settings.get("mta") === undefined ? Exit.Failure : error.exit;
}

/** All of a few, else the first and how many more. */
function listed(addresses: readonly string[]): string {
  const most = 20;
  const more = addresses.length - most;
  return `${addresses.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** With the variable `sendmail` words and exit codes are bsd-mailx's. */
export function asBsd({ settings }: Config): boolean {
  return settings.get("mta") === undefined && settings.get("sendmail") !== undefined;
}

export async function toDeadLetter(config: Config, terminal: Terminal, text: Built): Promise<string | undefined> {
  const { saveDeadLetter } = await import("./dead-letter.ts");
  return saveDeadLetter(config, terminal, text);
}

/** @returns whether the text is in dead.letter; bsd-mailx says nothing of it */
export async function keepAndSay(
  { config, terminal }: Pick<ComposeContext, "config" | "terminal">,
  text: Built,
): Promise<boolean> {
  const path = await toDeadLetter(config, terminal, text);
  if (path !== undefined && !asBsd(config)) terminal.err(`mail: the message is in ${path}\n`);
  return path !== undefined;
}
