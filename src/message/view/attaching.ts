/** Recognizes messages that may have attachments, without reading their bodies. */

const attaching =
  /\ncontent-(?:disposition:|type:\s*(?:multipart|message)\/|type:[^\n]*(?:\n[ \t][^\n]*)*?name[*0-9]*\s*=)/i;

/**
 * Returns whether a message may have attachments.
 *
 * @param header the From_ line and the header, one character per byte
 */
export function mayHaveAttachments(header: string): boolean {
  return attaching.test(header);
}
