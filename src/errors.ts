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

/**
 * How an error is printed: `mail: TEXT` on standard error ("named"), or only TEXT on standard error ("bare") or standard
 * output ("output"). bsd-mailx uses one of the last two forms for a mistake in a command.
 */
type ErrorForm = "named" | "bare" | "output";

/**
 * An error that the user can understand and act on. The message describes the problem, and anything that was left
 * unchanged.
 */
export class MailError extends Error {
  readonly exit: ExitCode;
  readonly form: ErrorForm = "named";

  constructor(message: string, exit: ExitCode = Exit.Failure, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.exit = exit;
  }
}

/** A mistake in the user's input. It is thrown where it is detected, and printed by the loop that read the line. */
export class UserMistake extends MailError {
  override readonly form: ErrorForm;
  /** A suggestion, printed on standard output after the mistake. */
  readonly hint: string | undefined;
  /** Whether reading a file of commands continues after the mistake, as in bsd-mailx, unless errexit is set. */
  readonly isTolerated: boolean;

  constructor(message: string, options: { form?: "bare"; hint?: string | undefined; isTolerated?: true } = {}) {
    super(message);
    this.form = options.form ?? "output";
    this.hint = options.hint;
    this.isTolerated = options.isTolerated ?? false;
  }
}

/** Prints an error in the form that it specifies, followed by its hint. */
export function printError(
  terminal: { out(text: string, style?: "hint"): void; err(text: string): void },
  error: MailError,
): void {
  if (error.form === "output") terminal.out(`${error.message}\n`);
  else terminal.err(`${error.form === "named" ? "mail: " : ""}${error.message}\n`);
  if (error instanceof UserMistake && error.hint !== undefined) terminal.out(`${error.hint}\n`, "hint");
}

/** Returns the allowed values as a phrase for a message: `a, b or c`. */
export function joinAlternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}
