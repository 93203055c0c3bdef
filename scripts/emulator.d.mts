export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

export interface Emulator {
  /** Resolves when the text has been taken in. */
  write(text: string): Promise<void>;
  resize(size: WindowSize): void;
  /** What is shown, without blanks at line ends and empty lines at the end. */
  text(): string;
  /** The same with the look of what is not plain: `⟨bold: ...⟩`. */
  styled(): string;
  /** The same as text() with █ in front of the character that the cursor is on. */
  withCursor(): string;
  cursor(): { row: number; column: number };
}

export function emulator(size: WindowSize): Emulator;
