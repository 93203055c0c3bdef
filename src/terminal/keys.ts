/** Parses the bytes received from a terminal, and returns keys. */
import { decodeBytes } from "../message/text.ts";

export type KeyName =
  | "enter"
  | "tab"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "word-left"
  | "word-right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "kill-to-end"
  | "kill-to-start"
  | "kill-word"
  | "kill-next-word"
  | "yank"
  | "swap"
  | "search"
  | "cancel"
  | "redraw"
  | "end-or-delete"
  | "interrupt"
  | "suspend"
  | "quit"
  | "literal"
  | "paste-begin"
  | "paste-end"
  | "unknown";

/** A named key, or typed text. */
export type Key = { readonly name: KeyName } | { readonly name: "text"; readonly text: string };

const controls: Readonly<Record<number, KeyName>> = {
  // A Ctrl-D that was typed while the terminal was in cooked mode arrives as NUL.
  0: "end-or-delete",
  1: "home",
  2: "left",
  3: "interrupt",
  4: "end-or-delete",
  5: "end",
  6: "right",
  7: "cancel",
  8: "backspace",
  9: "tab",
  10: "enter",
  11: "kill-to-end",
  12: "redraw",
  13: "enter",
  14: "down",
  16: "up",
  18: "search",
  20: "swap",
  21: "kill-to-start",
  22: "literal",
  23: "kill-word",
  25: "yank",
  26: "suspend",
  28: "quit",
  127: "backspace",
};

/** The bytes that follow ESC [ or ESC O. */
const sequences: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  "1~": "home",
  "3~": "delete",
  "4~": "end",
  "7~": "home",
  "8~": "end",
  "200~": "paste-begin",
  "201~": "paste-end",
  "1;3C": "word-right",
  "1;3D": "word-left",
  "1;5C": "word-right",
  "1;5D": "word-left",
  "5C": "word-right",
  "5D": "word-left",
};

/** The characters that terminals send after ESC if a key is pressed together with Alt. */
const metas: Readonly<Record<string, KeyName>> = {
  b: "word-left",
  B: "word-left",
  d: "kill-next-word",
  D: "kill-next-word",
  f: "word-right",
  F: "word-right",
  "\x7f": "kill-word",
  "\b": "kill-word",
};

const ESC = 0x1b;

/**
 * Returns the first key in the received bytes.
 *
 * @returns the key and its length in bytes; undefined if more bytes are expected
 */
export function firstKey(bytes: Uint8Array): { readonly key: Key; readonly size: number } | undefined {
  const [first] = bytes;
  if (first === undefined) return undefined;
  if (first === ESC) return readEscapeSequence(bytes);
  if (first < 0x20 || first === 0x7f) return { key: { name: controls[first] ?? "unknown" }, size: 1 };
  return readTypedKey(bytes);
}

function readEscapeSequence(bytes: Uint8Array): { key: Key; size: number } | undefined {
  const [, second] = bytes;
  if (second === undefined) return undefined;
  if (second === 0x5b || second === 0x4f) {
    for (let at = 2; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      // Parameter and intermediate bytes continue the sequence, and a byte from @ to ~ ends it. Any other byte makes
      // the sequence invalid.
      if (byte >= 0x20 && byte < 0x40) continue;
      const name = sequences[Buffer.from(bytes.subarray(2, at + 1)).toString("latin1")];
      return { key: { name: name ?? "unknown" }, size: at + 1 };
    }
    return bytes.length > 32 ? { key: { name: "unknown" }, size: bytes.length } : undefined;
  }
  return { key: { name: metas[String.fromCharCode(second)] ?? "unknown" }, size: second === ESC ? 1 : 2 };
}

/** Reads all text before the next control character, so that pasted text is a single change. */
function readTypedKey(bytes: Uint8Array): { key: Key; size: number } | undefined {
  let size = 0;
  while (size < bytes.length && (bytes[size] as number) >= 0x20 && bytes[size] !== 0x7f) size++;
  if (size === bytes.length) size = wholeCharacters(bytes);
  return size === 0 ? undefined : { key: { name: "text", text: decodeBytes(bytes.subarray(0, size)) }, size };
}

/** Returns the length in bytes, excluding an incomplete UTF-8 character at the end. */
export function wholeCharacters(bytes: Uint8Array): number {
  return bytes.length - countUnfinished(bytes);
}

function countUnfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needs > back ? back : 0;
  }
  return 0;
}
