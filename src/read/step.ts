/** What one command has changed of the state of messages. */
export interface Change {
  readonly message: number;
  /** Bits of Flag. */
  readonly before: number;
  readonly after: number;
}

export interface Step {
  /** The command line. */
  readonly line: string;
  /** The message that was current before. */
  readonly current: number;
  readonly changes: readonly Change[];
}
