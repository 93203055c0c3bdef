/**
 * Address lists (RFC 5322, section 3.4): display names, comments, quoted strings and groups.
 *
 * The parser is lenient, because people type recipients by hand. The parser never fails, and returns all addresses that
 * it finds.
 */
import { pushAll } from "./lists.ts";

export interface Address {
  /** The display name, or the first comment if there is no display name; may be empty. */
  readonly name: string;
  /** The envelope address, without angle brackets. */
  readonly address: string;
}

interface Piece {
  readonly kind: "word" | "quoted" | "comment" | "angle" | "mark";
  readonly text: string;
  /** True at the start of the list and after white space. */
  readonly apart: boolean;
}

/** Returns the addresses in a list that a user typed (RFC 5322, section 3.4). White space separates bare addresses. */
export function parseAddresses(text: string): Address[] {
  return parseUsualAddress(text) ?? parseList(text, bareAddresses);
}

/** The form of most fields: an address, or a name of plain words followed by an address in angle brackets. */
const usualAddress = /^(?:([\w.'+-]+(?: [\w.'+-]+)*) <([\w.+-]+@[\w.-]+)>|([\w.+-]+@[\w.-]+))$/;

/**
 * Returns the addresses in a field of a stored message (RFC 5322, section 3.4). The display name may precede a bare
 * address, as in `Big Bug bb@bug.com`, and may contain an unquoted comma, as in `Doe, Jane <jane@example.org>`. A name
 * that belongs to no address is returned with an empty address.
 */
export function parseAddressField(text: string): Address[] {
  return parseUsualAddress(text) ?? joinSplitNames(splitMembers(text).map(parseMember));
}

/** A member of a list in a field. */
interface Member {
  readonly addresses: readonly Address[];
  /** The member's text if the member contains no address that has angle brackets or a domain. */
  readonly words?: string;
  readonly areUsers: "never" | "alone" | "always";
}

/** Matches a login name, and a UUCP address such as `host!carl`. */
const userName = /^(?:[a-z_][a-z0-9_.-]*|[\w.-]+(?:![\w.-]+)+)$/;

function parseMember(pieces: readonly Piece[]): Member {
  if (pieces.some(({ kind }) => kind === "angle"))
    return { addresses: listAddresses(pieces, bareAddresses).flatMap(nameWithoutAddress), areUsers: "never" };
  const addresses = bareAddresses(pieces).flatMap(mendAddress);
  if (addresses.some(hasDomain) || addresses.length === 0)
    return { addresses: joinNames(addresses), areUsers: "never" };
  const words = pieces.filter(isAddressText);
  const text = words.map((piece) => piece.text).join(" ");
  const mayBeUsers = words.every((piece) => piece.kind === "word" && userName.test(piece.text));
  return { addresses, words: text, areUsers: !mayBeUsers ? "never" : words.length === 1 ? "always" : "alone" };
}

/** Turns text in angle brackets that is not an address into a name. Omits an empty pair of brackets. */
function nameWithoutAddress({ name, address }: Address): Address[] {
  if (/\s/.test(address) && !address.includes("@")) return [{ name: name || address, address: "" }];
  return name === "" && address === "" ? [] : [{ name, address }];
}

/**
 * Joins a name that contains an unquoted comma. A word that may be the name of a local user remains an address, and so
 * do several words if the field contains nothing else, as in `To: ann ben`.
 */
function joinSplitNames(members: readonly Member[]): Address[] {
  if (members.every(({ areUsers }) => areUsers !== "never")) return members.flatMap(({ addresses }) => addresses);
  const found: Address[] = [];
  const last = members.findLastIndex(({ addresses, words }) => words === undefined && addresses.length > 0);
  let names: string[] = [];
  for (const [at, { addresses, words, areUsers }] of members.entries()) {
    const [first, ...others] = addresses;
    if (words !== undefined && areUsers !== "always") {
      if (at < last) names.push(words);
      else if (others.length === 0 && first?.address === words) found.push(first);
      else found.push({ name: words, address: "" });
    } else if (first !== undefined) {
      const name = [...names, first.name].filter((part) => part !== "").join(", ");
      pushAll(found, [{ name, address: first.address }, ...others]);
      names = [];
    }
  }
  return found;
}

/**
 * Removes the brackets from an address such as `ann@example.org>`, `[ann@example.org]` or
 * `[mailto:ann@example.org]`. Omits the domain that some mail servers insert into an empty group, as in
 * `Undisclosed-Recipients:@example.org;`.
 */
function mendAddress({ name, address }: Address): Address[] {
  if (address.startsWith("@")) return [];
  const plain = address.replace(/^\[(?:mailto:)?([^\][@]+@[^\]]+)\]$/i, "$1");
  return [{ name, address: plain.replace(/(?<=[^>])>+$/, "") }];
}

/**
 * Returns the address if the text has the most common form, and no address if the text is empty; undefined for any
 * other form.
 */
