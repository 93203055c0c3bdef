/**
 * Determines the recipients of a message: expands aliases, removes duplicates, and finds the files and programs among
 * the recipients.
 */
import { domainToASCII } from "node:url";
import type { Config } from "../../config/config.ts";
import { Exit } from "../../errors.ts";
import { parseAddresses, splitAtCommas } from "../../message/address.ts";
import type { Refusal } from "../../submit/transport.ts";
import type { Draft } from "./draft.ts";

/** The maximum depth of nested aliases. */
const deepest = 25;

export interface Recipients {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** Aliases that have no members, because they refer only to themselves. */
  readonly refused: readonly Refusal[];
  /**
   * With `expandaddr`, the files and |commands that receive the message. These recipients are also in the lists above.
   */
  readonly sinks: readonly string[];
}

/**
 * Returns the items that were typed at a prompt or after an escape, separated by commas or white space outside
 * quotes.
 */
export function splitTypedItems(text: string): string[] {
  return splitAtCommas(text).flatMap(splitAtBlanks);
}

/**
 * Prepares the items of a command line. Empty items, such as those from unset shell variables, are dropped if another
 * To recipient remains. An item with newlines is split if each of its lines is one address. Other items with newlines
 * are refused later.
 */
export function settleItems(draft: Pick<Draft, "to" | "cc" | "bcc">): void {
  const hasRecipient = draft.to.some((item) => item.trim() !== "");
  for (const list of ["to", "cc", "bcc"] as const) {
    const items = hasRecipient ? draft[list].filter((item) => item.trim() !== "") : draft[list];
    draft[list] = items.flatMap(splitAtNewlines);
  }
}

/** Returns the lines of an item, if each is exactly one address without an unquoted colon; otherwise the item. */
export function splitAtNewlines(item: string): string[] {
  if (!/[\r\n]/.test(item)) return [item];
  const lines = item.trim().split(/\r?\n/);
  return lines.every(isOneAddress) ? lines : [item];
}

function isOneAddress(line: string): boolean {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/<[^<>]*>/, "");
  const addresses = parseAddresses(line);
  // A bracket or quotation mark that is not closed would hide the text after it.
  if (/["<>:;()\0\r]/.test(bare) || addresses.length !== 1 || splitAtCommas(line).length !== 1) return false;
  return findAddressFault(addresses[0]?.address ?? "") === undefined;
}

/**
 * Returns the items of an argument. Addresses separated by spaces are several items; a command, file or group is a
 * single item.
 */
export function splitAtBlanks(item: string): string[] {
  if (/^[^ \t]*$|[;:\r\n]|^[ \t]*[|/.+~]/.test(item)) return [item];
  const members = splitAtCommas(item);
  const parted = members.flatMap(mailboxesOf);
  return parted.length > members.length || members.length === 1 ? parted : [item];
}

function mailboxesOf(member: string): string[] {
  const mailboxes = parseAddresses(member);
  if (mailboxes.length < 2) return [member];
  return mailboxes.map(({ name, address }) => (name === "" ? address : `${quoteDisplayName(name)} <${address}>`));
}

/** Returns a display name as a phrase: words, or a quoted string (RFC 5322, section 3.2.5). */
function quoteDisplayName(name: string): string {
  return /[()<>[\]:;@\\,."]/.test(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : name;
}

/**
 * Expands aliases. Returns the recipients of the message, without duplicates, and separately the recipients that are
 * refused.
 */
export function resolveRecipients(
  config: Config,
  typed: { readonly to: readonly string[]; readonly cc: readonly string[]; readonly bcc: readonly string[] },
): Recipients {
  const refused = new Map<string, Refusal>();
  const refuse = (recipient: string, reply: string) =>
    void refused.set(recipient, { recipient, reply, exit: Exit.DataErr });
  const expanded = (items: readonly string[]) => {
    const done = new Set<string>();
    return sortUnique(items.flatMap(splitAtBlanks).flatMap((item) => expandAlias(config, item, [], done, refuse)));
  };
  const seen = new Set<string>();
  const fresh = (items: string[]) =>
    items.filter((item) => !seen.has(normalizeItem(item)) && seen.add(normalizeItem(item)));
  const bcc = fresh(expanded(typed.bcc));
  const to = fresh(expanded(typed.to));
  const cc = fresh(expanded(typed.cc));
  const sinks = config.settings.get("expandaddr") ? [...to, ...cc, ...bcc].filter(isSink) : [];
  return { to, cc, bcc, refused: [...refused.values()], sinks };
}

/**
 * Returns the members of an alias, or the item if it is not an alias.
 *
 * @param way the chain of aliases that led to the item, as typed
 * @param done the aliases already expanded; their members would be duplicates
 */
function expandAlias(
  config: Config,
  item: string,
  way: readonly string[],
  done: Set<string>,
  refuse: (recipient: string, reply: string) => void,
): string[] {
  const members = item.startsWith("\\") ? undefined : config.aliases.get(item);
  if (members === undefined) return [item];
  const steps = [...way, item];
  if (way.includes(item)) {
    refuse(item, `the alias refers to itself: ${steps.slice(way.indexOf(item)).join(" -> ")}`);
    return [];
  }
  if (way.length > deepest) {
    refuse(item, `nested in more than ${deepest} aliases, starting with ${steps[0]}`);
    return [];
  }
  if (done.has(item)) return [];
  done.add(item);
  return members.flatMap((member) => (member === item ? [member] : expandAlias(config, member, steps, done, refuse)));
}

function sortUnique(items: string[]): string[] {
  return items.sort((a, b) => (normalizeItem(a) < normalizeItem(b) ? -1 : normalizeItem(a) > normalizeItem(b) ? 1 : 0));
}

function normalizeItem(item: string): string {
  return item.toLowerCase();
}

/** Returns whether an item is a file or command: `|command`, `+folder`, or a name with a slash before any @. */
export function isSink(item: string): boolean {
  return item.startsWith("|") || item.startsWith("+") || /^[^!%@]*\//.test(item);
}

/** Returns the complete envelope addresses in an item. */
export function envelopeAddresses(item: string, mailName: string): string[] {
  return parseAddresses(item).map(({ address }) => qualifyAddress(address, mailName));
}

/**
 * Returns an address with its domain, which defaults to this host's mail name. Unless the local part requires SMTPUTF8
 * anyway (RFC 6531), a non-ASCII domain is converted to ASCII (IDNA), which every server accepts.
 */
export function qualifyAddress(address: string, mailName: string): string {
  const name = address.replace(/^\\/, "");
  const at = name.endsWith('"') ? -1 : name.lastIndexOf("@");
  if (name === "" || at < 0) return name === "" ? name : `${name}@${mailName}`;
  const domain = name.slice(at + 1);
  if (/^[\0-\x7f]*$/.test(domain) || /[^\0-\x7f]/.test(name.slice(0, at))) return name;
  return `${name.slice(0, at)}@${domainToASCII(domain) || domain}`;
}

/** Returns the reason why an address is invalid, or undefined if it is valid. */
export function findAddressFault(address: string): string | undefined {
  if (address === "") return "not an address";
  if (/^@|@$/.test(address)) return "an incomplete address";
  if (/[\s\0-\u001f\u007f-\u009f\ud800-\udfff<>,;]/u.test(address.replace(/^"(?:[^"\\]|\\.)*"/, "")))
    return "not an address";
  return undefined;
}
