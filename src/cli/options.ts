/** The table that declares all options. The parser, --help and mail(1) use it. */

export interface Option {
  /** The letter, unless the option has only a long name. */
  readonly letter?: string;
  readonly long: string;
  /** The argument's name; undefined for a flag. */
  readonly argument?: string;
  /** Whether the argument may be omitted. */
  readonly optional?: true;
  /** Whether the option may be repeated to give several values. */
  readonly repeats?: true;
  /** Whether the option accepts all arguments up to the next option. */
  readonly variadic?: true;
  /** The option with its arguments, as the usage message shows it; only for an option that is used on its own. */
  readonly synopsis?: string;
  /** The option's names in GNU mail and S-nail; --help does not list these names. */
  readonly also?: readonly string[];
  /**
   * Whether the option's position relative to other such options is significant. For example, an attachment's label must precede the attachment.
   */
  readonly ordered?: true;
  /**
   * Whether the option has no effect. Such an option is accepted because another client has it, but --help does not
   * list it.
   */
  readonly noEffect?: true;
  readonly meaning: string;
}

export const options = [
  { letter: "s", long: "subject", argument: "subject", meaning: "Set the subject instead of asking for it." },
  { letter: "c", long: "cc", argument: "list", repeats: true, meaning: "Add Cc recipients." },
  {
    letter: "b",
    long: "bcc",
    argument: "list",
    repeats: true,
    meaning: "Add Bcc recipients, who are not shown in the header.",
  },
  {
    letter: "r",
    long: "from",
    argument: "address",
    also: ["return-address", "from-address"],
    meaning: "Set the sender of the envelope and of the From field.",
  },
  {
    letter: "a",
    long: "header",
    argument: "field",
    repeats: true,
    also: ["append"],
    ordered: true,
    meaning:
      'Add the header field "Name: value". It replaces the field that mail would write. If the argument names a file instead, attach the file, as in S-nail; FILE=CHARSET declares the charset of FILE.',
  },
  {
    letter: "C",
    long: "custom-header",
    argument: "field",
    repeats: true,
    meaning: "Add a header field, as -a does. This is the option's name in S-nail.",
  },
  {
    letter: "A",
    long: "attach",
    argument: "file",
    repeats: true,
    ordered: true,
    meaning:
      "Attach a file, or the output of a pipe or <(command). If /dev/stdin is attached, the body is empty. If the start-up files define an account of that name, -A selects it instead, as in S-nail.",
  },
  {
    long: "attach-fd",
    argument: "number",
    repeats: true,
    ordered: true,
    meaning: "Attach the contents of an open file descriptor.",
  },
  {
    long: "content-type",
    argument: "type/subtype",
    repeats: true,
    ordered: true,
    meaning: "Set the MIME type of the attachments that follow. If none follows, set the type of the body, as -M does.",
  },
  {
    long: "content-filename",
    argument: "name",
    repeats: true,
    ordered: true,
    meaning: "Set the file name of the next attachment.",
  },
  {
    long: "content-name",
    argument: "name",
    repeats: true,
    ordered: true,
    meaning: 'Set the parameter "name" in the Content-Type field of the next attachment.',
  },
  {
    long: "encoding",
    argument: "name",
    repeats: true,
    ordered: true,
    meaning:
      "Set the encoding of the attachments that follow, or of the body if none follows: base64, quoted-printable, 8bit or 7bit.",
  },
  { long: "skip-empty-attachments", meaning: "Do not attach empty files." },
  {
    long: "alternative",
    meaning: "Send the body and the attachments as alternative forms of the same text (multipart/alternative).",
  },
  {
    long: "html",
    meaning: "Send the body as HTML, with a plain-text alternative that mail generates.",
  },
  {
    letter: "M",
    long: "body-type",
    argument: "type/subtype",
    meaning:
      "Set the MIME type of the body, such as text/html. Without an argument of this form, -M has no effect, as in GNU mail.",
  },
  {
    letter: "m",
    long: "body-file",
    argument: "file",
    meaning:
      "Send a file as the body, with the MIME type that its name and content suggest, and do not read standard input. If another option follows, -m means --without-mime.",
  },
  {
    long: "without-mime",
    also: ["no-mime"],
    meaning: "Do not write MIME header fields. The body must then be ASCII text, and files cannot be attached.",
  },
  { long: "mime", noEffect: true, meaning: "Write MIME header fields; this is the default." },
  {
    letter: "q",
    long: "quote-file",
    argument: "file",
    meaning: "Begin the body with the contents of a file.",
  },
  {
    letter: "t",
    long: "recipients-from-header",
    also: ["to", "template"],
    meaning:
      "Read recipients, subject and other header fields from the start of the input. If the command line names recipients, those in the input are not added, and the input need not begin with a header.",
  },
  {
    letter: "T",
    long: "target",
    argument: "field: address",
    repeats: true,
    meaning: "Add a recipient to the To, Cc or Bcc field.",
  },
  {
    letter: "F",
    long: "byname",
    meaning: "Store a copy of the message in a file named after the first recipient; see the byname variable.",
  },
  {
    letter: "f",
    long: "file",
    meaning:
      "Read a file instead of the system mailbox: the file named by the next argument (- for standard input), or mbox if there is none.",
  },
  {
    letter: "u",
    long: "user",
    argument: "user",
    also: ["inbox-of"],
    meaning: "Read the system mailbox of another user.",
  },
  {
    letter: "e",
    long: "exists",
    also: ["exist", "check-and-exit"],
    meaning: "Only check for mail: exit with 0 if there is mail, otherwise with 1. With recipients, -e means -E.",
  },
  { letter: "H", long: "headers", also: ["header-summary"], meaning: "Print the header list and exit." },
  {
    letter: "L",
    long: "search",
    argument: "list",
    meaning:
      "Print the header lines of the messages that match a list or query, and exit. With -e, print nothing, and report in the exit code whether any message matches.",
  },
  {
    letter: "N",
    long: "without-header-list",
    also: ["nosum", "no-header-summary"],
    meaning: "Do not list the headers at start-up.",
  },
  { letter: "R", long: "read-only", meaning: "Open every mailbox read-only; see the readonly variable." },
  {
    letter: "E",
    long: "skip-empty",
    also: ["discard-empty-messages"],
    meaning:
      "Do not send a message with an empty body. If the next argument is a command such as 'set escape', run the command instead.",
  },
  {
    letter: "i",
    long: "ignore-interrupts",
    also: ["ignore"],
    meaning: "Ignore interrupts while a message is being typed.",
  },
  { letter: "I", long: "interactive", meaning: "Behave as if standard input were a terminal." },
  {
    letter: "~",
    long: "tilde-escapes",
    also: ["enable-cmd-escapes"],
    meaning: "Interpret tilde escapes even if standard input is not a terminal.",
  },
  {
    letter: "#",
    long: "batch-mode",
    meaning:
      "Run commands and tilde escapes from standard input, with no mailbox open unless -f or -u names one. Combines -~, -N and the quiet variable.",
  },
  { letter: "n", long: "without-system-rc", also: ["norc"], meaning: "Do not read /etc/mail.rc." },
  {
    letter: ":",
    long: "resource-files",
    argument: "spec",
    meaning:
      "Select the start-up files and their order: s is /etc/mail.rc, u is ~/.mailrc, x is the built-in start-up file, and / or - means none. Overrides -n.",
  },
  {
    letter: "d",
    long: "debug",
    meaning: "Show how the message would be sent, instead of sending it. For programs, the same as --dry-run.",
  },
  {
    long: "dry-run",
    meaning:
      "Print the envelope and the complete message instead of sending it. With --delete and other actions on messages, report the changes that would be made, and change nothing. An option that only reads mail cannot be used together with --dry-run.",
  },
  { long: "trace", argument: "json", meaning: "Write the dialogue with the server to standard error as JSON lines." },
  { letter: "v", long: "verbose", meaning: "Show the dialogue with the server." },
  {
    letter: "S",
    long: "set",
    argument: "name=value",
    repeats: true,
    meaning: "Set a variable after the start-up files have been read.",
  },
  {
    long: "account",
    argument: "name",
    meaning:
      "Select an account that a start-up file defines. Variables given with -S are set after the account's variables.",
  },
  {
    long: "login",
    argument: "account",
    meaning:
      "Log in to the OAuth2 provider for an account that a start-up file defines, and store the token. See oauth-client-id in mailrc(5).",
  },
  {
    letter: "X",
    long: "startup-cmd",
    argument: "command",
    repeats: true,
    also: ["exec"],
    meaning: "Run a command after the start-up files have been read. If it fails, mail exits.",
  },
  {
    letter: ".",
    long: "end-options",
    meaning: "End the options and send a message: all arguments that follow are recipients.",
  },
  { letter: "B", long: "line-buffered", noEffect: true, meaning: "Print each line immediately; this is the default." },
  {
    long: "run",
    argument: "command",
    variadic: true,
    meaning:
      "Run a command, send its output, and exit with its exit code. A single argument is a shell command line. If there are several arguments, the first is a program, and the others are its arguments. The arguments end before the next option, unless -- follows --run.",
  },
  {
    long: "if",
    argument: "when",
    meaning:
      "With --run, send after every run (always), or only if the command failed (failed), printed something (output), or changed its output or exit code since the last run (changed).",
  },
  {
    long: "throttle",
    argument: "time",
    meaning: "With --run, send at most one message in each period of this length, such as 90s, 30m, 1h or 2d.",
  },
  {
    long: "digest",
    meaning: "With --throttle, the next message includes the output of the runs that sent nothing.",
  },
  {
    long: "config",
    synopsis: "--config",
    meaning: "List every variable with its value, and the file or option that set it.",
  },
  {
    long: "check",
    synopsis: "--check [address]",
    meaning:
      "Check whether local mail works on this machine, whether mail for ADDRESS would be accepted, and whether mailboxes on servers can be opened.",
  },
  {
    long: "json",
    meaning:
      "Print each message, or each message that matches a query, as one line of JSON, and exit. With --check, print the findings as JSON. With an option for sending, such as -s, send a message and print its outcome as JSON.",
  },
  {
    long: "limit",
    argument: "number",
    meaning: "With --json, print at most this number of messages.",
  },
  { long: "newest", meaning: "With --json, print the messages in reverse order, beginning with the last." },
  {
    long: "sort",
    argument: "key",
    meaning:
      "With --json, sort the messages by date, from, subject or size. A minus sign before the key reverses the order.",
  },
  { long: "thread", meaning: "With --json, group the messages by thread, and add each message's thread and depth." },
  {
    long: "parts",
    meaning: "With --json, add the number, type, name and size of each message part.",
  },
  { long: "text", meaning: "With --json, add the readable text of each message." },
  { long: "all-headers", meaning: "With --json, add all header fields of each message." },
  {
    long: "show",
    meaning:
      "With --json, print one message with its parts, its text and all header fields. The argument is an id or a query.",
  },
  {
    long: "json-schema",
    argument: "kind",
    optional: true,
    synopsis: "--json-schema [kind]",
    meaning: "Print the JSON Schema of every object that mail exchanges with programs, or of one kind of object.",
  },
  {
    long: "delete",
    synopsis: "--delete [-f name] id|query",
    meaning:
      "Delete the messages with these ids, or the messages that match a query. Message numbers are not accepted.",
  },
  {
    long: "move",
    argument: "folder",
    synopsis: "--move <folder> [-f name] id|query",
    meaning: "Move messages to a folder.",
  },
  {
    long: "copy",
    argument: "folder",
    synopsis: "--copy <folder> [-f name] id|query",
    meaning: "Copy messages to a folder.",
  },
  {
    long: "mark",
    argument: "state",
    synopsis: "--mark <state> [-f name] id|query",
    meaning: "Mark messages as read, unread, flagged, unflagged, answered or draft.",
  },
  {
    long: "save-parts",
    argument: "directory",
    synopsis: "--save-parts <directory> [-f name] id|query",
    meaning: "Save the messages' attachments in a directory. Existing files are not overwritten.",
  },
  {
    long: "resend",
    argument: "address",
    repeats: true,
    synopsis: "--resend <address> [-f name] id|query",
    meaning: "Send messages to another address, unchanged except for the added Resent- fields.",
  },
  {
    long: "reply",
    argument: "id",
    synopsis: "--reply <id> [-f name]",
    meaning: "Reply to a message with the text from standard input.",
  },
  {
    long: "all",
    meaning: "With --reply, reply to the author and all recipients, as the reply command does. This is the default.",
  },
  { long: "sender", meaning: "With --reply, reply only to the author." },
  { long: "quote", meaning: "With --reply, insert the quoted message before the text." },
  {
    long: "forward",
    argument: "id",
    synopsis: "--forward <id> [-f name] address ...",
    meaning: "Forward a message, preceded by the text from standard input.",
  },
  {
    long: "part",
    argument: "number",
    synopsis: "--part <number> [-f name] id",
    meaning: "Write the decoded content of a part to standard output.",
  },
  {
    long: "from-json",
    synopsis: "--from-json",
    meaning: "Read the complete message from standard input as a JSON object, and send it.",
  },
  {
    long: "draft",
    meaning: "Store the message in the folder specified by the drafts variable, instead of sending it.",
  },
  {
    long: "send",
    argument: "id",
    synopsis: "--send <id> [-f name]",
    meaning:
      "Send a draft at most once, and remove it from its folder. If the outcome of an earlier attempt is unknown, mail exits with 75.",
  },
  { long: "again", meaning: "With --send, send the draft even if an earlier attempt may have sent it." },
  {
    long: "at-most",
    argument: "number",
    meaning:
      "If the query of an action matches more than this number of messages, do nothing. The default for --delete, --move and --resend is 100.",
  },
  { long: "count", meaning: "Print the number of messages, or of those that match a query, and exit." },
  {
    letter: "p",
    long: "print",
    also: ["read"],
    meaning: "Print all messages, or those that match a list or query, and exit. Messages are not marked as read.",
  },
  {
    long: "folders",
    synopsis: "--folders [--json]",
    meaning:
      "List the names in the folder directory. If the folder variable names a server, list the server's folders with their special uses.",
  },
  {
    long: "queue",
    synopsis: "--queue",
    meaning: "List the messages in the queue; see the queue variable.",
  },
  { long: "flush", synopsis: "--flush", meaning: "Try to send all queued messages now." },
  {
    long: "smtp",
    argument: "host:port",
    optional: true,
    synopsis: "--smtp [host:port]",
    meaning: "Type an SMTP dialogue by hand, or read it from standard input.",
  },
  {
    long: "track",
    argument: "id",
    optional: true,
    synopsis: "--track [id] [--wait seconds]",
    meaning:
      "Report the delivery status of a message, according to the mail server's log. The argument is a queue id, a message-id or an address. Without an argument, report on the last message sent.",
  },
  {
    long: "wait",
    argument: "seconds",
    meaning:
      "Wait until a message that matches a query arrives, print it, and exit. If no such message arrives within this time, exit with 75. With --track, follow the log until the message has been delivered or has bounced.",
  },
  {
    long: "present",
    meaning: "With --wait, accept a message that is already in the mailbox, or arrives before the wait begins.",
  },
  ...["no-config", "no-site-config", "no-user-config"].map((long) => ({
    long,
    noEffect: true as const,
    meaning: "Accepted without effect: mail never reads GNU mail's configuration files.",
  })),
  {
    long: "debug-level",
    argument: "level",
    noEffect: true,
    meaning:
      "Accepted without effect: the option sets the debugging level of GNU mail's libraries, and mail does not use these libraries.",
  },
  ...["debug-line-info", "no-debug-line-info"].map((long) => ({
    long,
    noEffect: true as const,
    meaning:
      "Accepted without effect: the option sets the format of diagnostics from GNU mail's libraries, and mail does not use these libraries.",
  })),
  { letter: "V", long: "version", meaning: "Print the version and exit." },
] as const satisfies readonly Option[];