function parseUsualAddress(text: string): Address[] | undefined {
  if (text === "") return [];
  const [, name = "", inAngle, bare] = usualAddress.exec(text) ?? [];
  const address = inAngle ?? bare;
  return address === undefined ? undefined : [{ name, address }];
}

function parseList(text: string, parseBare: (pieces: readonly Piece[]) => Address[]): Address[] {
  return splitMembers(text).flatMap((pieces) => listAddresses(pieces, parseBare));
}

/** Returns the tokens of each member of a list, without the names of groups. */
function splitMembers(text: string): Piece[][] {
  const members: Piece[][] = [];
  let pieces: Piece[] = [];
  for (const piece of readTokens(text)) {
    if (piece.kind !== "mark") pieces.push(piece);
    else {
      if (piece.text !== ":") members.push(pieces);
      pieces = [];
    }
  }
  return [...members, pieces].filter((member) => member.length > 0);
}

/** Splits a list at its commas, and returns the members as they were written. */
export function splitAtCommas(text: string): string[] {
  const members: string[] = [];
  let member = "";
  for (const { kind, text: written } of readTokens(text, true)) {
    if (kind === "mark" && written === ",") {
      members.push(member.trim());
      member = "";
    } else member += written;
  }
  members.push(member.trim());
  return members.filter((each) => each !== "");
}

/** Returns the address between two commas, or several addresses if the commas between them are missing. */
function listAddresses(pieces: readonly Piece[], parseBare: (pieces: readonly Piece[]) => Address[]): Address[] {
  const angles = findAddressAngles(pieces);
  if (angles.length === 0) return parseBare(pieces);
  const isStray = ({ kind, text }: Piece) => kind === "word" && text === ">";
  return angles.map((at, index) => {
    const end = index === angles.length - 1 ? pieces.length : at;
    const own = pieces.slice(index === 0 ? 0 : (angles[index - 1] ?? 0) + 1, end).filter((piece) => !isStray(piece));
    const words = own.filter(({ kind, text }) => kind !== "comment" && text !== "" && text !== pieces[at]?.text);
    const name = words.map(({ text }) => text).join(" ");
    return { name: name === "" ? commentIn(own) : name, address: pieces[at]?.text ?? "" };
  });
}

/**
 * Returns the positions of the addresses in angle brackets. If one of several pairs of brackets contains an "@", the
 * others are part of the name, as in `Ann <Lee> <ann@example.org>`, or are empty, as in `<<ann@example.org>>`. A
 * program may repeat an address as a link, as in `<ann@example.org<mailto:ann@example.org>>`.
 */
function findAddressAngles(pieces: readonly Piece[]): number[] {
  const angles = pieces.flatMap(({ kind }, at) => (kind === "angle" ? [at] : []));
  const textAt = (at: number) => pieces[at]?.text ?? "";
  const withSign = angles.filter((at) => /[^@]@[^@]/.test(textAt(at)));
  const filled = angles.filter((at) => textAt(at) !== "");
  const chosen = withSign.length > 0 ? withSign : filled.length > 0 ? filled : angles;
  return chosen.filter((at, index) => index === 0 || textAt(at) !== textAt(at - 1));
}

/**
 * Returns the addresses in a list item that contains no angle brackets. White space separates addresses, except around
 * "@" and "." (RFC 5322, section 4.4).
 */
function bareAddresses(pieces: readonly Piece[]): Address[] {
  const found: string[][] = [];
  let before = "";
  for (const [at, piece] of pieces.entries()) {
    if (!isAddressText(piece)) continue;
    const text = piece.kind === "quoted" ? `"${piece.text.replace(/[\\"]/g, "\\$&")}"` : atSign(pieces, at);
    const isJoined = !piece.apart || ["@", "."].includes(before.slice(-1)) || /^[@.]/.test(text);
    const last = found.at(-1);
    if (last !== undefined && isJoined) last.push(text);
    else found.push([text]);
    before = text;
  }
  const name = commentIn(pieces);
  return found.map((parts) => ({ name: found.length === 1 ? name : "", address: parts.join("") }));
}

/**
 * Returns the text of a word, or "@" for the "at" in `ann at example.org`, an obsolete form that bsd-mailx also
 * accepts.
 */
function atSign(pieces: readonly Piece[], at: number): string {
  const text = pieces[at]?.text ?? "";
  return text === "at" && pieces[at - 1]?.kind === "word" && pieces[at + 1]?.kind === "word" ? "@" : text;
}

/**
 * Turns words without a domain into the display name of the address that follows them or, if none follows, of the last
 * address.
 */
function joinNames(found: readonly Address[]): Address[] {
  if (!found.some(hasDomain)) return [...found];
  const joined: Address[] = [];
  let words: string[] = [];
  for (const each of found) {
    if (!hasDomain(each)) words.push(each.address.replace(/^"(.*)"$/s, "$1"));
    else {
      joined.push({ name: words.join(" ") || each.name, address: each.address });
      words = [];
    }
  }
  const last = joined.at(-1);
  if (last !== undefined && words.length > 0 && last.name === "")
    joined[joined.length - 1] = { name: words.join(" "), address: last.address };
  return joined;
}

