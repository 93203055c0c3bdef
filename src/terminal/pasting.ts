/**
 * Distinguishes pasted text from typed keys while a message is being typed. The terminal marks pasted text on request
 * ("bracketed paste", xterm's mode 2004). Keys in pasted text have no special meaning.
 */
import { decodeBytes } from "../message/text.ts";
import { firstKey, type Key, wholeCharacters } from "./keys.ts";
import type { Asked } from "./terminal.ts";

const end = Buffer.from("\x1b[201~");
const [ETX, TAB, LF, CR, ESC, tilde, DEL] = [3, 9, 10, 13, 27, 126, 127] as const;

/**
 * Returns whether the terminal must mark pasted text, as it must for the lines of a message. At the session's prompt,
 * each pasted line is run, as in bsd-mailx.
 */
export function isPasteMarked(asked: Asked): boolean {
  return asked === "text" || asked === "subject";
}

/** Distinguishes pasted text from typed keys (xterm's bracketed paste, mode 2004). */
export class Pasting {
  #going = false;
  /** Whether the received bytes ended with a carriage return; a line feed that follows belongs to it. */
  #returned = false;

  /** Whether a paste has begun but not ended. */
  get going(): boolean {
    return this.#going;
  }

  /**
   * Returns the first key, in the same way as firstKey. Pasted text is returned as text keys, an Enter key per newline,
   * and a key that marks the end.
   */
  firstKey(bytes: Uint8Array): { readonly key: Key; readonly size: number } | undefined {
    if (this.#going) return this.#pasted(bytes);
    const first = firstKey(bytes);
    if (first?.key.name === "paste-begin") this.#going = true;
    return first;
  }

  /**
   * Returns a line that was received completely and contains only text, so that its editing need not be shown step by
   * step.
   *
   * @returns its text, and its length in bytes including the newline; undefined if there is no such line
   */
  wholeLine(bytes: Uint8Array): { readonly text: string; readonly size: number } | undefined {
    if (this.#returned) return undefined;
    let end = 0;
    while (end < bytes.length && this.#isText(bytes, end)) end++;
    const size = this.#lineEnd(bytes, end);
    return size === 0 ? undefined : { text: decodeBytes(bytes.subarray(0, end)), size: end + size };
  }

  #isText(bytes: Uint8Array, at: number): boolean {
    const byte = bytes[at] as number;
    if (this.#going) return byte !== ETX && byte !== LF && byte !== CR && byte !== ESC;
    // In a tilde escape, Tab requests completion.
    return byte >= 0x20 ? byte !== DEL : byte === TAB && bytes[0] !== tilde;
  }

  /** @returns the length in bytes of the newline at this offset; 0 if there is none */
  #lineEnd(bytes: Uint8Array, at: number): number {
    const first = bytes[at];
    if (first !== CR && first !== LF) return 0;
    if (!this.#going || first === LF) return 1;
    this.#returned = at + 1 === bytes.length;
    return bytes[at + 1] === LF ? 2 : 1;
  }

  #pasted(bytes: Uint8Array): { key: Key; size: number } | undefined {
    const [first] = bytes;
    if (first === undefined) return undefined;
    const belongs = this.#returned && first === LF;
    this.#returned = false;
    if (belongs) return { key: { name: "text", text: "" }, size: 1 };
    const lineEnd = this.#lineEnd(bytes, 0);
    if (lineEnd > 0) return { key: { name: "enter" }, size: lineEnd };
    // Terminals never send Ctrl-C in a paste. Evidently, the user typed this Ctrl-C, and the sequence that ends the
    // paste was lost.
    if (first === ETX) {
      this.#going = false;
      return firstKey(bytes);
    }
    if (first === ESC) {
      const start = Buffer.from(bytes.subarray(0, end.length));
      if (start.equals(end)) {
        this.#going = false;
        return { key: { name: "paste-end" }, size: end.length };
      }
      if (start.equals(end.subarray(0, start.length))) return undefined;
    }
    let size = 1;
    while (size < bytes.length && ![ETX, LF, CR, ESC].includes(bytes[size] as never)) size++;
    if (size === bytes.length) size = wholeCharacters(bytes);
    return size === 0 ? undefined : { key: { name: "text", text: decodeBytes(bytes.subarray(0, size)) }, size };
  }
}
