/**
 * The table that declares all variables. `set`, completion, mailrc(5) and the typed access in settings.ts use it.
 *
 * As in bsd-mailx, a value is stored as text and is interpreted according to the variable's kind. Unknown variables are
 * stored, too.
 */

import { findInstalled } from "./find-installed.ts";
import {
  acceptsFilesAndCommands,
  type Convert,
  toCertificateCheck,
  toMechanism,
  toServerUrl,
  toTlsVersion,
} from "./synonym-values.ts";

interface Kind<T> {
  readonly meaning: string;
  /** The placeholder for the value in the manual; empty for a flag. */
  readonly value: string;
  /** Interprets a value; undefined if the variable is neither set nor in the environment. */
  read(text: string | undefined): T;
  /**
   * The names of this variable in heirloom mailx, S-nail and GNU mail, each with the function that converts its value.
   */
  readonly synonyms?: Readonly<Record<string, Convert>>;
  /** Whether NAME-USER@HOST and NAME-HOST set the variable for one account, as in S-nail. */
  readonly perAccount?: true;
  /** Whether the value is a secret, which is never shown. */
  readonly isSecret?: true;
  /** Whether to ignore the environment variable of the same name. Other programs use that variable. */
  readonly notInherited?: true;
}

const asGiven: Convert = (value) => value;

function withDefault(meaning: string, fallback: string | number): string {
  return `${meaning} The default is ${fallback}.`;
}

function flagKind(meaning: string): Kind<boolean> {
  return { meaning, value: "", read: (text) => text !== undefined };
}

function textKind(meaning: string, value = "text"): Kind<string | undefined> {
  return { meaning, value, read: (given) => given };
}

/** Returns the kind of a variable whose value is one of several words. An empty or unknown value means `orElse`. */
function choiceKind<Word extends string>(
  words: readonly Word[],
  orElse: Word,
  meaning: string,
): Kind<Word | undefined> {
  return {
    meaning,
    value: words.join("|"),
    read: (given) => (given === undefined ? undefined : (words.find((word) => word === given.toLowerCase()) ?? orElse)),
  };
}

function textOr(fallback: string, meaning: string, value = "text"): Kind<string> {
  const shown = fallback === fallback.trim() ? fallback : `"${fallback}"`;
  return {
    meaning: withDefault(meaning, shown),
    value,
    read: (given) => (given === undefined || given === "" ? fallback : given),
  };
}

/** Returns the kind of a variable that names a program. The default is the first installed program from a list. */
function programKind(meaning: string, defaults: readonly string[]): Kind<string | undefined> {
  return {
    meaning: withDefault(
      meaning,
      `the first of ${defaults.slice(0, -1).join(", ")} and ${defaults.at(-1)} that is installed`,
    ),
    value: "program",
    read: (given) => (given === undefined || given === "" ? findInstalled(defaults) : given),
  };
}

/**
 * Returns the kind of a variable whose value is a number of seconds. Any value that is not a number from 0 to `max` is
 * ignored, and the default is used.
 */
function secondsKind(fallback: number, meaning: string, { max }: { max: number }): Kind<number> {
  return {
    meaning: withDefault(meaning, fallback),
    value: "seconds",
    read: (given) => {
      const number = given === undefined || given.trim() === "" ? Number.NaN : Number(given);
      return number >= 0 && number <= max ? number : fallback;
    },
  };
}

/**
 * Returns the kind of a variable whose value is a whole number from 0 to `max`. Any other value is ignored, and the
 * default is used.
 */
function countKind(fallback: number, meaning: string, { max }: { max: number }): Kind<number> {
  return {
    meaning: withDefault(meaning, fallback),
    value: "number",
    read: (given) => {
      const number = given === undefined || given.trim() === "" ? Number.NaN : Number(given);
      return Number.isInteger(number) && number >= 0 && number <= max ? number : fallback;
    },
  };
}

/**
 * Returns the kind for variables that have no default and whose value is a number of seconds. An invalid value has no
 * effect.
 */
function secondsIfGiven(meaning: string, { max }: { max: number }): Kind<number | undefined> {
  const inside = (number: number) => (number >= 0 && number <= max ? number : undefined);
  return {
    meaning,
    value: "seconds",
    read: (given) => (given === undefined || given.trim() === "" ? undefined : inside(Number(given))),
  };
}

