/**
 * Address lists as RFC 5322, section 3.4, has them: display names, comments, quoted strings, groups.
 *
 * Liberal in what it takes, as people type recipients: a list never fails to parse, it yields what addresses it holds.
 */
export interface Address {
  /** The display name, or the comment that stands for one; empty where there is none. */
  readonly name: string;
  /** What goes into the envelope, without angle brackets. */
  readonly address: string;
}

interface Piece {
  readonly kind: "word" | "quoted" | "comment" | "angle" | "mark";
  readonly text: string;
}

export function parseAddresses(text: string): Address[] {
  const found: Address[] = [];
  let pieces: Piece[] = [];
  const finish = () => {
    const address = addressOf(pieces);
    if (address !== undefined) found.push(address);
    pieces = [];
  };
  for (const piece of tokens(text)) {
    if (piece.kind !== "mark") pieces.push(piece);
    else if (piece.text === ":")
      pieces = []; // the name of a group
    else finish();
  }
  finish();
  return found;
}

/** Cuts a list at its commas, leaving each member as it was written. */
export function splitAtCommas(text: string): string[] {
  const members: string[] = [];
  let member = "";
  for (const { kind, text: written } of tokens(text, true)) {
    if (kind === "mark" && written === ",") {
      members.push(member.trim());
      member = "";
    } else member += written;
  }
  members.push(member.trim());
  return members.filter((each) => each !== "");
}

function addressOf(pieces: readonly Piece[]): Address | undefined {
  const angle = pieces.find((piece) => piece.kind === "angle");
  const comment = pieces.find((piece) => piece.kind === "comment");
  const words = pieces.filter((piece) => piece.kind === "word" || piece.kind === "quoted");
  if (angle !== undefined) {
    const name = words.map(({ text }) => text).join(" ");
    return { name: name === "" ? (comment?.text ?? "") : name, address: angle.text };
  }
  const address = words.map(({ kind, text }) => (kind === "quoted" ? `"${text}"` : text)).join("");
  return address === "" ? undefined : { name: comment?.text ?? "", address };
}

/** With `verbatim`, the texts of all tokens put together are the text again; else delimiters and blanks are taken off. */
function* tokens(text: string, verbatim = false): Generator<Piece> {
  let at = 0;
  while (at < text.length) {
    const start = at;
    const first = text.charAt(at);
    const inner = (end: number) => (verbatim ? text.slice(start, end) : unquoted(text.slice(start + 1, end - 1)));
    if (/[ \t\r\n]/.test(first)) {
      while (at < text.length && /[ \t\r\n]/.test(text.charAt(at))) at++;
      if (verbatim) yield { kind: "word", text: text.slice(start, at) };
    } else if (first === '"') {
      at = endOf(text, at, '"');
      yield { kind: "quoted", text: inner(at) };
    } else if (first === "(") {
      at = endOf(text, at, ")");
      yield { kind: "comment", text: inner(at) };
    } else if (first === "<" && text.indexOf(">", at) > at) {
      at = text.indexOf(">", at) + 1;
      yield { kind: "angle", text: verbatim ? text.slice(start, at) : text.slice(start + 1, at - 1).trim() };
    } else if (",;:".includes(first)) {
      at++;
      yield { kind: "mark", text: first };
    } else {
      at++;
      while (at < text.length && !/[ \t\r\n"(<,;:]/.test(text.charAt(at))) at++;
      yield { kind: "word", text: text.slice(start, at) };
    }
  }
}

/** The offset behind the delimiter that closes what opens at `start`, or the text's end. Comments nest. */
function endOf(text: string, start: number, close: '"' | ")"): number {
  let depth = 1;
  for (let at = start + 1; at < text.length; at++) {
    const here = text.charAt(at);
    if (here === "\\") at++;
    else if (here === close && --depth === 0) return at + 1;
    else if (here === "(" && close === ")") depth++;
  }
  return text.length;
}

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
