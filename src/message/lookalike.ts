/** Detects and marks host names and display names that imitate other names. */
import { domainToASCII } from "node:url";

/** Combinations of scripts that may occur in one word (Unicode TR 39, "highly restrictive"). */
const together = [
  ["Latn", "Hani", "Hira", "Kana"],
  ["Latn", "Hani", "Hang"],
  ["Latn", "Hani", "Bopo"],
];
const scripts: readonly (readonly [string, RegExp])[] = [
  ["Latn", /\p{Script=Latn}/u],
  ["Cyrl", /\p{Script=Cyrl}/u],
  ["Grek", /\p{Script=Grek}/u],
  ["Hani", /\p{Script=Hani}/u],
  ["Hira", /\p{Script=Hira}/u],
  ["Kana", /\p{Script=Kana}/u],
  ["Hang", /\p{Script=Hang}/u],
  ["Bopo", /\p{Script=Bopo}/u],
  ["Armn", /\p{Script=Armn}/u],
  ["Cher", /\p{Script=Cher}/u],
];
/** Letters of other scripts that look like Latin letters. */
const likeLatin =
  /^[\d\-\u0430\u04cf\u0431\u0441\u0501\u0435\u04bd\u04bb\u0456\u0458\u043a\u043c\u043d\u043e\u043e\u0440\u051b\u0455\u0442\u051d\u0443\u0445\u0475\u0461\u044c\u04af\u03b1\u03b3\u03b5\u03b7\u03b9\u03ba\u03bd\u03bfp\u03c1\u03c4\u03c5\u03c7\u03c9\u057d\u0578\u0585\u0581\u0570\u0501\u13a0\u13a1\u13a2\u13a5\u13aa\u13ac\u13b3\u13c0\u13da\u13de\u13e2\u13f4]+$/u;
/** Characters that look like the punctuation of an address or URL. */
const likeSigns = /[\u2024\u2044\u2215\u2236\u2571\u29f8\ua789\u01c0\u04c0\u3164]/u;
const host =
  /[\p{L}\p{M}\p{N}_\u2024\u2044\u2215\u2571\u29f8-]{1,63}(?:[.\u3002\uff0e\uff61][\p{L}\p{M}\p{N}_\u2024\u2044\u2215\u2571\u29f8-]{1,63}){1,20}/gu;
/** A run of characters that can occur in a host name. A run may be millions of characters long. */
const hostCharacters = /[\p{L}\p{M}\p{N}_\u2024\u2044\u2215\u2571\u29f8.\u3002\uff0e\uff61-]+/gu;
/**
 * The maximum length of a run of characters that is searched for host names, which have at most 253 characters (RFC
 * 1035).
 */
const longestRun = 2000;

/** Returns the ASCII form (RFC 5891) of a misleading host name, or undefined if the name is not misleading. */
export function trueName(name: string): string | undefined {
  if (/^[\0-\x7f]*$/.test(name) || !name.split(/[.\u3002\uff0e\uff61]/).some(isLookalikeLabel)) return undefined;
  return domainToASCII(name) || escapeLookalikes(name);
}

function isLookalikeLabel(label: string): boolean {
  if (/^[\0-\x7f]*$/.test(label)) return false;
  if (likeSigns.test(label)) return true;
  const used = scripts.filter(([, letters]) => letters.test(label)).map(([script]) => script);
  if (used.length === 1) return used[0] !== "Latn" && likeLatin.test(label);
  return used.length > 1 && !together.some((allowed) => used.every((script) => allowed.includes(script)));
}

function escapeLookalikes(name: string): string {
  return name.replace(
    /[^\0-\x7f]/gu,
    (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}>`,
  );
}

/** Returns the text with `[really xn--...]` inserted after each misleading host name. */
export function withTrueNames(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return text.replace(hostCharacters, (run) =>
    run.length > longestRun || !/[^\0-\x7f]/.test(run) ? run : run.replace(host, withTrueName),
  );
}

function withTrueName(name: string): string {
  const really = /\.[A-Za-z]{2,}$|\.xn--/.test(name) || /^www\./.test(name) ? trueName(name) : undefined;
  return really === undefined ? name : `${name} [really ${really}]`;
}

/** Returns whether a display name contains an address that differs from the real one. */
export function namesAnother(name: string, address: string): boolean {
  const held = name.toLowerCase().match(/[^\s<>@"'(),;:[\]]{1,64}@[^\s<>@"'(),;:[\]]{1,255}/g) ?? [];
  return held.some((each) => each.includes(".", each.indexOf("@")) && each !== address.toLowerCase());
}
