/** The fields that --parts, --text and --all-headers add to a message's JSON object. */
import type { ListForm } from "../../cli/command-line.ts";
import type { StoredMessages } from "../../mailbox/mailbox.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { parseHeader } from "../../message/header.ts";
import type { Bytes } from "../../message/view/bytes.ts";
import { longestShown } from "../../message/view/laid-out-text.ts";
import { charsetOfBody, listLeaves, parseParts, readParts } from "../../message/view/part.ts";
import { computeDecodedSize } from "../../message/view/transfer-decoding.ts";
import { plainTextOf } from "../../message/view/view.ts";
import { viewStoredBytes } from "../show/print-decoded.ts";

type Details = Pick<ListForm, "parts" | "text" | "allHeaders">;

/** Returns the requested fields of a message. */
export async function readDetails(stored: StoredMessages, message: number, wanted: Details): Promise<object> {
  return {
    ...(wanted.parts ? { parts: await listPartObjects(stored, message) } : {}),
    ...(wanted.text ? await readText(stored, message) : {}),
    ...(wanted.allHeaders ? { headers: await listFields(stored, message) } : {}),
  };
}

async function listPartObjects(stored: StoredMessages, message: number): Promise<object[]> {
  const { root } = await readParts(viewStoredBytes(stored, message));
  return listLeaves(root).map((part) => ({
    number: part.number,
    type: part.type.toWellFormed(),
    name: part.name?.toWellFormed() ?? null,
    size: computeDecodedSize(part),
    isAttachment: part.disposition === "attachment",
  }));
}

/** Returns the text, and whether it was truncated because it was too long. */
async function readText(stored: StoredMessages, message: number): Promise<object> {
  const source = withoutFinalLine(viewStoredBytes(stored, message));
  const leaves = listLeaves(parseParts(source));
  return {
    text: (await plainTextOf(source)).toWellFormed(),
    isTruncated: leaves.some((part) => part.type.startsWith("text/") && part.end - part.start > longestShown(part)),
  };
}

/** Returns a stored message without the empty line that the mailbox adds at its end. */
function withoutFinalLine(source: Bytes): Bytes {
  const { size } = source;
  const end = Buffer.from(source.read(Math.max(0, size - 2), size)).toString("latin1");
  return end === "\n\n" ? { ...source, size: size - 1 } : source;
}

async function listFields(stored: StoredMessages, message: number): Promise<object[]> {
  const header = stored.header(message);
  const { root, charsets } = await readParts(viewStoredBytes(stored, message), header);
  return parseHeader(header).fields.map(({ name, value }) => ({
    name,
    value: decodeWords(value, charsets, () => charsetOfBody(root)).toWellFormed(),
  }));
}
