/**
 * The source of lines and the destination of text: a terminal or a pipe. Only the code in this directory uses standard
 * input and output.
 */

import type { ErrorValue } from "../errors.ts";

export type Input =
  /** A line without its newline, as lossless text (message/text.ts). */
  | {
      readonly kind: "line";
      readonly text: string;
      /** Whether the line ended with a newline. */
      readonly ended: boolean;
      /** Whether the line is one of several that were pasted in one go. */
      readonly pasted?: boolean;
    }
  /** Ctrl-D on a terminal, after which input may continue; or the end of a pipe. */
  | { readonly kind: "end" }
  /** A SIGINT that arrived while a line was being read, with the text typed so far if the line editor was in use. */
  | { readonly kind: "interrupt"; readonly dropped?: string };

/** A style of the theme. Styles are visible only on a terminal with colours. */
export type Style =
  | "plain"
  | "current"
  | "new"
  | "deleted"
  | "title"
  | "field-name"
  | "field-value"
  | "quote"
  | "quote-2"
  | "quote-3"
  | "link"
  | "error"
  | "hint"
  | "prompt";

/** Text with a style. */
export interface Styled {
  readonly text: string;
  readonly style: Style;
}

/** The text for a pager: pieces, or groups of pieces, each of which is created when it is requested. */
export type Paged = Iterable<Styled | Uint8Array> | AsyncIterable<Iterable<Styled | Uint8Array>>;

/**
 * The kind of line that is being read. The kind determines the candidates for Tab and the history for the arrow keys.
 */
export type Asked =
  | "command"
  /** Recipients. */
  | "people"
  | "subject"
  /** A line of a message. */
  | "text"
  /** A one-word answer. */
  | "answer";

/** The possible completions of the word before the cursor. */
export interface Offer {
  /** The start of that word, as an offset into the text before the cursor. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  /** Whether the word may continue, for example after the name of a directory. */
  readonly open?: boolean;
}

/** The session's data for the line editor. */
export interface Assistance {
  complete(asked: Asked, before: string): Offer | Promise<Offer>;
  /** Returns earlier lines of the same kind, oldest first. */
  recall(asked: Asked): readonly string[];
  remember(asked: Asked, line: string): void;
  /** Called regularly while the prompt waits for a command. @returns a notice to show once */
  notice(): string | undefined;
}

export interface Choice {
  readonly name: string;
  readonly hint?: string;
}

export interface Terminal {
  /**
   * Whether standard input is a terminal or -I was given. If true, prompts are shown and interrupts are handled. `set
   * interactive` changes it.
   */
  interactive: boolean;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  /**
   * Whether a user is at a terminal that can move its cursor. If true, lines are edited, hints are shown and columns
   * fit the window. If false (a pipe, TERM=dumb), every byte of output is the same as bsd-mailx's.
   */
  readonly rich: boolean;
  /**
   * Whether the terminal was lost, for example because the connection failed. In that case, it was not the user who
   * ended the input.
   */
  readonly lost: boolean;
  /** Returns the size of the window; 24 rows and 80 columns if there is no window. */
  size(): { readonly rows: number; readonly columns: number };

  /**
   * Writes to standard output. Strings are lossless text; bytes are written unchanged, and their memory may be reused
   * when this method returns. On a terminal, control characters other than newline and tab are made visible, so that a
   * message cannot control the terminal. If the output is a pipe, nothing is changed.
   */
  out(text: string | Uint8Array, style?: Style): void;
  /** Writes to standard error, under the same rules as `out`. */
  err(text: string): void;
  /** Prints an error as a JSON object. Present only if a program has requested JSON. */
  report?(error: ErrorValue): void;
  /**
   * Begins the result that a program reads. Earlier output, such as that of start-up files, is written to standard
   * error.
   *
   * @param collect if given, the output until the next call is passed to this function instead of being written to
   *   standard output
   */
  beginResult?(collect?: (piece: string | Uint8Array) => void): void;
  /** Resolves when all output has been written. */
  flush(): Promise<void>;

  /** The unfinished line of a message, which is saved if a signal ends the program. */
  readonly begun: string;

  /** Returns whether unread data is available on standard input. */
  hasMore(): Promise<boolean>;

  /** Reads the next line of standard input. In an interactive session, writes the prompt first. */
  readLine(prompt?: string, asked?: Asked): Promise<Input>;
  /**
   * Reads a line. The line initially contains a value, which the user can edit. Without a line editor, the value is
   * shown and can only be extended.
   */
  editLine(prompt: string, value: string, asked?: Asked): Promise<Input>;
  /** Yields the rest of standard input as bytes, beginning after the last line read. */
  rest(): AsyncIterable<Uint8Array>;
  /** Provides the line editor, if there is one, with completions and history. */
  assist(assistance: Assistance): void;
  /**
   * Lets the user choose from a list; may be called only if `rich` is true.
   *
   * @returns a name, or undefined if none was chosen
   */
  choose(question: string, choices: readonly Choice[]): Promise<string | undefined>;
  /** Lets the user choose any number of names. @returns undefined if the user cancelled */
  chooseSeveral(question: string, choices: readonly Choice[]): Promise<readonly string[] | undefined>;
  /** Asks a yes-or-no question; may be called only if `rich` is true. */
  confirm(question: string): Promise<boolean>;

  /**
   * Returns a function that reports the progress of a long task. If `rich` is true, the returned function draws a bar
   * on standard error. For bytes, the bar also shows their number, the speed and the time left.
   */
  progress(what: string, unit?: "bytes"): (done: number, total: number) => void;

  /** Runs `task` while a child process owns the terminal. No input is read, and only the child handles interrupts. */
  lend<T>(task: () => Promise<T>): Promise<T>;
  /**
   * Shows text in a pager, or prints it if no pager is installed. Resolves when the pager exits.
   *
   * @param pager a shell command; undefined if no pager is installed, in which case a warning is printed
   * @param pieces the text; iterated over a second time if the pager does not exist
   */
  page(pager: string | undefined, pieces: Paged): Promise<void>;

  /**
   * Registers a handler for SIGINT. In an interactive session, the handler is called while no line is being read and no
   * child process owns the terminal.
   *
   * @returns a function that removes the handler
   */
  onInterrupt(handler: () => void): () => void;
  close(): void;
}
