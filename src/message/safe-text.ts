/**
 * Makes text safe to show on a terminal. Control characters, invisible characters, and characters that reorder text are
 * replaced by visible text.
 *
 * C0 controls (except newline and tab) and DEL are shown as ^X; C1 controls, direction marks, overrides and invisible
 * characters are shown as <U+NNNN>, and bytes that are not UTF-8 as \xHH. Joiners are kept if a script or an emoji
 * requires them. Tags in flags are kept, too (Unicode TR 51).
 */
// With the u flag, U+DC80..U+DCFF matches only lone surrogates, which represent bytes (text.ts), not the halves of
// surrogate pairs.
const unsafe =
  /[\u034f\0-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\udc80-\udcff\u{e0000}-\u{e0fff}]/gu;
const flag = { base: 0x1f3f4, firstTag: 0xe0020, lastTag: 0xe007e, end: 0xe007f, mostTags: 6 };

function showCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return "^?";
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Returns text with its control and invisible characters made visible. */
export function makeVisible(text: string): string {
  return showControls(text).replace(unsafe, (character, at: number) =>
    isAtHome(text, character, at) ? character : showCharacter(character),
  );
}

const controls = /[\0-\x08\x0b-\x1f\x7f]/;
/**
 * The number of characters that are processed per call when control characters are replaced. V8 stores every match of a
 * call, and a message may contain millions of control characters.
 */
const stretch = 1 << 14;

/** Returns text with its C0 controls and DEL made visible. */
function showControls(text: string): string {
  if (!controls.test(text)) return text;
  const shown: string[] = [];
  for (let at = 0; at < text.length; at += stretch) {
    let part = text.slice(at, at + stretch);
    for (let found = controls.exec(part); found !== null; found = controls.exec(part))
      part = part.replaceAll(found[0], showCharacter(found[0]));
    shown.push(part);
  }
  return shown.join("");
}

/**
 * Returns whether an invisible character is legitimate in this position. The \p expressions are created only when this
 * function runs, because compiling them takes a millisecond.
 */
function isAtHome(text: string, character: string, at: number): boolean {
  const joinedScripts =
    /[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}](?<!\p{Script=Zyyy})$/u;
  const beforeInEmoji = /(?:\p{Extended_Pictographic}\ufe0f?|[\u{1f3fb}-\u{1f3ff}])$/u;
  const afterInEmoji = /^\p{Extended_Pictographic}/u;
  const code = character.codePointAt(0) ?? 0;
  const before = text.slice(Math.max(at - 4, 0), at);
  const after = text.slice(at + character.length, at + character.length + 2);
  if (code === 0x200d && beforeInEmoji.test(before) && afterInEmoji.test(after)) return true;
  if (code === 0x200c || code === 0x200d) return joinedScripts.test(before);
  if (code >= 0xe0020 && code <= 0xe007f) return isInFlag(text, at);
  // Variation selectors of Han characters
  return code >= 0xe0100 && code <= 0xe01ef && /\p{Script=Han}$/u.test(before);
}

/**
 * Returns whether a tag belongs to a flag. Code points are compared one by one, because the equivalent regular
 * expression matches in Node 20 to 24, but not in Node 26. Each of these code points consists of two UTF-16 units.
 */
function isInFlag(text: string, at: number): boolean {
  const isTag = (code: number) => code >= flag.firstTag && code <= flag.lastTag;
  const codeAt = (place: number) => text.codePointAt(place) ?? 0;
  let start = at - 2;
  while (at - start <= 2 * flag.mostTags + 2 && isTag(codeAt(start))) start -= 2;
  let end = start + 2;
  while (end - start <= 2 * flag.mostTags && isTag(codeAt(end))) end += 2;
  return codeAt(start) === flag.base && end > start + 2 && codeAt(end) === flag.end && at <= end;
}

/**
 * Returns a value as JSON. Control characters and line separators are always escaped, although JSON does not require this
 * for all of them.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
