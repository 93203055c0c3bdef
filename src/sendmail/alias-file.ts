/**
 * Rewrites local names according to a file in the format of aliases(5): `name: address, name` and continuation lines.
 *
 * An alias can expand only to addresses. Commands, files and `:include:` are refused, because this program runs with
 * the caller's privileges: commands in the file would run as whichever user sends mail.
 */
import type { Config } from "../config/config.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { decodeBytes } from "../message/text.ts";
import { readPrivateFile } from "../private-file.ts";
import type { Refusal } from "../submit/transport.ts";
import { addPathToError } from "../system-error.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface Alias {
  readonly members: readonly string[];
  /** The number of the line on which the alias begins. */
  readonly line: number;
}

/** The contents of an alias file. */
export interface AliasFile {
  readonly path: string;
  /** The aliases, keyed by their names in lower case. */
  readonly aliases: ReadonlyMap<string, Alias>;
  /** One line for each entry that is invalid or refused. */
  readonly faults: readonly string[];
}

/** Returns the path in the `aliasfile` variable; undefined if local names are not rewritten. */
export function aliasFilePath({ identity, settings }: Config): string | undefined {
  return settings.get("aliasfile")?.replace(/^~(?=\/)/, identity.home) || undefined;
}

/**
 * Reads an alias file.
 *
 * @throws MailError with exit code 78 if the file is missing, or if other users can write to it
 */
export function readAliasFile(path: string): AliasFile {
  try {
    return parseAliasFile(path, decodeBytes(readPrivateFile(path)));
  } catch (error) {
    if (error instanceof MailError) throw new MailError(`aliasfile: ${error.message}`, Exit.Config, { cause: error });
    throw addPathToError(`aliasfile: ${path}`, error, Exit.Config);
  }
}

/** Parses the text of an alias file (aliases(5)). */
export function parseAliasFile(path: string, text: string): AliasFile {
  const aliases = new Map<string, Alias>();
  const faults: string[] = [];
  for (const { line, content } of logicalLines(text)) {
    const [, quoted, plain = "", list = ""] = /^(?:"((?:[^"\\]|\\.)*)"|([^\s:"]+))\s*:(.*)$/s.exec(content) ?? [];
    const name = (quoted?.replace(/\\(.)/g, "$1") ?? plain).toLowerCase();
    if (name === "") {
      faults.push(`${path}:${line}: not an alias; use NAME: ADDRESS, ADDRESS`);
      continue;
    }
    if (aliases.has(name)) faults.push(`${path}:${line}: ${name}: defined again; the first definition is used`);
    const members = splitAtCommas(list);
    for (const member of members) {
      const reason = refuseMember(member);
      if (reason !== undefined) faults.push(`${path}:${line}: ${name}: ${member}: ${reason}`);
    }
    if (!aliases.has(name)) aliases.set(name, { members, line });
  }
  return { path, aliases, faults };
}

/** Yields the entries with their continuation lines, without comments and empty lines. */
function* logicalLines(text: string): Generator<{ readonly line: number; readonly content: string }> {
  let begun: { line: number; content: string } | undefined;
  for (const [index, written] of text.split("\n").entries()) {
    if (/^\s*(?:#|$)/.test(written)) continue;
    if (/^\s/.test(written) && begun !== undefined) {
      begun.content += ` ${written.trim()}`;
      continue;
    }
    if (begun !== undefined) yield begun;
    begun = { line: index + 1, content: written.trim() };
  }
  if (begun !== undefined) yield begun;
}

/** Returns the reason why a member of an alias is refused; undefined if it is an address or a name. */
function refuseMember(member: string): string | undefined {
  const text = member.replace(/^\\?"?\s*\\?/, "");
  if (text.startsWith("|")) return "an alias cannot run a command";
  if (/^:\s*include\s*:/i.test(text)) return "an alias cannot include a file";
  if (text.startsWith("/")) return "an alias cannot lead to a file";
  return undefined;
}

interface Expanded {
  /** Addresses and local names. */
  readonly recipients: readonly string[];
  readonly refused: readonly Refusal[];
}

/**
 * Expands the local names among the recipients.
 *
 * @param localName returns the local name that an address contains; undefined for an address on another host
 */
export function expandAliases(
  file: AliasFile,
  recipients: readonly string[],
  localName: (address: string) => string | undefined,
): Expanded {
  const found = new Set<string>();
  const refused: Refusal[] = [];
  const done = new Set<string>();
  const expand = (recipient: string, chain: readonly string[]): void => {
    const name = recipient.startsWith("\\") ? undefined : localName(recipient)?.toLowerCase();
    const alias = name === undefined ? undefined : file.aliases.get(name);
    // As in sendmail, an alias that contains its own name also delivers to that name.
    if (name === undefined || alias === undefined || chain.at(-1) === name) {
      found.add(recipient.replace(/^\\/, ""));
      return;
    }
    const place = `${file.path}:${alias.line}`;
    if (chain.includes(name)) {
      const steps = [...chain.slice(chain.indexOf(name)), name].join(" -> ");
      refused.push({ recipient, reply: `${place}: the alias refers to itself: ${steps}`, exit: Exit.Config });
      return;
    }
    if (done.has(name)) return;
    done.add(name);
    for (const member of alias.members) {
      const addresses = parseAddresses(member).map(({ address }) => address);
      const reason = [member, ...addresses].map(refuseMember).find((each) => each !== undefined);
      if (reason === undefined) for (const address of addresses) expand(address, [...chain, name]);
      else refused.push({ recipient, reply: `${place}: ${member}: ${reason}`, exit: Exit.Config });
    }
  };
  for (const recipient of recipients) expand(recipient, []);
  return { recipients: [...found], refused };
}

/**
 * Checks the alias file for `newaliases`: prints the number of aliases, and each entry that would be refused. There is no
 * database to rebuild, because the file is read for each message.
 *
 * @returns 78 if an entry would be refused
 */
export function checkAliases(config: Config, terminal: Pick<Terminal, "out" | "err">): ExitCode {
  const path = aliasFilePath(config);
  if (path === undefined) {
    terminal.out("aliasfile is not set; local names are not rewritten\n");
    return Exit.Ok;
  }
  const { aliases, faults } = readAliasFile(path);
  for (const fault of faults) terminal.err(`sendmail: ${fault}\n`);
  terminal.out(`${path}: ${aliases.size} ${aliases.size === 1 ? "alias" : "aliases"}\n`);
  return faults.length === 0 ? Exit.Ok : Exit.Config;
}
