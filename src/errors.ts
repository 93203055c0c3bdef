/**
 * Exit codes from sysexits.h. In the cases in which bsd-mailx exits with 1 (usage, no mail, no such folder), the code is 1.
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
 * An error that the user can understand and act on. The message names what went wrong and what was left unchanged; it is
 * empty if it has already been printed.
 */
export class MailError extends Error {
  readonly exit: ExitCode;
  /** Whether the message is printed without the program's name. */
  readonly plain: boolean = false;

  constructor(message: string, exit: ExitCode = Exit.Failure, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.exit = exit;
  }
}

/** Returns the allowed values for a message: `a, b or c`. */
export function joinAlternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}
