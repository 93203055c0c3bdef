/** Exit codes: sysexits.h, and 1 for what bsd-mailx answers with 1 (usage, no mail, no such folder). */
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

/** What a user can understand and act on. The text says what happened, to what, and what was left untouched; "" where it has been said. */
export class MailError extends Error {
  readonly exit: ExitCode;
  /** Said without the program's name in front. */
  readonly plain: boolean = false;

  constructor(message: string, exit: ExitCode = Exit.Failure, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.exit = exit;
  }
}

/** Returns the allowed values for a message: `a, b or c`. */
export function alternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}
