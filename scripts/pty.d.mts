export interface PtyOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly rows?: number;
  readonly columns?: number;
  /** How the bytes that are shown become text; UTF-8 unless given. */
  readonly encoding?: BufferEncoding;
  /** Called with each piece of what is written to the terminal. */
  readonly onData?: (text: string) => void;
}

export interface Pty {
  /** Exit code; 128 for an end by a signal. */
  readonly exited: Promise<number>;
  readonly pid: number | undefined;
  /** All that was shown so far, with LF line ends. */
  transcript(): string;
  send(typed: string | Uint8Array): void;
  /** Types more than a terminal takes at once, as fast as it does. */
  paste(text: string): Promise<unknown>;
  /** Whether keys are read one by one, as they are typed. */
  isRaw(): boolean;
  /** Whether the program waits for something, in each of its threads. */
  isAsleep(): boolean;
  /** The paths of what the program has open. */
  openFiles(): string[];
  /** The numbers of the processes that the program has started. */
  children(): number[];
  /** Changes the window; the program is told by SIGWINCH. */
  resize(size: { readonly rows: number; readonly columns: number }): void;
  /** Waits until the text is shown, behind what was waited for last. @throws Error with the screen after `timeout` ms */
  expect(wanted: string | RegExp, timeout?: number): Promise<void>;
  /** Hangs up, and waits until what runs there has ended. */
  close(): Promise<void>;
}

export function openPty(options: PtyOptions): Promise<Pty>;
