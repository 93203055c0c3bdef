export interface PtyOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly rows?: number;
  readonly columns?: number;
  /** The encoding of the output; UTF-8 by default. */
  readonly encoding?: BufferEncoding;
  /** Called with each piece of output. */
  readonly onData?: (text: string) => void;
}

export interface Pty {
  /** The exit code; 128 if a signal ended the program. */
  readonly exited: Promise<number>;
  readonly pid: number | undefined;
  /** Returns all output so far, with LF newlines. */
  transcript(): string;
  send(typed: string | Uint8Array): void;
  /** Types more text than a terminal accepts in one write, as fast as the program reads it. */
  paste(text: string): Promise<unknown>;
  /** Returns whether the terminal is in raw mode. */
  isRaw(): boolean;
  /** Returns whether all threads of the program are waiting. */
  isAsleep(): boolean;
  /** Returns the paths of the program's open files. */
  openFiles(): string[];
  /** Returns the process ids of the program's children. */
  children(): number[];
  /** Changes the window's size, which sends SIGWINCH to the program. */
  resize(size: { readonly rows: number; readonly columns: number }): void;
  /**
   * Waits until the text appears after the previously expected text.
   *
   * @throws Error, with the contents of the screen, after `timeout` ms
   */
  expect(wanted: string | RegExp, timeout?: number): Promise<void>;
  /** Hangs up, and waits until all processes on the terminal have exited. */
  close(): Promise<void>;
}

export function openPty(options: PtyOptions): Promise<Pty>;
