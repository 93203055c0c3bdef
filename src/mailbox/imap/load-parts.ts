/**
 * Loads only the parts of a large message that are displayed: headers, structure and text. Filler of about the same
 * length replaces each of the other parts, so that lists of parts show their approximate sizes. The filler is never
 * saved or copied: saving and copying load the whole message or the part (load-omitted.ts).
 */
import { parseHeader } from "../../message/header.ts";
import { parseStructured } from "../../message/parameters.ts";
import { longestHeader } from "../header-bytes.ts";
import { type BodyPart, isShown, listBodyLeaves, listInnerMultiparts, parseBodyStructure } from "./body-structure.ts";
import type { ImapConnection, Range } from "./imap-connection.ts";
import { largestRange } from "./imap-flow.ts";
import type { LoadedMessages, MessageWriter } from "./loaded-messages.ts";

const longestPartHeader = 64 << 10;

/** The loaded sections of a message, by name. */
type Sections = ReadonlyMap<string, Buffer>;

/**
 * Loads a multipart message without the parts that are not displayed.
 *
 * @param target the message's number, UID and INTERNALDATE
 * @returns false if the message must be loaded completely: it is not a multipart, or its structure is unusual
 */
export async function loadShownParts(
  { connection, loaded }: { readonly connection: ImapConnection; readonly loaded: LoadedMessages },
  target: { readonly message: number; readonly uid: number; readonly received: Date },
): Promise<boolean> {
  const { message, uid, received } = target;
  let structure: unknown;
  const sections = new Map<string, Buffer>();
  const fetchSections = async (ranges: readonly Range[], withStructure?: true) => {
    const items = { ranges, ...(withStructure === undefined ? {} : { structure: withStructure }) };
    await connection.fetch(`${uid}`, items, (found) => {
      if (found.uid !== uid) return;
      structure = found.structure ?? structure;
      for (const { section, length } of ranges) {
        const bytes = found.bytes(section);
        // A section that fills the requested range may be longer than the server reported.
        if (bytes !== undefined && bytes.length < length) sections.set(section, bytes);
      }
    });
  };
  await fetchSections([{ section: "HEADER", start: 0, length: longestHeader }], true);
  const root = parseBodyStructure(structure);
  if (root === undefined || root.parts.length === 0) return false;
  const leaves = listBodyLeaves(root);
  const shown = leaves.filter(isShown);
  if (shown.length === leaves.length || shown.some(({ size }) => size >= largestRange)) return false;
  const headers = [...leaves, ...listInnerMultiparts(root)].map(({ number }) => `${number}.MIME`);
  await fetchSections([
    ...headers.map((section) => ({ section, start: 0, length: longestPartHeader })),
    ...shown.map(({ number }) => ({ section: number, start: 0, length: largestRange })),
  ]);
  const isComplete = [...headers, ...shown.map(({ number }) => number), "HEADER"].every((name) => sections.has(name));
  if (!isComplete || !hasBoundaries(root, sections)) return false;
  const writer = loaded.begin(message, received);
  writer.add(sections.get("HEADER") as Buffer);
  writeParts(writer, root, sections);
  writer.finish("text");
  return true;
}

/** Returns a multipart's boundary, which is a parameter of its Content-Type field. */
function findBoundary({ number }: BodyPart, sections: Sections): string | undefined {
  const header = sections.get(number === "" ? "HEADER" : `${number}.MIME`);
  if (header === undefined) return undefined;
  const boundary = parseStructured(parseHeader(header).get("content-type") ?? "").parameters.get("boundary");
  return boundary === "" ? undefined : boundary;
}

function hasBoundaries(part: BodyPart, sections: Sections): boolean {
  if (part.parts.length === 0) return true;
  return findBoundary(part, sections) !== undefined && part.parts.every((each) => hasBoundaries(each, sections));
}

/** Writes the parts of a multipart, separated by its boundary lines. */
function writeParts(writer: MessageWriter, multipart: BodyPart, sections: Sections): void {
  const boundary = findBoundary(multipart, sections) ?? "";
  for (const part of multipart.parts) {
    writer.addSection(Buffer.from(`--${boundary}\n`));
    writer.addSection(sections.get(`${part.number}.MIME`) ?? Buffer.alloc(0));
    const body = sections.get(part.number);
    if (part.parts.length > 0) writeParts(writer, part, sections);
    else if (body !== undefined) writer.addSection(body);
    else writer.addFiller(part.size, part.number);
    writer.addSection(Buffer.from("\n"));
  }
  writer.addSection(Buffer.from(`--${boundary}--\n`));
}
