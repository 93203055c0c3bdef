/**
 * Whether a line begins a message: `From `, a user and at least one more word, as bsd-mailx has it; the date is not looked
 * at (RFC 4155 would have it checked, but real mailboxes hold every kind).
 *
 * @param line from its `From ` to its line end, exclusive
 */
export function isFromLine(line: Buffer): boolean {
  return /^From +[^ \t\r\n]+[ \t]+[^ \t\r\n]/.test(line.subarray(0, 1024).toString("latin1"));
}
