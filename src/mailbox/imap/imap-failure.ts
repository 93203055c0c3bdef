/**
 * Lists the reasons why a server cannot be used or refuses a command. Callers base their decisions on these reasons,
 * never on the text of a message.
 */
import { Exit, type ExitCode, MailError } from "../../errors.ts";
import type { ImapProtocolReason, LoginReason, TlsReason } from "../../reasons.ts";

/** Problems with the connection. For all reasons but the last four, another attempt may succeed. */
type ConnectionReason =
  | "unknown host"
  | "no connection"
  | "no greeting"
  | "no reply"
  | "connection closed"
  /** The server has sent BYE. */
  | "closed by the server"
  | "not IMAP"
  | "malformed response"
  | "response too large"
  | "unexpected reply";

/** Reasons why a command may fail after the login. */
type CommandReason =
  | "no such folder"
  | "folder exists"
  | "no permission"
  | "read-only"
  | "over quota"
  | "message too large"
  | "unsupported"
  | "refused"
  /** The user interrupted the command. The server may have executed it. */
  | "interrupted"
  | "UIDVALIDITY changed"
  /** A UID belongs to a different message than before. */
  | "UID reused"
  | "invalid name";

export type ImapReason = ConnectionReason | TlsReason | LoginReason | ImapProtocolReason | CommandReason;

const exits: Readonly<Partial<Record<ImapReason, ExitCode>>> = {
  "unknown host": Exit.NoHost,
  "not IMAP": Exit.Protocol,
  "malformed response": Exit.Protocol,
  "response too large": Exit.Protocol,
  "unexpected reply": Exit.Protocol,
  "STARTTLS injected": Exit.Protocol,
  "certificate for another name": Exit.Config,
  "certificate expired": Exit.Config,
  "certificate not yet valid": Exit.Config,
  "certificate not trusted": Exit.Config,
  "logged in before TLS": Exit.NoPerm,
  "login refused": Exit.NoPerm,
  "login not offered": Exit.Unavailable,
  "login mechanism unknown": Exit.Unavailable,
  "login not encrypted": Exit.NoPerm,
  "no such folder": Exit.Failure,
  "folder exists": Exit.CantCreate,
  "no permission": Exit.NoPerm,
  "read-only": Exit.NoPerm,
  "over quota": Exit.IoErr,
  "message too large": Exit.IoErr,
  unsupported: Exit.Unavailable,
  refused: Exit.Failure,
  "UID reused": Exit.Protocol,
  "invalid name": Exit.Usage,
};

/** Returns the exit code for a reason; EX_TEMPFAIL if another attempt may succeed. */
export function exitOfImapReason(reason: ImapReason): ExitCode {
  return exits[reason] ?? Exit.TempFail;
}

/** Reports that a server could not be used, or that it refused a command. */
export class ImapFailed extends MailError {
  declare readonly reason: ImapReason;

  /** @param message the name of the server or folder, followed by a description of the failure */
  constructor(reason: ImapReason, message: string, cause?: unknown) {
    super(message, exitOfImapReason(reason), { cause, reason });
  }

  /** Whether the connection can no longer be used. */
  get isConnectionLost(): boolean {
    return lost.has(this.reason);
  }
}

const lost: ReadonlySet<ImapReason> = new Set<ImapReason>([
  "no connection",
  "no reply",
  "connection closed",
  "closed by the server",
  "not IMAP",
  "response too large",
  "unexpected reply",
]);

/** Maps response codes (RFC 5530, RFC 4315, RFC 9208) to reasons. */
const ofCode: Readonly<Record<string, ImapReason>> = {
  NONEXISTENT: "no such folder",
  TRYCREATE: "no such folder",
  ALREADYEXISTS: "folder exists",
  NOPERM: "no permission",
  "READ-ONLY": "read-only",
  OVERQUOTA: "over quota",
  LIMIT: "over quota",
  TOOBIG: "message too large",
  AUTHENTICATIONFAILED: "login refused",
  AUTHORIZATIONFAILED: "login refused",
  EXPIRED: "login refused",
  UNAVAILABLE: "login unavailable",
};

/** Returns the reason that a response code implies; undefined if it implies none. */
export function reasonOfCode(code: string | undefined): ImapReason | undefined {
  return code === undefined || !Object.hasOwn(ofCode, code) ? undefined : ofCode[code];
}