function hasDomain({ address }: Address): boolean {
  return /[^@]@[^@"]+$/.test(address);
}

function isAddressText({ kind }: Piece): boolean {
  return kind === "word" || kind === "quoted";
}

function commentIn(pieces: readonly Piece[]): string {
  return pieces.find(({ kind }) => kind === "comment")?.text ?? "";
}

/**
 * Yields the tokens of a list. If `verbatim` is true, the tokens together contain all of `text`; otherwise delimiters
 * and white space are removed.
 */
function* readTokens(text: string, verbatim = false): Generator<Piece> {
  let at = 0;
  let apart = true;
  // Only the first unclosed quoted string or comment ends at the next address. If each of them did, the time would be
  // quadratic, because each search examines the rest of the text.
  let isUnclosed = false;
  while (at < text.length) {
    const start = at;
    const first = text.charAt(at);
    const piece = (kind: Piece["kind"], inner: string): Piece => ({
      kind,
      text: verbatim ? text.slice(start, at) : inner,
      apart,
    });
    if (isBlank(first)) {
      while (at < text.length && isBlank(text.charAt(at))) at++;
      if (verbatim) yield piece("word", "");
      apart = true;
      continue;
    }
    if (first === '"' || first === "(") {
      const kind = first === "(" ? "comment" : "quoted";
      let end = endOfComment(text, at, first === "(" ? ")" : first);
      if (end === text.length && !isUnclosed) {
        isUnclosed = true;
        end = matchAt(nextAngle, text, at)?.index ?? end;
        at = end;
        yield piece(kind, unquoteWord(text.slice(start + 1, end)).trimEnd());
      } else {
        at = Math.min(end + 1, text.length);
        yield piece(kind, unquoteWord(text.slice(start + 1, end)));
      }
    } else if (first === "<") {
      const close = findClosingAngle(text, start);
      const inner = close < 0 ? matchAt(openAngle, text, start) : undefined;
      at = close < 0 ? start + (inner?.[0].length ?? 1) : close + 1;
      yield piece("angle", bareAngle(inner?.[1] ?? text.slice(start + 1, close < 0 ? at : close)));
    } else if (",;:".includes(first)) {
      at++;
      yield piece("mark", first);
    } else {
      at = endOfWord(text, at);
      yield piece("word", text.slice(start, at));
    }
    apart = false;
  }
}

/** An address in angle brackets. */
const nextAngle = /<(?=[^<>\s]{1,320}>)/g;
/** The longest bracketed address, in characters. RFC 5321, section 4.5.3.1, allows 320 octets. */
const longestAngle = 4096;
/** An address whose closing bracket is missing. */
const openAngle = /<([^,;<>]*)>?/y;

/**
 * Returns the offset of the bracket that closes the one at `start`, or -1 if another bracket opens first. Skips quoted
 * strings.
 */
function findClosingAngle(text: string, start: number): number {
  const end = Math.min(text.length, start + longestAngle);
  let isQuoted = false;
  for (let at = start + 1; at < end; at++) {
    const here = text.charAt(at);
    if (here === '"') isQuoted = !isQuoted;
    else if (isQuoted && here === "\\") at++;
    else if (!isQuoted && here === ">") return at;
    else if (!isQuoted && here === "<") return -1;
  }
  return -1;
}

/** Returns the address between angle brackets without its route, comments and white space (RFC 5322, section 4.4). */
function bareAngle(inner: string): string {
  const text = inner.trim().replace(/^(?:@[^:@",]*,?\s*)+:\s*/, "");
  if (!/[(\s]|^mailto:/i.test(text)) return text;
  const kept = [...readTokens(text, true)].filter(({ kind }) => kind !== "comment");
  const address = kept.map((piece) => piece.text).join("");
  return address
    .trim()
    .replace(/^mailto:/i, "")
    .replace(/("(?:\\.|[^"\\])*")|\s*([@.])\s*/g, (_all, quoted?: string, mark?: string) => quoted ?? mark ?? "");
}

/** Expressions for an encoded word and a domain literal. Commas and colons in these items do not separate addresses. */
const encodedWord = /=\?[\w*-]+\?[BbQq]\?[^? \t]*\?=/y;
const literal = /@\[[^\][\s]*\]/y;

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && !/[ \t\r\n"(<,;:]/.test(text.charAt(at))) {
    const held = text.startsWith("=?", at) ? matchAt(encodedWord, text, at) : matchAt(literal, text, at);
    at += held?.[0].length ?? 1;
  }
  return at;
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}

/**
 * Returns the offset of the delimiter that closes the one at `start` or, if none does, the text's length. Comments may
 * be nested.
 */
function endOfComment(text: string, start: number, close: '"' | ")"): number {
  let depth = 1;
  for (let at = start + 1; at < text.length; at++) {
    const here = text.charAt(at);
    if (here === "\\") at++;
    else if (here === close && --depth === 0) return at;
    else if (here === "(" && close === ")") depth++;
  }
  return text.length;
}

function unquoteWord(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
