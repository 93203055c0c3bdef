/**
 * A terminal emulator (xterm) without a window. The emulator's input is bytes; its output is rows of characters and
 * their attributes.
 */
import unicode from "@xterm/addon-unicode11";
import headless from "@xterm/headless";

/** Returns the attributes of a cell in words: weight, underline and palette colours. */
function look(cell) {
  const words = [];
  if (cell.isBold()) words.push("bold");
  if (cell.isDim()) words.push("dim");
  if (cell.isUnderline()) words.push("underline");
  if (cell.isInverse()) words.push("inverse");
  if (cell.isStrikethrough()) words.push("struck");
  if (!cell.isFgDefault()) words.push(`colour ${cell.getFgColor()}`);
  if (!cell.isBgDefault()) words.push(`background ${cell.getBgColor()}`);
  return words.join(" ");
}

export function emulator({ rows, columns }) {
  // A terminal device has already converted newlines. This conversion is needed by tests without a terminal device.
  const terminal = new headless.Terminal({ rows, cols: columns, allowProposedApi: true, convertEol: true });
  terminal.loadAddon(new unicode.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  const { buffer } = terminal;
  const line = (y) => buffer.active.getLine(buffer.active.baseY + y);

  function styledLine(y) {
    let text = "";
    let before = "";
    const row = line(y);
    const shown = row?.translateToString(true) ?? "";
    let width = 0;
    for (let x = 0; x < terminal.cols && width < shown.length; x++) {
      const cell = row.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const now = look(cell);
      if (now !== before) text += `${before === "" ? "" : "⟩"}${now === "" ? "" : `⟨${now}: `}`;
      before = now;
      text += cell.getChars() || " ";
      width += (cell.getChars() || " ").length;
    }
    return `${text}${before === "" ? "" : "⟩"}`.trimEnd();
  }

  const all = (row) => Array.from({ length: terminal.rows }, (_row, y) => row(y));
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    resize: (size) => terminal.resize(size.columns, size.rows),
    text: () =>
      all((y) => line(y)?.translateToString(true) ?? "")
        .join("\n")
        .trimEnd(),
    styled: () => all(styledLine).join("\n").trimEnd(),
    cursor: () => ({ row: buffer.active.cursorY, column: buffer.active.cursorX }),
    withCursor() {
      return all((y) => {
        if (y !== buffer.active.cursorY) return line(y)?.translateToString(true) ?? "";
        const left = line(y)?.translateToString(false, 0, buffer.active.cursorX) ?? "";
        return `${left}█${line(y)?.translateToString(true, buffer.active.cursorX) ?? ""}`;
      })
        .join("\n")
        .trimEnd();
    },
  };
}
