import type { Logins } from "../../account/logins.ts";
import type { Submission } from "../../compose/sending/submission.ts";
import type { Account } from "../../config/accounts.ts";
import type { Config } from "../../config/config.ts";
import type { ExitCode, MailError } from "../../errors.ts";
import type { ListFacts } from "../../mailbox/list-facts.ts";
import type { Counts, Mailbox, StoredMessages } from "../../mailbox/mailbox.ts";
import type { Styled, Terminal } from "../../terminal/terminal.ts";
import type { UndoHistory } from "../changes/undo-history.ts";
import type { Branch, DisplayOrder, HiddenReplies } from "./display-order.ts";

/**
 * All the data that commands work on. The session is passed as an argument rather than stored in modules, so that a
 * test can create a session in one line.
 */
export interface Session {
  readonly config: Config;
  readonly terminal: Terminal;
  /** The session's submissions, which reuse connections. */
  readonly submission: Submission;
  /** Returns the logins of this run, for submission servers and for mailboxes on servers. */
  readonly logins: () => Promise<Logins>;
  /** Whether the program sends mail (`mail ADDRESS`) or reads it; `if s` and `if r` in start-up files test this. */
  readonly mode: "send" | "read";
  /** The open mailbox; undefined while start-up files are being read, and when sending. */
  folder: Folder | undefined;
  /** Whether start-up files, which may contain the commands of other clients, are being read. */
  isStartingUp?: boolean;
  /** The depth of nested sourced files; some commands may not be run in a sourced file. */
  sourcing: number;
  /** Whether quit or exit ended the processing of the sourced file, which is not a failure. */
  fileEnded?: boolean;
  /** Whether tilde escapes are interpreted in a pipe (-~, -#). */
  readonly escapesInPipe?: boolean;
  /** Whether a message is being composed; some commands may not be run from ~: in a message. */
  composing: boolean;
  conditional: Conditional | undefined;
  /** The name by which the program was called, for error messages. */
  readonly program: string;
  /** The features that bsd-mailx lacks and that require a terminal; undefined if there is no capable terminal. */
  comfort?: Comfort;
  /** Whether Ctrl-C has been typed since the command began; a long-running command then stops early. */
  interrupted: boolean;
  /** The rules for start-up files in `sendmail`, where these files can only set variables; undefined in `mail`. */
  readonly variablesOnly?: VariablesOnly;
  /** Runs a command line as the prompt would. Set by the interpreter, for ~: in a message. */
  execute?: (line: string) => Promise<void>;
  /**
   * Runs the commands of a file. Set by the interpreter.
   *
   * @returns false if a command failed; the error has been reported
   */
  source?: (path: string) => Promise<boolean>;
  /** Runs the commands of an account. Set by the interpreter. @returns whether all commands succeeded */
  runAccount?: (account: Account) => Promise<boolean>;
  /** How the session is to end, once a command has asked it to end. */
  ending: "quit" | "exit" | undefined;
  /** The exit code if a write failed during the session. */
  failure?: ExitCode;
  /** The exit code of the last failed command, for errexit. */
  reason?: ExitCode;
}

/** The rules for start-up files in a program that does not run arbitrary commands. */
export interface VariablesOnly {
  /** Returns whether a command may be run. @param command the full name; undefined if the command is unknown */
  permits(command: string | undefined, words: string): boolean;
  /** @throws MailError if another user could have written to the file */
  readFile(path: string): Buffer;
  report(error: MailError): void;
}

export interface Comfort {
  headerLine(parts: HeaderLineParts, window: ListWindow): string;
  /** Returns the command that most resembles a mistyped word. */
  likeCommand(word: string): string | undefined;
  /** Returns the variable that most resembles a mistyped name. Only variables that have been set are considered. */
  likeVariable(name: string): string | undefined;
  /** Returns help on a command, a variable, an escape or "msglist"; for "", an overview of commands by task. */
  help(topic: string): readonly Styled[];
  /** Returns a notice if mail has arrived since the last check. */
  newMail(): string | undefined;
  /** Lets the user choose a folder. @returns the name that a user would type */
  chooseFolder(): Promise<string | undefined>;
  /** Lets the user choose parts of a message. @returns their numbers, separated by commas */
  chooseParts(stored: StoredMessages, message: number): Promise<string | undefined>;
  /** Lets the user choose a variable and edit its value. @returns an argument for `set` */
  editVariable(): Promise<string | undefined>;
}

export interface HeaderLineParts {
  readonly number: number;
  readonly current: boolean;
  /** Bits of Flag. */
  readonly flags: number;
  readonly listed: {
    /** The From_ line and the header, one character per byte ("latin1"). */
    readonly text: string;
    /** The known facts about the message, which are used instead of the text. */
    readonly facts?: ListFacts | undefined;
  };
  readonly counts: Counts;
  /**
   * Whether to show the recipients instead of the sender in messages from others (`set show-rcpt`) and in the user's
   * own messages (`set showto`).
   */
  readonly showRecipient: { readonly ofOthers: boolean; readonly ofOwn: boolean };
  /** Whether to show names instead of addresses (`set showname`). */
  readonly byName: boolean;
  /** The position of the message in a threaded list. */
  readonly thread?: ThreadPosition | undefined;
  /** The user's own addresses. */
  readonly own: readonly string[];
}

/** The position of a message in a threaded list. */
export interface ThreadPosition {
  /** Undefined if the message arrived after the list was sorted. */
  readonly branch: Branch | undefined;
  readonly hidden: HiddenReplies;
  /** The undecoded subject of the message to which this message replies, if both are in the same list. */
  readonly subjectAbove: string | undefined;
}

export interface ListWindow {
  readonly columns: number;
  /** Whether the terminal's charset is UTF-8, which contains characters for bars, branches and ellipses. */
  readonly isUtf8: boolean;
  /** The highest message number. */
  readonly last: number;
}

/** An if command whose endif has not been read yet. */
export interface Conditional {
  /** Whether the lines that follow are run; `else` inverts this. */
  isTaken: boolean;
  /** Whether a branch of this if command has been run, in which case its other elif and else branches are not run. */
  wasTaken: boolean;
  /** Whether the condition is written in another client's syntax, in which conditions may be nested. */
  readonly isForeign: boolean;
  /** The enclosing condition, in a start-up file of another client. */
  readonly outer: Conditional | undefined;
}

export interface Folder {
  readonly mailbox: Mailbox;
  readonly history: UndoHistory;
  /** The expanded name of the folder; a relative path if the user typed a relative path. */
  readonly name: string;
  /** Whether this is the user's spool: quit then moves read messages to mbox. Any other file is edited in place. */
  readonly system: boolean;
  /** The current message (dot), from 1 to the number of messages; 0 in an empty mailbox. */
  current: number;
  /** The previous folder, for `#`. */
  previous: string | undefined;
  /** Whether an empty line prints the current message instead of the next one, because nothing has been printed yet. */
  atStart: boolean;
  /** The order of the header list, if it differs from the mailbox order. */
  displayOrder?: DisplayOrder;
  /**
   * The position in the header list at which the header window begins. Unless the list is sorted, the position is the
   * number of the window's first message.
   */
  screen: number;
  /**
   * Whether an earlier attempt to quit may already have copied departing messages to another mailbox. The attempt has
   * failed, or its changes have been restored by this session.
   */
  isQuitRepeated?: boolean;
  /** The messages that attempts of this session have copied to other mailboxes, by path. */
  copied?: Map<string, Set<number>>;
}
