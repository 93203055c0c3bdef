/** Every option, declared once: parsing, --help and mail(1) read this table. */

export interface Option {
  /** None for what only has a long name. */
  readonly letter?: string;
  readonly long: string;
  /** What the argument is called; none for a flag. */
  readonly argument?: string;
  /** It may be left out. */
  readonly optional?: true;
  /** May be given more than once, each counting. */
  readonly repeats?: true;
  /** Takes all words up to the next option. */
  readonly variadic?: true;
  /** A use of its own, with these words behind it: so the usage has it. */
  readonly alone?: string;
  /** What GNU mail calls it; taken, not listed. */
  readonly also?: string;
  readonly meaning: string;
}

export const options = [
  { letter: "s", long: "subject", argument: "subject", meaning: "The subject; it is not asked for then." },
  { letter: "c", long: "cc", argument: "list", repeats: true, meaning: "Recipients of copies." },
  {
    letter: "b",
    long: "bcc",
    argument: "list",
    repeats: true,
    meaning: "Recipients of copies that the header does not name.",
  },
  {
    letter: "r",
    long: "from",
    argument: "address",
    also: "return-address",
    meaning: "The sender, in the envelope and in From:.",
  },
  {
    letter: "a",
    long: "header",
    argument: "field",
    repeats: true,
    also: "append",
    meaning: 'A header field, "Name: value"; it replaces ours of that name. To attach a file: -A.',
  },
  {
    letter: "C",
    long: "custom-header",
    argument: "field",
    repeats: true,
    meaning: "The same as -a; S-nail's name for it.",
  },
  {
    letter: "A",
    long: "attach",
    argument: "file",
    repeats: true,
    meaning: "Attach a file; a pipe or <(command) is read to its end.",
  },
  {
    letter: "q",
    long: "quote-file",
    argument: "file",
    meaning: "Begin the body with the contents of a file.",
  },
  {
    letter: "t",
    long: "recipients-from-header",
    meaning: "The input begins with a header: recipients, subject and other fields are taken from it.",
  },
  {
    letter: "f",
    long: "file",
    meaning: "Read a file instead of the system mailbox: the word that follows (- is standard input), or mbox.",
  },
  { letter: "u", long: "user", argument: "user", meaning: "Read the system mailbox of another user." },
  { letter: "e", long: "exists", meaning: "Read nothing; exit 0 when there is mail, else 1." },
  { letter: "H", long: "headers", meaning: "Print the header list and end." },
  { letter: "N", long: "without-header-list", meaning: "No header list at the start." },
  {
    letter: "E",
    long: "skip-empty",
    meaning: "Don't send a message with an empty body. Followed by a command such as 'set escape', run that instead.",
  },
  { letter: "i", long: "ignore-interrupts", meaning: "Ignore interrupts while a message is typed." },
  { letter: "I", long: "interactive", meaning: "Behave as on a terminal although standard input is none." },
  {
    letter: "~",
    long: "tilde-escapes",
    meaning: "Tilde escapes count although standard input is no terminal.",
  },
  { letter: "n", long: "without-system-rc", meaning: "Don't read /etc/mail.rc." },
  { letter: "d", long: "debug", meaning: "Don't send; show what would be." },
  { long: "dry-run", meaning: "Don't send; print the envelope and the message as it would go out." },
  { long: "trace", argument: "json", meaning: "Write the dialogue with the server to standard error, as JSON lines." },
  { letter: "v", long: "verbose", meaning: "Show the dialogue with the server." },
  {
    letter: "S",
    long: "set",
    argument: "name=value",
    repeats: true,
    meaning: "Set a variable, after the start-up files.",
  },
  {
    long: "run",
    argument: "command",
    variadic: true,
    meaning:
      "Run a command and send its output. One word is a line for the shell; several are a program and its arguments, up to the next option, or all that follow --run --. Ends with the command's exit code.",
  },
  {
    long: "if",
    argument: "when",
    meaning:
      "With --run: send only if it failed, made output, changed (output or exit code) since the last run, or always.",
  },
  { long: "throttle", argument: "time", meaning: "With --run: at most one message in this time: 90s, 30m, 1h, 2d." },
  {
    long: "digest",
    meaning: "With --throttle: the runs that sent nothing are in the next message, with their output.",
  },
  { long: "config", alone: "", meaning: "List every variable, its value, and where it was set." },
  {
    long: "check",
    alone: "[address]",
    meaning: "Look whether local mail works here, and for an ADDRESS if one is given.",
  },
  {
    long: "json",
    meaning: "Print a JSON object a line for each message, all or those of a query, and end. Also with --check.",
  },
  { long: "count", meaning: "Print how many messages there are, all or those of a query, and end." },
  { long: "print", meaning: "Print messages, all or those of a list or query, and end; nothing is marked as read." },
  {
    long: "queue",
    alone: "",
    meaning: "List the messages that wait because a server could not take them; see the variable queue.",
  },
  { long: "flush", alone: "", meaning: "Try now to send what waits in the queue." },
  {
    long: "smtp",
    argument: "host:port",
    optional: true,
    alone: "",
    meaning: "Type the dialogue with an SMTP server by hand, or play it from standard input.",
  },
  {
    long: "track",
    argument: "id",
    optional: true,
    alone: "[--wait seconds]",
    meaning:
      "Tell from the mail server's log what became of a message: a queue id, a message-id or an address; alone, the message sent last.",
  },
  { long: "wait", argument: "seconds", meaning: "With --track: follow the log until it is delivered or bounced." },
  { letter: "V", long: "version", meaning: "Print the version and end." },
] as const satisfies readonly Option[];
