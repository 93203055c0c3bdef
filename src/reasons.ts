/**
 * Lists the reasons for errors, each with the remedy that `mail --json` prints if the error itself has no better one.
 *
 * Programs may depend on these phrases, so they never change. The type of MailError.reason is derived from this table, so
 * every reason has a remedy.
 */

/** The reasons that are used if an error specifies none, by exit code; see reasonOfExit in errors.ts. */
const general = {
  failed: "correct the problem that the message describes",
  usage: "see mail --help",
  "invalid data": "correct the text or the address that the message names",
  "no input": "check the name and the contents of the file",
  "unknown user": "check the name (getent passwd, /etc/aliases)",
  "unknown host": "check the host's name, and the name server of this machine",
  unavailable: "install the program that the message names, or start the service",
  "internal error": "set MAIL_DEBUG=1 to print details, and report the error",
  "system error": "check this machine's log",
  "cannot create": "check the path, and the permissions of its directory",
  "input or output error": "check the free space and the file system",
  "temporary failure": "try again later",
  "protocol error": "check the server's log",
  "permission denied": "check the owner and the permissions of the file",
  "invalid configuration": "see mailrc(5) for the variable's values",
} as const;

const commandLine = {
  mistake: "mail help lists the commands",
  "invalid query": "see the section on message lists in mail(1)",
  "too many matches": "narrow the query, or use --at-most",
  "no match": "list the messages with mail --json",
  "no mail": "wait for mail with mail --wait",
  gone: "list the messages again with mail --json",
  "same folder": "choose another folder",
  "not a directory": "create the directory",
  "no such part": "mail --show --json lists the parts of the message",
  "no attachments": "mail --show --json lists the parts of the message",
  "no folder directory": "set folder=DIRECTORY or folder=imaps://HOST",
  "timed out": "wait again; use --present if the message may already have arrived",
  interrupted: "run the command again",
} as const;

const mailbox = {
  "mailbox locked": "try again later, or increase lockwait",
  "mailbox changed": "list the messages again with mail --json",
  "unfinished quit": "open the mailbox with mail -f, which completes the interrupted quit",
  "not a mailbox": "check the name of the file",
  "read-only mailbox": "check the permissions of the file, and omit -R",
  removed: "list the messages again with mail --json",
  unreadable: "check the mailbox's file, or the connection to the server",
  "other-owner": "remove the file, or run mail as its owner",
  "writable-by-others": "run chmod go-w on the file and its directory",
  "not-a-file": "remove the file",
  "not-a-directory": "remove the file, so that mail can create the directory",
  "symbolic-link": "remove the symbolic link",
  links: "remove the file's other names",
} as const;

const message = {
  "invalid draft": "mail --json-schema draft prints the schema",
  "invalid address": "write each address as NAME@HOST or as Name <NAME@HOST>",
  "no recipients": "name at least one recipient",
  "unsuitable encoding": "use base64",
  "unknown charset": "use a charset that iconv -l lists",
  "being sent": "wait until the other process has finished",
  "outcome unknown":
    "ask the recipients whether they have received the message; another attempt could deliver it twice",
  "recipient refused": "check the recipient's address",
} as const;

const submission = {
  "no connection": "check the host and port, and whether the server is running",
  "no greeting": "check the port, and whether the server expects TLS from the start",
  "no reply": "try again later, or increase the time limit",
  "connection closed": "try again later; see the server's log",
  "endless reply": "check the host and port",
  "not SMTP": "no mail server is listening there; check the port in mta",
  "unexpected reply": "see the server's log",
  refused: "see the server's log",
  "total time exceeded": "try again later, or increase smtptotaltimeout",
  "invalid setting": "see mailrc(5) for the variable's values",
  "invalid envelope": "check the addresses of the sender and the recipients",
  "address not ASCII": "use an address in ASCII, or a server that offers SMTPUTF8",
  "message too large": "send fewer or smaller attachments",
  "message unreadable": "check the attached files and the free space for temporary files",
  "program failed": "check the program's output and log",
} as const;

