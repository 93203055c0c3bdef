/** Parses the command line of sendmail(8). */
import { Exit, MailError } from "../errors.ts";
import type { DsnRequest } from "../submit/transport.ts";
import type { Notice } from "../submit/transport-settings.ts";

/** The task selected by the options or by the program's name. */
export type Mode = "send" | "flush" | "list" | "check-aliases" | "version" | "help";

export interface SendmailOptions {
  readonly mode: Mode;
  readonly recipients: readonly string[];
  /** -t: whether the recipients in the header are added to the recipients on the command line. */
  readonly recipientsFromHeader: boolean;
  /** -i, -oi: whether a lone dot is an ordinary line. */
  readonly ignoreDots: boolean;
  /** -f, -r: the envelope sender; an empty string is the null sender. */
  readonly sender: string | undefined;
  /** -F: the sender's full name. */
  readonly fullName: string | undefined;
  readonly expandAliases: boolean;
  readonly verbose: boolean;
  /** -N, -R, -V. */
  readonly dsn: DsnRequest;
}

interface OptionRow {
  readonly letter: string;
  /** The argument's placeholder. An argument may follow the letter directly or in the next word. */
  readonly argument?: string;
  /** Whether the argument may be omitted. An optional argument must follow the letter directly. */
  readonly optional?: true;
  readonly meaning: string;
}

/** Every option of sendmail, declared once: parsing, --help and mail-sendmail(8) use this table. */
export const sendmailOptions = [
  { letter: "t", meaning: "Send to the recipients in To, Cc and Bcc, in addition to those on the command line." },
  { letter: "i", meaning: "Do not end the message at a line that contains only a dot." },
  { letter: "f", argument: "address", meaning: 'Use this envelope sender. "" or <> is the null sender.' },
  { letter: "r", argument: "address", meaning: "The same as -f." },
  { letter: "F", argument: "name", meaning: "Use this full name if the message has no From field." },
  {
    letter: "N",
    argument: "list",
    meaning: "Request delivery status notifications: never, or one or more of success, failure and delay.",
  },
  {
    letter: "R",
    argument: "part",
    meaning: "Return the complete message (full) or only its header (hdrs) in a notification.",
  },
  { letter: "V", argument: "id", meaning: "Use this envelope identifier in notifications." },
  {
    letter: "b",
    argument: "mode",
    meaning: "Send the message (m, the default), list the queue (p) or check the alias file (i).",
  },
  {
    letter: "q",
    argument: "f",
    optional: true,
    meaning:
      "Attempt delivery of the queued messages. If root uses this option, delivery is attempted for the messages of all users.",
  },
  { letter: "n", meaning: "Do not expand aliases." },
  { letter: "v", meaning: "Show the dialogue with the server." },
  {
    letter: "o",
    argument: "option",
    meaning: "With i, the same as -i. Any other value has no effect.",
  },
  { letter: "B", argument: "type", meaning: "The message's type, 7BIT or 8BITMIME. The bytes are sent unchanged." },
  { letter: "C", argument: "file", meaning: "This option is refused, because a web application could pass it." },
  { letter: "X", argument: "file", meaning: "No effect." },
  { letter: "O", argument: "name=value", meaning: "No effect." },
  { letter: "A", argument: "c", meaning: "No effect." },
  { letter: "e", argument: "mode", meaning: "No effect." },
  { letter: "h", argument: "count", meaning: "No effect." },
  { letter: "L", argument: "tag", meaning: "No effect." },
  { letter: "G", meaning: "No effect." },
  { letter: "m", meaning: "No effect." },
  { letter: "U", meaning: "No effect." },
] as const satisfies readonly OptionRow[];

/** The tasks that can be selected by the program's name. */
const modesByName: Readonly<Record<string, Mode>> = { mailq: "list", newaliases: "check-aliases" };
const modesOfB: Readonly<Record<string, Mode>> = { m: "send", p: "list", i: "check-aliases" };

/**
 * Parses the arguments.
 *
 * @param name the name by which the program was called
 * @throws MailError with exit code 64 if an option is unknown or refused
 */
