/** Recognizes the names of mailboxes on servers. mailbox/server-address.ts parses them. */

/** Returns whether a name begins with the scheme of a mail protocol, and so is the address of a mailbox on a server. */
export function isServerAddress(name: string): boolean {
  return /^(?:imaps?|pop3s?):\/\//i.test(name);
}