function daysKind(fallback: number, meaning: string): Kind<number> {
  return { ...secondsKind(fallback, meaning, { max: 365 }), value: "days" };
}

export const variables = {
  aliasfile: textKind(
    "The alias file with which sendmail rewrites local names. By default, local names are not rewritten.",
    "file",
  ),
  allnet: flagKind(
    "In replies, treat an address as yours if its local part is your user name or the local part of an alternate.",
  ),
  append: flagKind("Append messages to mbox instead of prepending them."),
  ask: flagKind("Ask for the subject; the same as asksub."),
  askbcc: flagKind("Ask for Bcc recipients after the body."),
  askcc: flagKind("Ask for Cc recipients after the body."),
  asksub: flagKind("Ask for the subject."),
  autoinc: flagKind("Add new mail to the list at each prompt."),
  autoprint: flagKind("Print the next message after a deletion."),
  autobcc: textKind("Bcc recipients of every message.", "list"),
  autocc: textKind("Cc recipients of every message.", "list"),
  byname: flagKind(
    "Store a copy of each sent message in a file named after its first recipient, instead of in the file that record names; the same as -F.",
  ),
  cadir: {
    ...textKind("A directory of PEM files with more certificate authorities to trust.", "directory"),
    synonyms: { "ssl-ca-dir": asGiven, "tls-ca-dir": asGiven },
    perAccount: true,
  },
  cafile: {
    ...textKind("A PEM file of certificate authorities to trust in addition to the system's.", "file"),
    synonyms: { "ssl-ca-file": asGiven, "tls-ca-file": asGiven },
    perAccount: true,
  },
  certcheck: {
    ...textKind(
      "Whether to verify the server's certificate: yes, no, warn (only print a warning) or ask (on a terminal; otherwise yes). The default is yes.",
      "yes|no|warn|ask",
    ),
    synonyms: { "ssl-verify": toCertificateCheck, "tls-verify": toCertificateCheck },
    perAccount: true,
  },
  chunking: textKind(
    "When to send a message in chunks (BDAT), if the server supports them: always, large (a megabyte or more) or never. The default is large.",
    "always|large|never",
  ),
  clientcert: {
    ...textKind("A PEM file with the certificate that identifies this client to the server.", "file"),
    synonyms: { "ssl-cert": asGiven },
    perAccount: true,
  },
  clientkey: {
    ...textKind(
      "A PEM file with the private key of clientcert. The default is the file specified by clientcert.",
      "file",
    ),
    synonyms: { "ssl-key": asGiven },
    perAccount: true,
  },
  crt: textKind(
    "Use the pager for messages that have more than this number of lines. Without a value, use the pager for messages that do not fit on the screen.",
    "lines",
  ),
  decode: flagKind(
    "Decode messages before showing them. Set by default on a terminal; nodecode shows messages as stored.",
  ),
  DEAD: textKind("The file that receives unsent messages. The default is ~/dead.letter.", "file"),
  debug: flagKind("Show each message instead of sending it."),
  dot: flagKind("A lone dot ends a message typed on a terminal."),
  drafts: textKind(
    "The mailbox in which mail --draft stores messages, and from which mail --send sends them. The default is ~/drafts.",
    "file",
  ),
  dryrun: flagKind("Show the envelope and the message instead of sending the message; the same as --dry-run."),
  dsn: textKind(
    "The events for which to request a delivery status notification: success, failure, delay or never.",
    "list",
  ),
  EDITOR: programKind("The editor for the edit command and ~e.", ["/usr/bin/editor", "ex", "vi", "nano"]),
  errexit: flagKind(
    "Exit after the first command that fails, without changing the mailbox. The exit code is the error's exit code, or 1.",
  ),
  escape: textKind(
    "The character that begins an escape. The default is ~. Without a value, escapes are disabled.",
    "character",
  ),
  encoding: {
    ...textKind(
      "The transfer encoding of a text that is not ASCII: 8bit, quoted-printable or base64. The default is 8bit if the server accepts it.",
      "encoding",
    ),
    synonyms: { "mime-encoding": asGiven },
  },
  expandaddr: {
    meaning:
      "Accept files and programs as recipients: /file, +folder, |command. If a value is given, it is a list as in S-nail.",
    value: "",
    read: (text: string | undefined) => text !== undefined && acceptsFilesAndCommands(text),
  },
  flipr: flagKind("Swap the reply and Reply commands; the same as Replyall."),
  folder: textKind("The directory that contains the files named +name.", "directory"),
  "forward-as-attachment": flagKind("Make the forward command attach the complete message as message/rfc822."),
  from: textKind("The sender's address, in the envelope and in the From field.", "address"),
  "history-file": textKind(
    "The file that stores command lines between sessions. The default is a file named history in the state directory. Without a value, command lines are not stored.",
    "file",
  ),
  "history-size": countKind(1000, "The number of command lines to store.", { max: 1_000_000 }),
  hostname: textKind("The host name in the addresses of local users, in Message-ID and in EHLO.", "host"),
  hold: flagKind("Keep read messages in the system mailbox."),
  ignore: flagKind("Ignore interrupts while a message is being typed, and print @ instead."),
  ignoreeof: flagKind("Do not end a message or the session at the end of input."),
  indentprefix: textKind("The prefix of each line that ~m inserts. The default is a tab.", "text"),
  interactive: flagKind(
    "Behave as if standard input were a terminal; the same as -I. Set by default if standard input is a terminal.",
  ),
  keep: flagKind("Truncate an empty system mailbox instead of removing it. This is always done."),
  keepsave: flagKind("Move saved messages to mbox at quit instead of deleting them."),
  LISTER: textOr("/bin/ls", "The program that the folders command runs.", "program"),
  lockwait: secondsKind(30, "The time to wait for a mailbox that another program has locked.", { max: 600 }),
  MAIL: {
    ...textKind("The path of the system mailbox, an mbox file or a Maildir.", "file"),
    synonyms: { inbox: asGiven },
  },
  mailcap: textKind(
    "The programs with which the open command shows parts, in the form type: program %s; type: program %s.",
    "programs",
  ),
  markanswered: flagKind(
    "Mark messages in an mbox as answered (X-Status) after a reply. In a Maildir, they are always marked.",
  ),
  MBOX: textKind(
    "The mailbox that receives read messages at quit. A trailing slash selects a Maildir. The default is ~/mbox.",
    "file",
  ),
  metoo: flagKind("Do not remove the sender from an expanded alias."),
  maillog: textKind(
    "The mail server's log, which the track command reads. The default is one of the system's usual paths.",
    "file",
  ),
  mta: {
    ...textKind(
      "The transport for outgoing mail: smtp://HOST:PORT, submission://USER@HOST, smtps://USER@HOST, lmtp://HOST:PORT, lmtp:/SOCKET, a program with its arguments, or local. The default is smtp://localhost:25.",
      "transport",
    ),
    synonyms: { smtp: toServerUrl },
  },
  netrc: textOr(
    "~/.netrc",
    "The file of passwords for mail servers. No other user may have permission to read it.",
    "file",
  ),
  "netrc-lookup": flagKind(
    "Log in with the user name that netrc contains for the server, if no other user name is set.",
  ),
  noheader: flagKind("Do not list the headers at start-up."),
  noindex: flagKind(
    "Do not read or write the caches in ~/.cache/mail: the indexes of large mailboxes, and the data for message lists.",
  ),
  nosave: flagKind("Do not save an interrupted message in dead.letter."),
  "oauth-authorization-endpoint": {
    ...textKind("The URL of the page on which the user logs in, if oauth-provider does not determine it.", "URL"),
    perAccount: true,
  },
  "oauth-client-id": {
    ...textKind(
      "The client identifier that the provider issued when you registered mail. If set, the account uses OAuth2, and mail --login obtains its token.",
      "identifier",
    ),
    perAccount: true,
    notInherited: true,
  },
  "oauth-client-secret": {
    ...textKind(
      "The secret that the provider issued with oauth-client-id, if any. It is accepted from a start-up file only if no other user can read the file.",
      "secret",
    ),
    perAccount: true,
    isSecret: true,
    notInherited: true,
  },
  "oauth-device-endpoint": {
    ...textKind("The URL of the device authorization endpoint, if oauth-provider does not determine it.", "URL"),
    perAccount: true,
  },
  "oauth-provider": {
    ...textKind(
      "The OAuth2 provider: google, microsoft, or the URL of an issuer. By default, the mail server's name determines the provider.",
      "provider",
    ),
    perAccount: true,
  },
  "oauth-scope": {
    ...textKind(
      "The permissions to request, separated by spaces. By default, the permissions that the provider requires for mail.",
      "list",
    ),
    perAccount: true,
  },
  "oauth-token-command": {
    ...textKind(
      "A command that prints an OAuth2 access token. It replaces mail --login. The environment variables MAIL_USER and MAIL_HOST identify the account.",
      "command",
    ),
    perAccount: true,
    notInherited: true,
  },
  "oauth-token-endpoint": {
    ...textKind("The URL that issues tokens, if oauth-provider does not determine it.", "URL"),
    perAccount: true,
  },
  outfolder: flagKind("Interpret a relative path in record as relative to the folder directory."),
  PAGER: programKind("The program that shows long messages page by page.", ["/usr/bin/pager", "less", "more"]),
  password: {
    ...textKind(
      "The password for the server. A start-up file that contains it must not be readable by other users.",
      "password",
    ),
    synonyms: { "smtp-auth-password": asGiven },
    perAccount: true,
    isSecret: true,
    notInherited: true,
  },
  passwordcommand: textKind(
    "A command that prints the password for a server. The environment variables MAIL_USER and MAIL_HOST identify the account.",
    "command",
  ),
  prompt: textOr(
    "& ",
    "The prompt on a terminal. The sequence %u stands for the number of unread messages, and %f for the name of the folder.",
    "text",
  ),
  queue: flagKind(
    "Queue a message that the server temporarily cannot accept, and retry later; see --flush and --queue.",
  ),
  queueage: daysKind(5, "The maximum time that a message stays in the queue."),
  quiet: flagKind("Do not print the banner at start-up."),
  readonly: flagKind("Open every mailbox read-only; the same as -R."),
  record: textKind("The mbox file or Maildir that receives copies of sent messages.", "file"),
  "reply-to": {
    ...textKind("The addresses in Reply-To.", "list"),
    synonyms: { replyto: asGiven },
  },
  "reply-to-honour": choiceKind(
    ["yes", "no", "ask-yes", "ask-no"],
    "yes",
    "Whether a reply is sent to the addresses in Reply-To instead of to the author. In both cases, a reply to all is also sent to the other recipients. With ask-yes or ask-no, mail asks on a terminal. If the variable is unset, the reply command uses only the addresses in Reply-To, and the Reply command uses only the authors.",
  ),
  Replyall: flagKind("Swap the reply and Reply commands."),
  save: flagKind("Save an interrupted message in dead.letter. This is the default; nosave disables it."),
  screen: textKind("The number of header lines in a window.", "lines"),
  searchheaders: flagKind("In a message list, interpret /field:text as a search for the text in that field."),
  sender: textKind("The address in the Sender field.", "address"),
  sendmail: textKind(
    "A sendmail program with its arguments, or a server's URL as in mta. Used if mta is not set.",
    "program",
  ),
  SHELL: textOr("/bin/sh", "The shell that is started by the !, | and shell commands.", "program"),
  sendwait: flagKind("Wait until the message has been submitted. This is always done."),
  "show-rcpt": flagKind(
    "Show the recipient instead of the sender in the header lines of messages that you did not send.",
  ),
  showname: flagKind("Use names instead of addresses in header lines and in searches for senders."),
  showto: flagKind("Show the recipient instead of the sender in the header lines of messages that you sent."),
  sign: textKind("The signature that ~a inserts.", "text"),
  Sign: textKind("The signature that ~A inserts.", "text"),
  signature: {
    ...textKind("The file that is appended to each plain-text message.", "file"),
    notInherited: true,
  },
  skipempty: { ...flagKind("Do not send a message with an empty body."), synonyms: { skipemptybody: asGiven } },
  "smtp-hostname": textKind(
    "The host name in the envelope sender. If this variable is set, the sender's local part is the user name for the login.",
    "host",
  ),
  smtpauth: {
    ...textKind(
      "The authentication mechanism: scram-sha-256, scram-sha-1, cram-md5, plain, login, external, oauthbearer, xoauth2, or none to send without a login. The default is the safest mechanism that the server supports.",
      "mechanism",
    ),
    synonyms: { "smtp-auth": toMechanism },
    perAccount: true,
  },
  smtpconnecttimeout: secondsIfGiven(
    "The maximum time for connecting and for the server's greeting. The default is the value of smtptimeout.",
    {
      max: 3600,
    },
  ),
  smtptimeout: secondsKind(60, "The maximum time to wait for a response from the server before the submission fails.", {
    max: 3600,
  }),
  smtptotaltimeout: secondsKind(0, "The maximum time for the complete submission of a message; 0 means no limit.", {
    max: 86_400,
  }),
  starttls: {
    ...textKind(
      'Whether smtp, submission and lmtp connections use STARTTLS: required, opportunistic or none. For connections to another host, the default is "required" if a login or a submission URL is used, and "opportunistic" otherwise. For connections to this host, the default is "opportunistic" if a login is used, and "none" otherwise.',
      "policy",
    ),
    synonyms: { "smtp-use-starttls": () => "required" },
    perAccount: true,
  },
  systemca: {
    ...textKind("Whether to trust the system's certificate authorities. The default is yes.", "yes|no"),
    synonyms: { "ssl-no-default-ca": () => "no", "ssl-ca-no-defaults": () => "no", "tls-ca-no-defaults": () => "no" },
    perAccount: true,
  },
  tlsminversion: {
    ...textKind("The minimum version of TLS: 1.2 or 1.3. The default is 1.2.", "version"),
    synonyms: { "ssl-protocol": toTlsVersion },
    perAccount: true,
  },
  toplines: textKind("The number of lines that the top command prints. The default is 5.", "lines"),
  trace: textKind("Write the dialogue with the server to standard error as JSON lines; the same as --trace.", "json"),
  trash: textKind(
    "The mailbox to which the quit command moves deleted messages: a file, or a folder on a server. If this is not set, quit removes deleted messages.",
    "file",
  ),
  user: {
    ...textKind("The user name for a login, if mta does not contain a user name.", "name"),
    synonyms: { "smtp-auth-user": asGiven },
    perAccount: true,
    notInherited: true,
  },
  verbose: flagKind("Show the dialogue with the server; the same as -v."),
  ttycharset: textKind("The charset of input that is not UTF-8. The default is the locale's charset.", "charset"),
  VISUAL: programKind("The editor for the visual command and ~v.", [
    "/usr/bin/vi",
    "vi",
    "/usr/bin/editor",
    "nano",
    "ex",
  ]),
} as const satisfies Record<string, Kind<unknown>>;

