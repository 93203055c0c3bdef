/** Reports the outcome of a message, keeps an undelivered message in dead.letter, and determines the exit code. */
import type { Config } from "../../config/config.ts";
import { Exit, type ExitCode, MailError, printError } from "../../errors.ts";
import { OutcomeUnknown, ProgramFailed, SubmissionFailed, Unreachable } from "../../submit/submission-errors.ts";
import type { Outcome, Refusal } from "../../submit/transport.ts";
import { readConfiguredWay } from "../../submit/transport-settings.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { isSink } from "../draft/recipients.ts";
import type { Keeping } from "../unsent/keep-unsent.ts";
import type { ComposeContext, ComposeResult } from "./context.ts";

/** Returns the result for a message that was not sent. */
export function unsentResult(
  exit: ExitCode,
  more: Pick<ComposeResult, "error" | "deadLetter" | "isUnknown"> = {},
): ComposeResult {
  return { exit, sent: false, ...more };
}

/** Reports the refused recipients and returns the result. */
export async function reportOutcome(
  terminal: Terminal,
  outcome: Outcome,
  keeping: Pick<Keeping, "keepAndSay">,
): Promise<ComposeResult> {
  const [first] = outcome.refused;
  if (first === undefined) return { exit: Exit.Ok, sent: true, outcome };
  await reportRefused(terminal, outcome.refused);
  if (outcome.accepted.length > 0) terminal.err(`mail: accepted for ${joinAddresses(outcome.accepted)}\n`);
  const isUnknown = outcome.refused.some(({ unknown }) => unknown === true);
  const deadLetter = await keeping.keepAndSay();
  return { exit: first.exit, sent: outcome.accepted.length > 0, outcome, deadLetter, isUnknown };
}

const sinkRemedy = "check whether the file can be written, or whether the command can be run";

/** Prints each refused recipient, with the server's reply, on standard error. */
export async function reportRefused(terminal: Terminal, refused: readonly Refusal[]): Promise<void> {
  for (const refusal of refused) {
    const { recipient, reply, exit, unknown } = refusal;
    const reason = unknown === true ? "outcome unknown" : "recipient refused";
    const remedy = isSink(recipient) ? sinkRemedy : await findRemedy(terminal, (to) => to.recipientRemedy(refusal));
    printError(terminal, new MailError(`${recipient}: ${reply}`, exit, { reason, remedy }));
  }
}

/** Returns a remedy if the terminal prints remedies. The code for remedies is loaded only if it is needed. */
async function findRemedy(
  { report }: Terminal,
  find: (remedies: typeof import("../../submit/remedies.ts")) => string,
): Promise<string | undefined> {
  return report === undefined ? undefined : find(await import("../../submit/remedies.ts"));
}

/** Reports a submission that failed without a reply, and returns the result. */
export async function reportFailure(
  { config, terminal }: Pick<ComposeContext, "config" | "terminal">,
  error: MailError,
  keeping: Pick<Keeping, "keepAndSay">,
): Promise<ComposeResult> {
  const exit = reportError(error, terminal, config, await remedyOfError(error, terminal, config));
  const isUnknown = error instanceof OutcomeUnknown;
  return unsentResult(exit, { error, isUnknown, deadLetter: await keeping.keepAndSay() });
}

async function remedyOfError(error: MailError, terminal: Terminal, config: Config): Promise<string | undefined> {
  if (!(error instanceof SubmissionFailed)) return error.remedy;
  return findRemedy(terminal, (to) => to.submissionRemedy(error, readConfiguredWay(config)));
}

/**
 * Prints an error and returns its exit code. If `mta` is not set, the exit code of a failed program is replaced by 1,
 * as in bsd-mailx.
 */
function reportError(error: MailError, terminal: Terminal, config: Config, remedy: string | undefined): ExitCode {
  if (!(error instanceof ProgramFailed)) {
    printError(terminal, error, remedy);
    if (error instanceof SubmissionFailed && !(error instanceof OutcomeUnknown)) {
      const hint = terminal.rich && error instanceof Unreachable ? "; mail --check looks for the cause" : "";
      terminal.err(`mail: the message was not sent${hint}\n`);
    }
    return error.exit;
  }
  const exit = config.settings.get("mta") === undefined ? Exit.Failure : error.exit;
  if (!error.hasReported) printError(terminal, new MailError(error.message, exit, { cause: error }), remedy);
  if (terminal.report === undefined)
    terminal.err(`Can't send mail: sendmail process failed with error code ${error.code}\n`);
  return exit;
}

/** Returns up to 20 addresses and the number of remaining addresses. */
function joinAddresses(addresses: readonly string[]): string {
  const most = 20;
  const more = addresses.length - most;
  return `${addresses.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
