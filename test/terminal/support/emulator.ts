/** A terminal emulator (xterm) without a window: bytes in, rows of characters out. */
import unicode from "@xterm/addon-unicode11";
import headless from "@xterm/headless";

export interface Emulator {
  /** Resolves when the bytes have been taken in. */
  write(text: string): Promise<void>;
  /** What is shown, without blanks at line ends and empty lines at the end. */
  text(): string;
  cursor(): { row: number; column: number };
}

export function emulator({ rows, columns }: { rows: number; columns: number }): Emulator {
  const terminal = new headless.Terminal({ rows, cols: columns, allowProposedApi: true, convertEol: true });
  terminal.loadAddon(new unicode.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  const { active } = terminal.buffer;
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    text: () =>
      Array.from({ length: rows }, (_row, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? "")
        .join("\n")
        .trimEnd(),
    cursor: () => ({ row: active.cursorY, column: active.cursorX }),
  };
}