export type VariableName = keyof typeof variables;
export type ValueOf<Name extends VariableName> = ReturnType<(typeof variables)[Name]["read"]>;

/**
 * Returns the names under which a variable may be set, beginning with its own name. Each name has a conversion for its
 * value.
 */
export function namesOfVariable(name: VariableName): readonly (readonly [string, Convert])[] {
  return [[name, asGiven], ...Object.entries(declarationOf(name).synonyms ?? {})];
}

/** Returns the declaration of a variable, without its type. */
export function declarationOf(name: VariableName): Kind<unknown> {
  return variables[name];
}

/**
 * Returns the variable to which a name refers. The name may be the variable's own name, a synonym, or either of these
 * with an account's suffix.
 */
export function variableOf(name: string): VariableName | undefined {
  if (Object.hasOwn(variables, name)) return name as VariableName;
  let best: { readonly own: VariableName; readonly length: number } | undefined;
  for (const own of Object.keys(variables) as VariableName[]) {
    for (const [each] of namesOfVariable(own)) {
      if (each === name) return own;
      const isFamily = declarationOf(own).perAccount === true && name.startsWith(`${each}-`);
      if (isFamily && each.length > (best?.length ?? 0)) best = { own, length: each.length };
    }
  }
  return best?.own;
}

/** Returns whether a variable's value is a password, which is never shown. */
export function isSecretVariable(name: string): boolean {
  const own = variableOf(name);
  return own !== undefined && declarationOf(own).isSecret === true;
}
