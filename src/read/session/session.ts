import type { Submission } from "../../compose/sending/submission.ts";
import type { Config } from "../../config/config.ts";
import type { ExitCode } from "../../errors.ts";
import type { Counts, Mailbox } from "../../mailbox/mailbox.ts";
import type { Styled, Terminal } from "../../terminal/terminal.ts";
import type { UndoHistory } from "../changes/undo-history.ts";
import type { DisplayOrder } from "./display-order.ts";

/** Everything a command works on, passed along instead of kept in modules: a test builds one in a line. */
export interface Session {
  readonly config: Config;
  readonly terminal: Terminal;
  /** The ways out for mail; a connection stays open from message to message. */
  readonly submission: Submission;
  /** Sending (`mail ADDRESS`) or reading; what `if s` and `if r` in a start-up file ask. */
  readonly mode: "send" | "read";
  /** The open mailbox; undefined while start-up files are read and while sending. */
  folder: Folder | undefined;
  /** Files being sourced, from the inside of which some commands may not run. */
  sourcing: number;
  /** A quit or exit ended the file being sourced: nothing went wrong in it. */
  fileEnded?: boolean;
  /** A message is being composed; some commands may not run from ~: then. */
  composing: boolean;
  conditional: Conditional | undefined;
  /** How the program was named, for messages of failing system calls. */
  readonly program: string;
  /** What a person at a capable terminal is offered beyond bsd-mailx's words; undefined elsewhere. */
  comfort?: Comfort;
  /** Ctrl-C since the command began: what takes long ends early. */
  interrupted: boolean;
  /** Runs a command line as the prompt would; given by the interpreter, for ~: in a message. */
  execute?: (line: string) => Promise<void>;
  /** Runs the commands of a file; given by the interpreter. @returns false when one failed and that has been said */
  source?: (path: string) => Promise<boolean>;
  /** The way the session is to end, once a command said so. */
  ending: "quit" | "exit" | undefined;
  /** The exit code, when something could not be written in the course of the session. */
  failure?: ExitCode;
  /** The exit code of the last command that failed, for errexit. */
  reason?: ExitCode;
}

export interface Comfort {
  headerLine(parts: HeaderLineParts, window: ListWindow): string;
  /** A command that a mistyped word was probably meant to be. */
  likeCommand(word: string): string | undefined;
  /** A variable that is set and that a mistyped name was probably meant to be. */
  likeVariable(name: string): string | undefined;
  /** Commands by what one wants to do, or one command, variable, escape or "msglist". */
  help(topic: string): readonly Styled[];
  /** That mail has come since the last look; told once. */
  newMail(): string | undefined;
  /** Lets the person choose a folder. @returns what to type for it */
  chooseFolder(): Promise<string | undefined>;
  /** Lets the person choose parts of a message. @returns their numbers with commas between them */
  chooseParts(folder: Folder, message: number): Promise<string | undefined>;
  /** Lets the person choose a variable and give it a value. @returns a word for `set` */
  editVariable(): Promise<string | undefined>;
}

export interface HeaderLineParts {
  readonly number: number;
  readonly current: boolean;
  /** Bits of Flag. */
  readonly flags: number;
  readonly header: Uint8Array;
  readonly counts: Counts;
  /** `set show-rcpt`, `set showto`: the recipients in the place of a sender who is not, or who is, oneself. */
  readonly showRecipient: { readonly ofOthers: boolean; readonly ofOwn: boolean };
  /** `set showname`. */
  readonly byName: boolean;
  /** Put before the subject: whose answer it is. */
  readonly threadMark?: string;
  /** Senders that are oneself. */
  readonly own: readonly string[];
}

export interface ListWindow {
  readonly columns: number;
  /** The greatest message number. */
  readonly last: number;
}

/** An if that has not seen its endif. */
export interface Conditional {
  /** When its lines are run; else turns it around. */
  when: "send" | "read";
}

export interface Folder {
  readonly mailbox: Mailbox;
  readonly history: UndoHistory;
  /** What the word that named it means: a path, relative if the word was. */
  readonly name: string;
  /** The user's spool, which quit empties into mbox, or any other file, which it edits in place. */
  readonly system: boolean;
  /** The current message (dot), 1 to count; 0 in an empty mailbox. */
  current: number;
  /** The folder before this one, for `#`. */
  previous: string | undefined;
  /** A bare newline prints the current message instead of the next one: nothing was printed yet. */
  atStart: boolean;
  /** Another order of the header list than the mailbox's. */
  displayOrder?: DisplayOrder;
  /** Place in the list of the first message of the header window: its number, unless there is a view. */
  screen: number;
}
