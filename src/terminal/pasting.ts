/**
 * Keys while a message is typed, and among them what is pasted, which a terminal marks when it is asked to ("bracketed
 * paste", xterm's mode 2004): that is text, whatever it looks like.
 */
import { fromBytes } from "../message/text.ts";
import { firstKey, type Key, wholeCharacters } from "./keys.ts";
import type { Asked } from "./terminal.ts";

const end = Buffer.from("\x1b[201~");
const [ETX, LF, CR, ESC] = [3, 10, 13, 27] as const;

/** Of a message; at the prompt of the reader each pasted line is run, as bsd-mailx does. */
export function isPasteMarked(asked: Asked): boolean {
  return asked === "text" || asked === "subject";
}

export class Pasting {
  #going = false;

  /** A paste has begun and not ended. */
  get going(): boolean {
    return this.#going;
  }

  /** As firstKey; in a paste there are text, line ends as Enter, and its end. */
  firstKey(bytes: Uint8Array): { readonly key: Key; readonly size: number } | undefined {
    if (this.#going) return this.#pasted(bytes);
    const first = firstKey(bytes);
    if (first?.key.name === "paste-begin") this.#going = true;
    return first;
  }

  #pasted(bytes: Uint8Array): { key: Key; size: number } | undefined {
    const [first, second] = bytes;
    if (first === undefined) return undefined;
    if (first === CR || first === LF) return { key: { name: "enter" }, size: first === CR && second === LF ? 2 : 1 };
    // Terminals send no Ctrl-C of a paste: this one is typed, where the end got lost.
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
    return size === 0 ? undefined : { key: { name: "text", text: fromBytes(bytes.subarray(0, size)) }, size };
  }
}
