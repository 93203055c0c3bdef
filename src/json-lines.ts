/** Returns the objects of a text with one JSON object per line. Damaged lines and other values are skipped. */
export function readJsonLines(text: string): object[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? [value] : [];
    } catch {
      return [];
    }
  });
}
