/** Recognizes the names of mailboxes on servers. mailbox/server-address.ts parses them. */

/**
 * Returns whether a name is the address of a mailbox on a server, that is, whether the name begins with the scheme of a
 * mail protocol.
 */
export function isServerAddress(name: string): boolean {
  return /^(?:imaps?|pop3s?):\/\//i.test(name);
}
