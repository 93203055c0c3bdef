/** Returns the objects of a text with one JSON object per line; lines that are damaged or hold something else are omitted. */
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
