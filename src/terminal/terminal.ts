/** Where lines come from and text goes to: a terminal or a pipe. The only part that touches standard input and output. */

export type Input =
  /** A line without its line end, as lossless text (message/text.ts). */
  | { readonly kind: "line"; readonly text: string /** Its newline was there. */; readonly ended: boolean }
  /** Ctrl-D on a terminal, which may go on afterwards; the end in a pipe, which may not. */
  | { readonly kind: "end" }
  /** SIGINT while waiting; what had been typed of the line is dropped. */
  | { readonly kind: "interrupt" };

/** A place of the theme. On a terminal with colours it looks so; elsewhere it is plain. */
export type Style =
  | "plain"
  | "current"
  | "new"
  | "deleted"
  | "field-name"
  | "field-value"
  | "quote"
  | "error"
  | "hint"
  | "prompt";

export interface Terminal {
  /** Standard input is a terminal, or -I was given: prompts are shown, interrupts are answered. */
  readonly interactive: boolean;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
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

  /** The next line of standard input. The prompt is written when interactive. */
  readLine(prompt?: string): Promise<Input>;
  /** A line with a present value that can be edited on a terminal; where it can't, the value is shown and extended. */
  editLine(prompt: string, value: string): Promise<Input>;
  /** The rest of standard input as bytes, from behind the last line read. */
  rest(): AsyncIterable<Uint8Array>;

  /** Runs `task` while a child process owns the terminal: no reading, and interrupts are the child's alone. */
  lend<T>(task: () => Promise<T>): Promise<T>;
  /** Shows text through the pager program, or plainly where there is none to be used. */
  page(pager: string, text: Uint8Array): Promise<void>;

  /** Called for SIGINT when no line is awaited. @returns a function that takes the handler away */
  onInterrupt(handler: () => void): () => void;
  close(): void;
}
