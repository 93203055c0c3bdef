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
  /** The further arguments of an option that has its own line in the usage message. */
  readonly alone?: string;
  /** The option's name in GNU mail, which is accepted but not listed. */
  readonly also?: string;
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
    meaning: "Add Bcc recipients, which the header does not show.",
  },
  {
    letter: "r",
    long: "from",
    argument: "address",
    also: "return-address",
    meaning: "Set the sender of the envelope and of the From field.",
  },
  {
    letter: "a",
    long: "header",
    argument: "field",
    repeats: true,
    also: "append",
    meaning:
      'Add the header field "Name: value". It replaces the field that mail would write. To attach a file, use -A.',
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
    meaning: "Attach a file, or the output of a pipe or <(command).",
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
    meaning: "Read recipients, subject and other header fields from the start of the input.",
  },
  {
    letter: "f",
    long: "file",
    meaning:
      "Read a file instead of the system mailbox: the file named by the next argument (- for standard input), or mbox if there is none.",
  },
  { letter: "u", long: "user", argument: "user", meaning: "Read the system mailbox of another user." },
  { letter: "e", long: "exists", meaning: "Only check for mail: exit with 0 if there is mail, otherwise with 1." },
  { letter: "H", long: "headers", meaning: "Print the header list and exit." },
  { letter: "N", long: "without-header-list", meaning: "Do not list the headers at start-up." },
  {
    letter: "E",
    long: "skip-empty",
    meaning:
      "Do not send a message with an empty body. If the next argument is a command such as 'set escape', run the command instead.",
  },
  { letter: "i", long: "ignore-interrupts", meaning: "Ignore interrupts while a message is being typed." },
  { letter: "I", long: "interactive", meaning: "Behave as on a terminal even if standard input is not one." },
  {
    letter: "~",
    long: "tilde-escapes",
    meaning: "Interpret tilde escapes even if standard input is not a terminal.",
  },
  { letter: "n", long: "without-system-rc", meaning: "Do not read /etc/mail.rc." },
  { letter: "d", long: "debug", meaning: "Show the message instead of sending it." },
  { long: "dry-run", meaning: "Print the envelope and the complete message instead of sending it." },
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
    meaning: "Select an account that a start-up file defines, before the variables of -S are set.",
  },
  {
    long: "run",
    argument: "command",
    variadic: true,
    meaning:
      "Run a command, send its output, and exit with its exit code. A single argument is a shell command line. Several arguments are a program and its arguments; they end before the next option, unless -- follows --run.",
  },
  {
    long: "if",
    argument: "when",
    meaning:
      "With --run, send only if the command failed (failed), printed something (output), or changed its output or exit code since the last run (changed). Use always to send after every run.",
  },
  {
    long: "throttle",
    argument: "time",
    meaning: "With --run, send at most one message within this time, such as 90s, 30m, 1h or 2d.",
  },
  {
    long: "digest",
    meaning: "With --throttle, include the output of runs that sent nothing in the next message.",
  },
  { long: "config", alone: "", meaning: "List every variable with its value and the place where it was set." },
  {
    long: "check",
    alone: "[address]",
    meaning: "Check whether local mail works on this machine, and for the ADDRESS if one is given.",
  },
  {
    long: "json",
    meaning:
      "Print one JSON object per line for all messages, or for those that match a query, and exit. With --check, print the findings as JSON.",
  },
  { long: "count", meaning: "Print the number of messages, or of those that match a query, and exit." },
  {
    long: "print",
    meaning: "Print all messages, or those that match a list or query, and exit. Messages are not marked as read.",
  },
  {
    long: "queue",
    alone: "",
    meaning: "List the messages in the queue; see the variable queue.",
  },
  { long: "flush", alone: "", meaning: "Try to send all queued messages now." },
  {
    long: "smtp",
    argument: "host:port",
    optional: true,
    alone: "",
    meaning: "Type an SMTP dialogue by hand, or read it from standard input.",
  },
  {
    long: "track",
    argument: "id",
    optional: true,
    alone: "[--wait seconds]",
    meaning:
      "Report the delivery status of a message, according to the mail server's log. The argument is a queue id, a message-id or an address. Without it, report the last message sent.",
  },
  {
    long: "wait",
    argument: "seconds",
    meaning: "With --track, follow the log for up to this time until the message is delivered or bounced.",
  },
  { letter: "V", long: "version", meaning: "Print the version and exit." },
] as const satisfies readonly Option[];

/** Returns an option's argument as shown in usage and help. */
export function formatOperand({ argument, optional, variadic }: Option): string {
  if (argument === undefined) return "";
  if (variadic === true) return ` <${argument}...>`;
  return optional === true ? ` [${argument}]` : ` <${argument}>`;
}