export function parseSendmailOptions(name: string, argv: readonly string[]): SendmailOptions {
  const given: { -readonly [Key in keyof SendmailOptions]: SendmailOptions[Key] } = {
    mode: modesByName[name] ?? "send",
    recipients: [],
    recipientsFromHeader: false,
    ignoreDots: false,
    sender: undefined,
    fullName: undefined,
    expandAliases: true,
    verbose: false,
    dsn: {},
  };
  const actions: Partial<Record<(typeof sendmailOptions)[number]["letter"], (value: string) => void>> = {
    t: () => {
      given.recipientsFromHeader = true;
    },
    i: () => {
      given.ignoreDots = true;
    },
    f: (value) => {
      given.sender = value.replace(/^<(.*)>$/s, "$1");
    },
    r: (value) => {
      given.sender = value.replace(/^<(.*)>$/s, "$1");
    },
    F: (value) => {
      given.fullName = value;
    },
    N: (value) => {
      given.dsn = { ...given.dsn, notify: parseNotify(value) };
    },
    R: (value) => {
      if (!/^(?:full|hdrs)$/i.test(value)) throw makeUsageError(`-R: "${value}" is invalid; use full or hdrs`);
      given.dsn = { ...given.dsn, return: /^full$/i.test(value) ? "FULL" : "HDRS" };
    },
    V: (value) => {
      // RFC 3461, section 4.4: at most 100 characters after encoding.
      if (!/^[!-~]{1,100}$/.test(value)) throw makeUsageError(`-V: "${value}" is not an envelope identifier`);
      given.dsn = { ...given.dsn, id: value };
    },
    b: (value) => {
      const mode = modesOfB[value];
      if (mode === undefined) throw makeUsageError(`-b${value}: not supported; use -bm, -bp or -bi`);
      given.mode = mode;
    },
    q: (value) => {
      if (value !== "" && value !== "f") {
        throw makeUsageError(
          `-q${value}: not supported; -q attempts delivery of the whole queue once, and a timer repeats it`,
        );
      }
      given.mode = "flush";
    },
    n: () => {
      given.expandAliases = false;
    },
    v: () => {
      given.verbose = true;
    },
    o: (value) => {
      if (value === "i") given.ignoreDots = true;
    },
    B: (value) => {
      if (!/^(?:7bit|8bitmime)$/i.test(value)) throw makeUsageError(`-B: "${value}" is invalid; use 7BIT or 8BITMIME`);
    },
    C: () => {
      throw makeUsageError("-C: another configuration file is refused; set MAILRC to the path of a start-up file");
    },
  };
  if (argv.length === 1 && argv[0] === "--help") return { ...given, mode: "help" };
  if (argv.length === 1 && argv[0] === "--version") return { ...given, mode: "version" };
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    for (let index = 1; index < word.length; index++) {
      const row: OptionRow | undefined = sendmailOptions.find(({ letter }) => letter === word[index]);
      if (row === undefined) throw makeUsageError(`${word}: unknown option`);
      const act = actions[row.letter as keyof typeof actions];
      if (row.argument === undefined) {
        act?.("");
        continue;
      }
      const attached = word.slice(index + 1);
      const value = attached === "" && row.optional !== true ? argv[++at] : attached;
      if (value === undefined) throw makeUsageError(`-${row.letter}: requires an argument`);
      act?.(value);
      break;
    }
  }
  const recipients = argv.slice(at);
  if (recipients.length > 0 && given.mode !== "send") throw makeUsageError(`"${recipients[0]}": unexpected argument`);
  if (given.sender !== undefined && /[\r\n\0]/.test(given.sender)) throw makeUsageError("-f: contains a line break");
  return { ...given, recipients };
}

function parseNotify(value: string): Notice[] {
  const words = value.toLowerCase().split(",");
  const known = words.every((word) => ["never", "success", "failure", "delay"].includes(word));
  if (!known || (words.includes("never") && words.length > 1)) {
    throw makeUsageError(`-N: "${value}" is invalid; use never, or one or more of success, failure and delay`);
  }
  return words as Notice[];
}

function makeUsageError(message: string): MailError {
  return new MailError(`${message}; nothing was sent`, Exit.Usage);
}

/** Returns the text of --help. */
export function sendmailHelp(): string {
  const rows = sendmailOptions.map((row: OptionRow) => {
    const argument = row.argument === undefined ? "" : row.optional ? `[${row.argument}]` : ` ${row.argument}`;
    return `  ${`-${row.letter}${argument}`.padEnd(16)} ${row.meaning}\n`;
  });
  return `Usage: sendmail [options] [recipient ...] < message
       mailq
       newaliases

Submits a message to a mail server. See mail-sendmail(8).

${rows.join("")}`;
}
