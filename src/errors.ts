import type { Reason, SystemCode } from "./reasons.ts";

/**
 * Exit codes from sysexits.h. The code is 1 if bsd-mailx also exits with 1 (a usage error, no mail, a missing folder).
 */
export const Exit = {
  Ok: 0,
  Failure: 1,
  Usage: 64,
  DataErr: 65,
  NoInput: 66,
  NoUser: 67,
  NoHost: 68,
  Unavailable: 69,
  Software: 70,
  OsErr: 71,
  CantCreate: 73,
  IoErr: 74,
  TempFail: 75,
  Protocol: 76,
  NoPerm: 77,
  Config: 78,
} as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** The reason for an error that specifies none. */
const reasonOfExit: Readonly<Record<ExitCode, Reason>> = {
  [Exit.Ok]: "failed",
  [Exit.Failure]: "failed",
  [Exit.Usage]: "usage",
  [Exit.DataErr]: "invalid data",
  [Exit.NoInput]: "no input",
  [Exit.NoUser]: "unknown user",
  [Exit.NoHost]: "unknown host",
  [Exit.Unavailable]: "unavailable",
  [Exit.Software]: "internal error",
  [Exit.OsErr]: "system error",
  [Exit.CantCreate]: "cannot create",
  [Exit.IoErr]: "input or output error",
  [Exit.TempFail]: "temporary failure",
  [Exit.Protocol]: "protocol error",
  [Exit.NoPerm]: "permission denied",
  [Exit.Config]: "invalid configuration",
};

/**
 * How an error is printed: `mail: TEXT` on standard error ("named"), or only TEXT on standard error ("bare") or standard
 * output ("output"). bsd-mailx uses one of the last two forms for a mistake in a command.
 */
type ErrorForm = "named" | "bare" | "output";

interface ErrorFacts {
  /** The error that led to this one. */
  readonly cause?: unknown;
  readonly reason?: Reason;
  readonly remedy?: string | undefined;
  readonly details?: string | undefined;
}

/**
 * An error that the user can understand and act on. The message describes the problem and anything that was left
 * unchanged.
 */
export class MailError extends Error {
  readonly exit: ExitCode;
  readonly form: ErrorForm = "named";
  /** The kind of error, for programs: a phrase, or a system error code such as ENOENT. */
  readonly reason: Reason;
  /** The action that the user can take. */
  readonly remedy: string | undefined;
  /** Additional lines, such as the program's usage, that only a person needs. */
  readonly details: string | undefined;

  constructor(message: string, exit: ExitCode = Exit.Failure, { cause, reason, remedy, details }: ErrorFacts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.exit = exit;
    this.reason = reason ?? findSystemCode(cause) ?? reasonOfExit[exit];
    this.remedy = remedy;
    this.details = details;
  }
}

/** Returns the error code of a failed system call. */
function findSystemCode(cause: unknown): Reason | undefined {
  if (cause instanceof MailError) return cause.reason;
  const { code, syscall } = (cause ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === "string" && syscall !== undefined ? (code as SystemCode) : undefined;
}

/**
 * A mistake in the user's input. Such an error is thrown where the mistake is detected, and printed by the loop that
 * read the line.
 */
export class UserMistake extends MailError {
  override readonly form: ErrorForm;
  /** A suggestion, printed on standard output after the mistake. */
  readonly hint: string | undefined;
  /** Whether the rest of a command file is run after the mistake. bsd-mailx runs the rest if errexit is not set. */
  readonly isTolerated: boolean;

  constructor(
    message: string,
    options: { form?: "bare"; reason?: Reason; hint?: string | undefined; isTolerated?: true } = {},
  ) {
    super(message, Exit.Failure, { reason: options.reason ?? "mistake", remedy: options.hint });
    this.form = options.form ?? "output";
    this.hint = options.hint;
    this.isTolerated = options.isTolerated ?? false;
  }
}

/** An error in the form that `mail --json` prints. docs/programs.md describes it. */
export interface ErrorValue {
  /** The exit code that results from the error. */
  readonly code: ExitCode;
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string | null;
}

interface ErrorPlace {
  out(text: string, style?: "hint"): void;
  err(text: string): void;
  /** Prints the error as JSON instead of text. */
  report?(error: ErrorValue): void;
}

/**
 * Prints an error in the form that the error specifies, followed by the error's hint.
 *
 * @param remedy the remedy, if the error itself cannot determine it
 */
export function printError(terminal: ErrorPlace, error: MailError, remedy = error.remedy): void {
  if (terminal.report !== undefined) {
    const message = error.message.replace(/^mail: /, "");
    terminal.report({ code: error.exit, reason: error.reason, message, remedy: remedy ?? null });
    return;
  }
  const text = error.details === undefined ? error.message : `${error.message}\n${error.details}`;
  if (error.form === "output") terminal.out(`${text}\n`);
  else terminal.err(`${error.form === "named" ? "mail: " : ""}${text}\n`);
  if (error instanceof UserMistake && error.hint !== undefined) terminal.out(`${error.hint}\n`, "hint");
}

/** Returns the allowed values as a phrase for a message: `a, b or c`. */
export function joinAlternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}