/** Problems with a connection's encryption, in any protocol (RFC 3207, RFC 8314). */
const tls = {
  "certificate for another name":
    "use a host that is named in the certificate, or install a certificate for this host on the server",
  "certificate expired": "install a new certificate on the server; check the clocks of both machines",
  "certificate not yet valid": "install a new certificate on the server; check the clocks of both machines",
  "certificate not trusted": "set cafile=FILE; FILE must contain the certificate of the server or of its authority",
  "no TLS on this port": "use the port that the server offers: 993 for imaps://, 465 for smtps://",
  "STARTTLS refused": "use the port that expects TLS from the start: 993 for imaps://, 465 for smtps://",
  "TLS timed out": "check the server's log; openssl s_client -connect HOST:PORT shows the handshake",
  "TLS failed": "check the server's log; openssl s_client -connect HOST:PORT shows the handshake",
} as const;

/** The reasons why a login fails, in any protocol. */
const login = {
  "login refused": "check the user name, and the password in ~/.netrc or from passwordcommand",
  "login not offered": "check whether the port accepts logins",
  "login mechanism unknown": "unset smtpauth",
  "login not encrypted": "use imaps:// or smtps://, or set starttls=required",
  "no password": "see mailrc(5) for netrc, passwordcommand and oauth-client-id",
  "no token": "run mail --login ACCOUNT",
  "password command failed": "check the output of passwordcommand or oauth-token-command",
} as const;

/** Problems with the encryption that occur only with IMAP (RFC 9051, section 11). */
const imapTls = {
  "TLS on this port": "use imaps:// instead of imap://",
  "STARTTLS injected": "use imaps://; the connection may have been intercepted",
} as const;

/** Problems with the login that occur only with IMAP (RFC 9051, section 11). */
const imapLogin = {
  "logged in before TLS": "use imaps://; the connection may have been intercepted",
  "login unavailable": "try again later; see the server's log",
} as const;

const imap = {
  "closed by the server": "try again later; see the server's log",
  "not IMAP": "check the port; 993 is that of imaps://, 143 that of imap://",
  "malformed response": "see the server's log",
  "response too large": "see the server's log",
  "no such folder": "mail --folders lists the folders",
  "folder exists": "choose another name",
  "no permission": "ask the server's administrator for access to the folder",
  "read-only": "ask the server's administrator for access to the folder",
  "over quota": "delete messages, or ask for more space",
  unsupported: "use a server that supports this command",
  "UIDVALIDITY changed": "list the messages again with mail --json",
  "UID reused": "list the messages again with mail --json",
  "invalid name": "check the name of the folder",
} as const;

const remedies = {
  ...general,
  ...commandLine,
  ...mailbox,
  ...message,
  ...submission,
  ...tls,
  ...login,
  ...imapTls,
  ...imapLogin,
  ...imap,
} as const;

/** The error code of a failed system call, such as ENOENT. */
export type SystemCode = `E${Uppercase<string>}`;

type NamedReason = keyof typeof remedies;

export type TlsReason = keyof typeof tls;

export type LoginReason = keyof typeof login;

export type ImapProtocolReason = keyof typeof imapTls | keyof typeof imapLogin;

/** The reason for an error. */
export type Reason = NamedReason | SystemCode;

/** All reasons except the system's error codes. */
export const namedReasons = Object.keys(remedies) as readonly NamedReason[];

/** The remedies for the most frequent error codes. */
const systemRemedies: Readonly<Record<SystemCode, string>> = {
  EACCES: "check the permissions of the file and of its directories",
  EDQUOT: "free some space on the disk, and try again",
  EISDIR: "name a file instead of a directory",
  ENOENT: "check the path",
  ENOSPC: "free some space on the disk, and try again",
  ENOTDIR: "check the path",
  EPERM: "check the permissions of the file and of its directories",
  EROFS: "choose a file on a file system that can be written to",
};

/** Returns the remedy for an error that specifies none. */
export function findUsualRemedy(reason: Reason): string {
  return isNamed(reason) ? remedies[reason] : (systemRemedies[reason] ?? general["system error"]);
}

/** Returns the step of a connection that fails for a reason; undefined if the reason does not determine the step. */
export function findFailedStep(reason: Reason): "TLS" | "login" | undefined {
  if (Object.hasOwn(tls, reason) || Object.hasOwn(imapTls, reason)) return "TLS";
  return Object.hasOwn(login, reason) || Object.hasOwn(imapLogin, reason) ? "login" : undefined;
}

function isNamed(reason: Reason): reason is NamedReason {
  return Object.hasOwn(remedies, reason);
}
