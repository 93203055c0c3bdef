/**
 * Every variable, declared once: `set`, completion, mailrc(5) and the typed access of settings.ts read this table.
 *
 * A variable is text, as in bsd-mailx: the kind says how a reader of it understands the text. Unknown names are kept.
 */

interface Kind<T> {
  readonly meaning: string;
  /** What a value of this kind looks like in the manual; empty for a flag. */
  readonly value: string;
  /** The environment gives a value where none is set; bsd-mailx does so for every name. */
  read(text: string | undefined): T;
}

function withDefault(meaning: string, fallback: string | number): string {
  return `${meaning} By default ${fallback}.`;
}

function flag(meaning: string): Kind<boolean> {
  return { meaning, value: "", read: (text) => text !== undefined };
}

function text(meaning: string, value = "text"): Kind<string | undefined> {
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

/** Seconds; anything that is not a number from 0 to `max` counts as the default. */
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

/** A whole number; anything else counts as the default. */
function count(fallback: number, meaning: string, { max }: { max: number }): Kind<number> {
  return {
    meaning: withDefault(meaning, fallback),
    value: "number",
    read: (given) => {
      const number = given === undefined || given.trim() === "" ? Number.NaN : Number(given);
      return Number.isInteger(number) && number >= 0 && number <= max ? number : fallback;
    },
  };
}

/** The same, where not having one means something of its own. */
function secondsIfGiven(meaning: string, { max }: { max: number }): Kind<number | undefined> {
  const inside = (number: number) => (number >= 0 && number <= max ? number : undefined);
  return {
    meaning,
    value: "seconds",
    read: (given) => (given === undefined || given.trim() === "" ? undefined : inside(Number(given))),
  };
}

function days(fallback: number, meaning: string): Kind<number> {
  return { ...secondsKind(fallback, meaning, { max: 365 }), value: "days" };
}

export const variables = {
  allnet: flag("In answers, every address with my name or that of an alternate in front of the @ is mine."),
  append: flag("Add messages at the end of mbox, not in front."),
  ask: flag("Ask for the subject; the same as asksub."),
  askbcc: flag("Ask for Bcc: after the body."),
  askcc: flag("Ask for Cc: after the body."),
  asksub: flag("Ask for the subject."),
  autoinc: flag("Take in new mail at each prompt."),
  autoprint: flag("Print the next message after a delete."),
  cafile: text(
    "Certificates in PEM form that a server's is checked against, beside those that everybody trusts.",
    "file",
  ),
  certcheck: text("With no, a server's certificate is not checked.", "yes|no"),
  chunking: text(
    "When a message goes in chunks (BDAT) to a server that takes them: always, large (from a megabyte on) or never. By default large.",
    "always|large|never",
  ),
  crt: text("Page messages longer than this. Without a value, longer than the terminal.", "lines"),
  decode: flag("Show messages decoded; set on a terminal, and nodecode shows them as stored."),
  DEAD: text("Where text of messages that were not sent goes. By default ~/dead.letter.", "file"),
  debug: flag("Don't send; show what would be."),
  dot: flag("A lone dot ends a message typed on a terminal."),
  dryrun: flag("Show the envelope and the message, send nothing; the same as --dry-run."),
  dsn: text("When the server is to send a delivery status notification: success, failure, delay or never.", "list"),
  EDITOR: textOr("ex", "The program of edit and ~e.", "program"),
  errexit: flag("The first command that fails ends the session as exit does, with exit code 1 or the error's own."),
  escape: text("The character that begins an escape. By default ~. Without a value there are no escapes.", "character"),
  expandaddr: flag("Recipients may be files and programs: /file, +folder, |command."),
  flipr: flag("Swap reply and Reply; the same as Replyall."),
  folder: text("The directory that +name means.", "directory"),
  "forward-as-attachment": flag("forward sends a message whole, as message/rfc822."),
  from: text("The sender's address, in the envelope and in From:.", "address"),
  "history-file": text(
    "Where command lines are kept from session to session. By default history in the state directory. Without a value, nowhere.",
    "file",
  ),
  "history-size": count(1000, "How many command lines are kept.", { max: 1_000_000 }),
  hold: flag("Messages that were read stay in the system mailbox."),
  ignore: flag("Interrupts are ignored while a message is typed, and shown as @."),
  ignoreeof: flag("End of input does not end a message or the session."),
  indentprefix: text("Put before each line of ~m. By default a tab.", "text"),
  interactive: flag("Behave as on a terminal, as with -I; set where standard input is one."),
  keep: flag("An emptied system mailbox is truncated, not removed; always so."),
  keepsave: flag("Messages that were saved go to mbox at quit."),
  LISTER: textOr("/bin/ls", "The program of folders.", "program"),
  lockwait: secondsKind(30, "How long to wait for another program's lock on a mailbox.", { max: 600 }),
  MAIL: text("The system mailbox, an mbox or a Maildir.", "file"),
  mailcap: text("Which programs open shows parts with: type: program %s; type: program %s.", "programs"),
  MBOX: text(
    "Where messages go that were read, an mbox or with a slash at its end a Maildir. By default ~/mbox.",
    "file",
  ),
  metoo: flag("Keep the sender in an expanded group."),
  maillog: text("The mail server's log, for track. By default where the system has it.", "file"),
  mta: text(
    "The way out for mail: smtp://HOST:PORT, submission://USER@HOST, smtps://USER@HOST, lmtp://HOST:PORT, lmtp:/SOCKET, a program's path, or local. By default smtp://localhost:25.",
    "transport",
  ),
  netrc: textOr("~/.netrc", "Where passwords for servers are; nobody else may be able to read it.", "file"),
  noheader: flag("No header list at the start."),
  noindex: flag("Keep no index of large mailboxes in ~/.cache/mail, and use none."),
  nosave: flag("An interrupted message is not kept in dead.letter."),
  outfolder: flag("A record that is no path is in the folder directory."),
  PAGER: textOr("more", "The program that pages.", "program"),
  passwordcommand: text(
    "A command that prints the password for a server; MAIL_USER and MAIL_HOST tell it which.",
    "command",
  ),
  prompt: textOr("& ", "The prompt on a terminal; in it %u is the number of unread messages, %f the folder.", "text"),
  queue: flag("Keep what a server can't take for now, and try again later; see --flush and --queue."),
  queueage: days(5, "How long a message is kept in the queue before it is given up."),
  quiet: flag("No banner at the start."),
  record: text("Where copies of sent messages go, an mbox or a Maildir.", "file"),
  Replyall: flag("Swap reply and Reply."),
  save: flag("An interrupted message is kept in dead.letter; always so without nosave."),
  screen: text("How many header lines a window has.", "lines"),
  searchheaders: flag("In a message list, /field:text searches that field."),
  sendmail: text("A program that takes mail, as mta.", "program"),
  SHELL: textOr("/bin/sh", "The shell of !, | and shell.", "program"),
  sendwait: flag("Wait until the message was handed on; always so."),
  "show-rcpt": flag("Header lines show the recipient, except of one's own messages."),
  showname: flag("Header lines, and text looked for in senders, go by names instead of addresses."),
  showto: flag("Header lines of one's own messages show the recipient."),
  sign: text("A signature, inserted by ~a.", "text"),
  Sign: text("Another signature, inserted by ~A.", "text"),
  skipempty: flag("Don't send a message with an empty body."),
  smtpauth: text(
    "How to log in: scram-sha-256, scram-sha-1, cram-md5, plain, login, oauthbearer or xoauth2. By default the safest that the server takes.",
    "mechanism",
  ),
  smtpconnecttimeout: secondsIfGiven("How long connecting and the greeting may take. By default as smtptimeout.", {
    max: 3600,
  }),
  smtptimeout: secondsKind(60, "How long a server may be silent before a submission is given up.", { max: 3600 }),
  smtptotaltimeout: secondsKind(0, "How long the submission of one message may take in all; 0 is any time.", {
    max: 86_400,
  }),
  starttls: text(
    "Encryption with smtp, submission and lmtp: required, opportunistic or none. By default required to log in at another host, none on this one, otherwise opportunistic.",
    "policy",
  ),
  toplines: text("How many lines top prints. By default 5.", "lines"),
  trace: text("Write the dialogue with the server to standard error, as JSON lines; the same as --trace.", "json"),
  verbose: flag("Show the dialogue with the server; the same as -v."),
  ttycharset: text(
    "The charset of what you type and pipe, where it is not UTF-8. By default that of the locale.",
    "charset",
  ),
  VISUAL: textOr("vi", "The program of visual and ~v.", "program"),
} as const satisfies Record<string, Kind<unknown>>;

export type VariableName = keyof typeof variables;
export type ValueOf<Name extends VariableName> = ReturnType<(typeof variables)[Name]["read"]>;
