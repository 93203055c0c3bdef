/** A From_ line longer than this is judged by its beginning. */
export const longestFromLine = 1024;

const space = (byte: number | undefined) => byte === 32 || byte === 9;
const lineEnd = (byte: number | undefined) => byte === 10 || byte === 13 || byte === undefined;

/**
 * Whether a line begins a message: `From `, a user and at least one more word, as bsd-mailx has it; the date is not looked
 * at (RFC 4155 would have it checked, but real mailboxes hold every kind).
 *
 * @param at where its `From ` stands
 * @param end of what is in `bytes`
 */
export function isFromLine(bytes: Uint8Array, at: number, end: number): boolean {
  const limit = Math.min(end, at + longestFromLine);
  let i = at + 5;
  while (i < limit && bytes[i] === 32) i++;
  const user = i;
  while (i < limit && !space(bytes[i]) && !lineEnd(bytes[i])) i++;
  if (i === user || i >= limit || !space(bytes[i])) return false;
  while (i < limit && space(bytes[i])) i++;
  return i < limit && !lineEnd(bytes[i]);
}
