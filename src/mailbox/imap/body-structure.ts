/**
 * Parses a BODYSTRUCTURE (RFC 9051, section 7.5.2), and decides which parts of a large message must be loaded to
 * display it.
 */

/** A node of a parsed response: an atom, a string, a list, or null for NIL. */
type Node = { readonly value?: unknown } | null | readonly Node[];

/** A part of a message. */
export interface BodyPart {
  /** The part's number, such as `2.1`; empty for the message itself if it is a multipart. */
  readonly number: string;
  /** The type in lower case: "text/plain". */
  readonly type: string;
  /** The size of the encoded body in bytes; 0 for a multipart. */
  readonly size: number;
  readonly isAttachment: boolean;
  /** The parts of a multipart. */
  readonly parts: readonly BodyPart[];
}

/** Limits on a structure's depth and number of parts. No mail program writes a structure that exceeds these limits. */
const deepest = 20;
const mostParts = 200;

/** Parses a body structure. @returns undefined if it is malformed or too complex */
export function parseBodyStructure(node: unknown): BodyPart | undefined {
  const count = { parts: 0 };
  return parseBodyPart(node as Node, "", 0, count);
}

function parseBodyPart(node: Node, number: string, depth: number, count: { parts: number }): BodyPart | undefined {
  if (!Array.isArray(node) || depth > deepest || ++count.parts > mostParts) return undefined;
  const list = node as readonly Node[];
  if (Array.isArray(list[0])) return parseMultipart(list, number, depth, count);
  const [main, sub, size] = [readWord(list[0]), readWord(list[1]), Number(readWord(list[6]) ?? Number.NaN)];
  if (main === undefined || sub === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
  // Nine fields precede the disposition in a text part, eleven in a message part, and eight in any other part.
  const type = `${main}/${sub}`.toLowerCase();
  const extra = main.toLowerCase() === "text" ? 1 : type === "message/rfc822" ? 3 : 0;
  const disposition = list[8 + extra];
  const isAttachment =
    Array.isArray(disposition) && readWord((disposition as Node[])[0])?.toLowerCase() === "attachment";
  return { number: number === "" ? "1" : number, type, size, isAttachment, parts: [] };
}

function parseMultipart(
  list: readonly Node[],
  number: string,
  depth: number,
  count: { parts: number },
): BodyPart | undefined {
  const end = list.findIndex((each) => !Array.isArray(each));
  const sub = readWord(list[end] ?? null);
  if (end < 1 || sub === undefined) return undefined;
  const parts: BodyPart[] = [];
  for (const [at, each] of list.slice(0, end).entries()) {
    const part = parseBodyPart(each, number === "" ? `${at + 1}` : `${number}.${at + 1}`, depth + 1, count);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return { number, type: `multipart/${sub.toLowerCase()}`, size: 0, isAttachment: false, parts };
}

function readWord(node: Node | undefined): string | undefined {
  if (node === null || node === undefined || Array.isArray(node)) return undefined;
  const { value } = node as { readonly value?: unknown };
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  return typeof value === "string" || typeof value === "number" ? `${value}` : undefined;
}

/**
 * When a message is displayed, attached text and other data are loaded only up to these sizes, in bytes. A viewer may
 * be able to convert the other data to text.
 */
const largestAttachedText = 1 << 20;
const largestData = 64 << 10;

/** Returns whether a part is needed to display the message. */
export function isShown({ type, size, isAttachment }: BodyPart): boolean {
  if (type.startsWith("message/")) return true;
  if (type.startsWith("text/")) return !isAttachment || size <= largestAttachedText;
  return size <= largestData;
}

/** Returns all parts that are not multiparts. */
export function listBodyLeaves(part: BodyPart): BodyPart[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(listBodyLeaves);
}

/** Returns all multiparts inside a message, but not the message itself. */
export function listInnerMultiparts({ parts }: BodyPart): BodyPart[] {
  return parts.flatMap((part) => (part.parts.length === 0 ? [] : [part, ...listInnerMultiparts(part)]));
}
