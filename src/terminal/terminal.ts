/** Where lines come from and text goes to: a terminal or a pipe. The only part that touches standard input and output. */

export type Input =
  /** A line without its line end, as lossless text (message/text.ts). */
  | {
      readonly kind: "line";
      readonly text: string;
      /** Its newline was there. */
      readonly ended: boolean;
      /** It is one of several that were pasted at once. */
      readonly pasted?: boolean;
    }
  /** Ctrl-D on a terminal, which may go on afterwards; the end in a pipe, which may not. */
  | { readonly kind: "end" }
  /** SIGINT while waiting; what had been typed of the line, where the line is edited here and not by the terminal. */
  | { readonly kind: "interrupt"; readonly dropped?: string };

/** A place of the theme. On a terminal with colours it looks so; elsewhere it is plain. */
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

/** Text that looks as a style has it. */
export interface Styled {
  readonly text: string;
  readonly style: Style;
}

/** Pieces of a text, or groups of them of which each is a text by itself and made when it is asked for. */
export type Paged = Iterable<Styled | Uint8Array> | AsyncIterable<Iterable<Styled | Uint8Array>>;

/** What a line is that is asked for: what Tab offers, and which earlier lines the arrows bring back. */
export type Asked =
  | "command"
  /** Recipients. */
  | "people"
  | "subject"
  /** A line of a message. */
  | "text"
  /** An answer of a word. */
  | "answer";

/** What could stand in the place of the word before the cursor. */
export interface Offer {
  /** Where that word begins: an offset into the text before the cursor. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  /** The word may go on behind it, as behind a directory. */
  readonly open?: boolean;
}

/** What the session knows and a line editor can use. */
export interface Assistance {
  complete(asked: Asked, before: string): Offer | Promise<Offer>;
  /** Earlier lines of the kind, the oldest first. */
  recall(asked: Asked): readonly string[];
  remember(asked: Asked, line: string): void;
  /** Asked from time to time while a command is awaited. @returns a line to be told, once */
  notice(): string | undefined;
}

export interface Choice {
  readonly name: string;
  readonly hint?: string;
}

export interface Terminal {
  /**
   * Standard input is a terminal, or -I was given: prompts are shown, interrupts are answered. It follows the variable of
   * that name.
   */
  interactive: boolean;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  /**
   * A person sits at a terminal that can move its cursor: lines are edited, hints given, columns fit the window. Where it
   * is false (a pipe, TERM=dumb), every byte is as bsd-mailx has it.
   */
  readonly rich: boolean;
  /** The terminal has gone away: a connection was lost, and nobody meant the end of input. */
  readonly lost: boolean;
  /** Of the window now; 24 by 80 where there is none. */
  size(): { readonly rows: number; readonly columns: number };

  /**
   * Writes to standard output. Strings are lossless text, bytes go as they are. On a terminal, control characters other
   * than newline and tab are made visible, so that nothing in a message can drive it; in a pipe nothing is changed.
   */
  out(text: string | Uint8Array, style?: Style): void;
  /** The same for standard error. */
  err(text: string): void;
  /** Resolves once everything written has left the process. */
  flush(): Promise<void>;

  /** What has been typed of a line of a message that has not ended, for those who keep it when a signal ends us. */
  readonly begun: string;

  /** Whether something stands ready on standard input that has not been read. */
  hasMore(): Promise<boolean>;

  /** The next line of standard input. The prompt is written when interactive. */
  readLine(prompt?: string, asked?: Asked): Promise<Input>;
  /** A line with a present value that can be edited on a terminal; where it can't, the value is shown and extended. */
  editLine(prompt: string, value: string, asked?: Asked): Promise<Input>;
  /** The rest of standard input as bytes, from behind the last line read. */
  rest(): AsyncIterable<Uint8Array>;
  /** Gives the line editor, where there is one, what it can offer. */
  assist(assistance: Assistance): void;
  /** Lets a person choose from a list; only where `rich`. @returns a name; undefined: none of them */
  choose(question: string, choices: readonly Choice[]): Promise<string | undefined>;
  /** The same for any number of names. @returns undefined where it was given up */
  chooseSeveral(question: string, choices: readonly Choice[]): Promise<readonly string[] | undefined>;
  /** A question to be answered yes or no; only where `rich`. */
  confirm(question: string): Promise<boolean>;

  /** For work on something that may take long: to be told how far it is. Shows a bar on standard error where `rich`, else nothing; of bytes also how many, how fast and how long yet. */
  progress(what: string, unit?: "bytes"): (done: number, total: number) => void;

  /** Runs `task` while a child process owns the terminal: no reading, and interrupts are the child's alone. */
  lend<T>(task: () => Promise<T>): Promise<T>;
  /**
   * Shows text through the pager program, or plainly where there is none to be used; ends early when the pager does.
   *
   * @param pieces gone through once more where there is no such program
   */
  page(pager: string, pieces: Paged): Promise<void>;

  /** Called for SIGINT where interactive, when no line is awaited and no child owns it. @returns a function that takes the handler away */
  onInterrupt(handler: () => void): () => void;
  close(): void;
}
