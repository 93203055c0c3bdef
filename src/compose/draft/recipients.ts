/** From what was typed to who gets it: aliases, order, duplicates, and files and programs in the place of people. */
import { domainToASCII } from "node:url";
import type { Config } from "../../config/config.ts";
import { Exit } from "../../errors.ts";
import { parseAddresses, splitAtCommas } from "../../message/address.ts";
import type { Refusal } from "../../submit/transport.ts";

/** How deep aliases may name each other. */
const deepest = 25;

export interface Recipients {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** Aliases that lead to nobody, for they lead back to themselves. */
  readonly refused: readonly Refusal[];
  /** With `expandaddr`: files and |commands that get the message; they stand in the lists above as well. */
  readonly sinks: readonly string[];
}

/** What a person typed at a prompt or after an escape, as items: commas and blanks part them, unless quoted. */
export function splitTypedItems(text: string): string[] {
  return splitAtCommas(text).flatMap(splitAtBlanks);
}

/** Addresses in one argument with a blank between them are several items; a command, a file or a group is one. */
export function splitAtBlanks(item: string): string[] {
  if (/^[^ \t]*$|[;:]|^[ \t]*[|/.+~]/.test(item)) return [item];
  const members = splitAtCommas(item);
  const parted = members.flatMap(mailboxesOf);
  return parted.length > members.length || members.length === 1 ? parted : [item];
}

function mailboxesOf(member: string): string[] {
  const mailboxes = parseAddresses(member);
  if (mailboxes.length < 2) return [member];
  return mailboxes.map(({ name, address }) => (name === "" ? address : `${asPhrase(name)} <${address}>`));
}

/** RFC 5322, section 3.2.5: words, or a quoted string. */
function asPhrase(name: string): string {
  return /[()<>[\]:;@\\,."]/.test(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : name;
}

/** Expands aliases and returns the recipients of the message, each once, with those that are refused. */
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
  const fresh = (items: string[]) => items.filter((item) => !seen.has(key(item)) && seen.add(key(item)));
  const bcc = fresh(expanded(typed.bcc));
  const to = fresh(expanded(typed.to));
  const cc = fresh(expanded(typed.cc));
  const sinks = config.settings.get("expandaddr") ? [...to, ...cc, ...bcc].filter(isSink) : [];
  return { to, cc, bcc, refused: [...refused.values()], sinks };
}

/**
 * @param way the aliases that led here, the first as it was typed
 * @param done aliases whose members are had already: again they would be duplicates
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
  return items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function key(item: string): string {
  return item.toLowerCase();
}

/** `|command`, `+folder`, or a name with a slash before any @. */
export function isSink(item: string): boolean {
  return item.startsWith("|") || item.startsWith("+") || /^[^!%@]*\//.test(item);
}

/** Returns the envelope addresses in an item, complete. */
export function envelopeAddresses(item: string, mailName: string): string[] {
  return parseAddresses(item).map(({ address }) => qualifyAddress(address, mailName));
}

/**
 * Returns an address with its domain: this host's mail name where there was none. A domain that is not ASCII becomes what DNS
 * calls it (IDNA), which every server takes, unless the local part needs SMTPUTF8 all the same (RFC 6531).
 */
export function qualifyAddress(address: string, mailName: string): string {
  const name = address.replace(/^\\/, "");
  const at = name.endsWith('"') ? -1 : name.lastIndexOf("@");
  if (name === "" || at < 0) return name === "" ? name : `${name}@${mailName}`;
  const domain = name.slice(at + 1);
  if (/^[\0-\x7f]*$/.test(domain) || /[^\0-\x7f]/.test(name.slice(0, at))) return name;
  return `${name.slice(0, at)}@${domainToASCII(domain) || domain}`;
}

/** Returns why nobody can be written to like this, or undefined */
export function findAddressFault(address: string): string | undefined {
  if (address === "") return "not an address";
  if (/^@|@$/.test(address)) return "an incomplete address";
  if (/[\s\0-\u001f\u007f-\u009f\ud800-\udfff<>,;]/u.test(address.replace(/^"(?:[^"\\]|\\.)*"/, "")))
    return "not an address";
  return undefined;
}
