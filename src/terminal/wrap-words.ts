/**
 * Wraps ASCII text at spaces. Words longer than a line are not divided.
 *
 * @param columns the maximum length of a line
 * @param indent the text with which each line begins
 * @returns the lines, without a newline at the end
 */
export function wrapWords(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = indent + word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join("\n");
}
