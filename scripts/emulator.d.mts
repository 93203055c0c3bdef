export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

export interface Emulator {
  /** Resolves when the text has been processed. */
  write(text: string): Promise<void>;
  resize(size: WindowSize): void;
  /** Returns the screen without spaces at the end of lines and without empty lines at the end. */
  text(): string;
  /** Returns the screen with attributes, as in `⟨bold: ...⟩`. */
  styled(): string;
  /** Returns the screen with █ before the character at the cursor. */
  withCursor(): string;
  cursor(): { row: number; column: number };
}

export function emulator(size: WindowSize): Emulator;
