/**
 * The table that declares all variables. `set`, completion, mailrc(5) and the typed access in settings.ts use it.
 *
 * As in bsd-mailx, a value is stored as text and is interpreted according to the variable's kind. Unknown variables are
 * stored, too.
 */

interface Kind<T> {
  readonly meaning: string;
  /** The placeholder for the value in the manual; empty for a flag. */
  readonly value: string;
  /** Interprets a value; undefined if the variable is neither set nor in the environment. */
  read(text: string | undefined): T;
}

function withDefault(meaning: string, fallback: string | number): string {
  return `${meaning} By default ${fallback}.`;
}

function flagKind(meaning: string): Kind<boolean> {
  return { meaning, value: "", read: (text) => text !== undefined };
}

function textKind(meaning: string, value = "text"): Kind<string | undefined> {
  return { meaning, value, read: (given) => given };
}

function textOr(fallback: string, meaning: string, value = "text"): Kind<string> {
  const shown = fallback === fallback.trim() ? fallback : `"${fallback}"`;
  return {
    meaning: withDefault(meaning, shown),
    value,
    read: (given) => (given === undefined || given === "" ? fallback : given),
  };
}

/**
 * Returns the kind of a variable in seconds. Any value that is not a number from 0 to `max` is ignored, and the default
 * is used.
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

/** Returns the kind of a variable in seconds without a default. An invalid value has no effect. */
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
  cafile: textKind("A PEM file of further certificate authorities to trust, in addition to the system's.", "file"),
  certcheck: textKind("Whether to verify the server's certificate. By default yes.", "yes|no"),
  chunking: textKind(
    "When to send a message in chunks (BDAT), if the server supports them: always, large (a megabyte or more) or never. By default large.",
    "always|large|never",
  ),
  crt: textKind(
    "Page messages that have more than this number of lines. Without a value, page messages that do not fit on the terminal.",
    "lines",
  ),
  decode: flagKind(
    "Decode messages before showing them. By default set on a terminal; nodecode shows messages as stored.",
  ),
  DEAD: textKind("The file that receives unsent messages. By default ~/dead.letter.", "file"),
  debug: flagKind("Show the message instead of sending it."),
  dot: flagKind("A lone dot ends a message typed on a terminal."),
  dryrun: flagKind("Show the envelope and the message instead of sending it; the same as --dry-run."),
  dsn: textKind(
    "The events for which to request a delivery status notification: success, failure, delay or never.",
    "list",
  ),
  EDITOR: textOr("ex", "The editor for edit and ~e.", "program"),
  errexit: flagKind(
    "Exit after the first command that fails, without changing the mailbox. The exit code is the error's exit code, or 1.",
  ),
  escape: textKind(
    "The character that begins an escape. By default ~. Without a value, escapes are disabled.",
    "character",
  ),
  expandaddr: flagKind("Accept files and programs as recipients: /file, +folder, |command."),
  flipr: flagKind("Swap reply and Reply; the same as Replyall."),
  folder: textKind("The directory that contains the files named +name.", "directory"),
  "forward-as-attachment": flagKind("Let forward attach the complete message as message/rfc822."),
  from: textKind("The sender's address, in the envelope and in From:.", "address"),
  "history-file": textKind(
    "The file that stores command lines between sessions. By default history in the state directory. Without a value, command lines are not stored.",
    "file",
  ),
  "history-size": countKind(1000, "The number of command lines to store.", { max: 1_000_000 }),
  hold: flagKind("Keep read messages in the system mailbox."),
  ignore: flagKind("Ignore interrupts while a message is being typed, and print @ instead."),
  ignoreeof: flagKind("Do not let end of input end a message or the session."),
  indentprefix: textKind("The prefix of each line that ~m inserts. By default a tab.", "text"),
  interactive: flagKind("Behave as on a terminal, as with -I. By default set if standard input is a terminal."),
  keep: flagKind("Truncate an empty system mailbox instead of removing it. This is always done."),
  keepsave: flagKind("Move saved messages to mbox at quit instead of deleting them."),
  LISTER: textOr("/bin/ls", "The program that folders runs.", "program"),
  lockwait: secondsKind(30, "The time to wait for a mailbox that another program has locked.", { max: 600 }),
  MAIL: textKind("The path of the system mailbox, an mbox file or a Maildir.", "file"),
  mailcap: textKind(
    "The programs with which open shows parts, in the form type: program %s; type: program %s.",
    "programs",
  ),
  MBOX: textKind(
    "The mailbox that receives read messages at quit. A trailing slash selects a Maildir. By default ~/mbox.",
    "file",
  ),
  metoo: flagKind("Do not remove the sender from an expanded alias."),
  maillog: textKind("The mail server's log, which track reads. By default one of the system's usual paths.", "file"),
  mta: textKind(
    "The transport for outgoing mail: smtp://HOST:PORT, submission://USER@HOST, smtps://USER@HOST, lmtp://HOST:PORT, lmtp:/SOCKET, the path of a program, or local. By default smtp://localhost:25.",
    "transport",
  ),
  netrc: textOr(
    "~/.netrc",
    "The file of passwords for mail servers. No other user may have permission to read it.",
    "file",
  ),
  noheader: flagKind("Do not list the headers at start-up."),
  noindex: flagKind("Do not use or write an index of large mailboxes in ~/.cache/mail."),
  nosave: flagKind("Do not save an interrupted message in dead.letter."),
  outfolder: flagKind("Interpret a relative path in record as relative to the folder directory."),
  PAGER: textOr("more", "The program that shows long messages page by page.", "program"),
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
  record: textKind("The mailbox that receives copies of sent messages, an mbox file or a Maildir.", "file"),
  Replyall: flagKind("Swap reply and Reply."),
  save: flagKind("Save an interrupted message in dead.letter. This is the default; nosave disables it."),
  screen: textKind("The number of header lines in a window.", "lines"),
  searchheaders: flagKind("Let /field:text in a message list search that field."),
  sendmail: textKind("The path of a sendmail program, used if mta is not set.", "program"),
  SHELL: textOr("/bin/sh", "The shell that !, | and shell run.", "program"),
  sendwait: flagKind("Wait until the message has been submitted. This is always done."),
  "show-rcpt": flagKind("Show the recipient instead of the sender in the header lines of other people's messages."),
  showname: flagKind("Use names instead of addresses in header lines and in searches for senders."),
  showto: flagKind("Show the recipient instead of the sender in the header lines of your own messages."),
  sign: textKind("The signature that ~a inserts.", "text"),
  Sign: textKind("The signature that ~A inserts.", "text"),
  skipempty: flagKind("Do not send a message with an empty body."),
  smtpauth: textKind(
    "The authentication mechanism: scram-sha-256, scram-sha-1, cram-md5, plain, login, oauthbearer or xoauth2. By default the safest mechanism that the server supports.",
    "mechanism",
  ),
  smtpconnecttimeout: secondsIfGiven(
    "The maximum time for connecting and for the server's greeting. By default the value of smtptimeout.",
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
  starttls: textKind(
    "When to encrypt smtp, submission and lmtp connections: required, opportunistic or none. By default required for a login on another host, none on this host, and otherwise opportunistic.",
    "policy",
  ),
  toplines: textKind("The number of lines that top prints. By default 5.", "lines"),
  trace: textKind("Write the dialogue with the server to standard error as JSON lines; the same as --trace.", "json"),
  verbose: flagKind("Show the dialogue with the server; the same as -v."),
  ttycharset: textKind("The charset of input that is not UTF-8. By default the locale's charset.", "charset"),
  VISUAL: textOr("vi", "The editor for visual and ~v.", "program"),
} as const satisfies Record<string, Kind<unknown>>;

export type VariableName = keyof typeof variables;
export type ValueOf<Name extends VariableName> = ReturnType<(typeof variables)[Name]["read"]>;
