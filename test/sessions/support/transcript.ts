/**
 * Parses transcripts, and compares them with a session's output.
 *
 * A transcript shows the screen as the user sees it. A line that begins with `$` starts a program. When the program
 * prompts for a line, the rest of that line in the transcript is the text that the user types. ^D and ^C are keys, and
 * the program's output follows them on the same line. {HOME} is the session's home directory. A line of three dots
 * matches any number of lines, and three dots within a line match any text. Spaces at the end of a line are ignored. A
 * program that fails prints the line `[exit 1]`.
 */

/** Returns the lines of a template without its indentation. */
export function transcriptLines(strings: TemplateStringsArray, values: readonly unknown[]): string[] {
  const text = String.raw({ raw: strings.raw }, ...values);
  const lines = text.split("\n");
  if (lines[0]?.trim() === "") lines.shift();
  if (lines.at(-1)?.trim() === "") lines.pop();
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent).trimEnd());
}

/**
 * Returns the screen in the form of the transcript. Output that matches an ellipsis in the transcript is replaced by
 * that ellipsis, so that only real differences remain.
 */
export function asWritten(screen: string, home: string, wanted: readonly string[]): string[] {
  const lines = screen.replaceAll(home, "{HOME}").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return align(
    lines.map((line) => line.trimEnd()),
    wanted,
  );
}

function align(lines: readonly string[], wanted: readonly string[]): string[] {
  const written: string[] = [];
  let at = 0;
  for (const [index, want] of wanted.entries()) {
    if (want === "...") {
      const next = wanted[index + 1];
      const end = next === undefined ? lines.length : lines.findIndex((line, place) => place >= at && fits(line, next));
      if (end < 0) break;
      written.push(want);
      at = end;
      continue;
    }
    const line = lines[at];
    if (line === undefined) break;
    written.push(fits(line, want) ? want : line);
    at++;
  }
  return [...written, ...lines.slice(at)];
}

export function fits(line: string, wanted: string): boolean {
  if (!wanted.includes("...")) return line === wanted;
  const source = wanted
    .split("...")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${source}$`, "s").test(line);
}

/** Steps through a transcript alongside a session to find the input for each prompt. */
export class Script {
  readonly #wanted: readonly string[];
  readonly #home: string;
  #at = 0;
  /** The length of the part of the screen that has already been compared. */
  #seen = 0;

  constructor(wanted: readonly string[], home: string) {
    this.#wanted = wanted;
    this.#home = home;
  }

  /**
   * Compares the screen with the transcript, and returns the input for the current prompt. Returns undefined if the
   * screen differs from the transcript.
   */
  typedAt(screen: string): string | undefined {
    const lines = screen.slice(this.#seen).replaceAll(this.#home, "{HOME}").split("\n");
    const prompt = lines.pop() ?? "";
    if (!this.#pass(lines, prompt)) return undefined;
    this.#seen = screen.length - prompt.length;
    const line = this.#wanted[this.#at];
    if (line === undefined || !line.startsWith(prompt.trimEnd())) return undefined;
    const keys = line.slice(Math.min(prompt.length, line.length));
    // After a control key, the program's output continues on the same line.
    const control = /^.*?\^[CD]/.exec(keys)?.[0];
    if (control !== undefined) return control;
    this.#at++;
    return keys;
  }

  /** Records that the input has been echoed. */
  echoed(screen: string): void {
    if (screen.endsWith("\n")) this.#seen = screen.length;
  }

  #pass(lines: readonly string[], prompt: string): boolean {
    for (const line of lines) {
      const want = this.#wanted[this.#at];
      if (want === undefined) return false;
      if (want !== "...") {
        if (!fits(line.trimEnd(), want)) return false;
        this.#at++;
      } else if (fits(line.trimEnd(), this.#wanted[this.#at + 1] ?? "...")) this.#at += 2;
    }
    // Three dots can directly precede a prompt.
    if (this.#wanted[this.#at] === "..." && this.#wanted[this.#at + 1]?.startsWith(prompt.trimEnd())) this.#at++;
    return true;
  }
}

/** Splits a shell command line into words. Quotes group characters. */
export function shellWords(line: string): string[] {
  return (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/s, "$2"));
}
