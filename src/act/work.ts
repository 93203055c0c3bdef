/** Describes an action on messages in an open mailbox, and its results. */
import type { CommandLine } from "../cli/command-line.ts";
import { type ExitCode, type MailError, printError } from "../errors.ts";
import { isMessageRemoved } from "../mailbox/mailbox-errors.ts";
import type { Folder, Session } from "../read/session/session.ts";
import type { ActResult } from "./act-result.ts";
import type { Selected } from "./select.ts";

/** A selected message that is still in the mailbox. */
export interface Located extends Selected {
  readonly message: number;
}

/** An action on messages in an open mailbox. */
export interface Work {
  readonly session: Session;
  readonly folder: Folder;
  readonly given: CommandLine;
  readonly selected: readonly Located[];
  readonly to: string | null;
  /** Whether the action is only reported. */
  readonly isDryRun: boolean;
}

/** The results of an action, and the exit code. */
export interface Ended {
  readonly results: readonly ActResult[];
  readonly exit: ExitCode;
}

/**
 * Reports that one of several messages could not be processed.
 *
 * @returns the reason to include in the message's result
 */
export function reportOne({ session }: Work, error: MailError): string {
  printError(session.terminal, error);
  return isMessageRemoved(error) ? "gone" : error.reason;
}
