/** Combines a text and its attachments in a message (RFC 2046, section 5.1.3) with nodemailer's builder. */
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import MimeNode from "nodemailer/lib/mime-node";
import { Exit } from "../../errors.ts";
import { encodeParameter } from "../../message/encoded-words.ts";
import { toBytes } from "../../message/text.ts";
import type { Outgoing } from "../../submit/transport.ts";
import { addPathToError } from "../../system-error.ts";
import { type Attachment, presentableName } from "../draft/attachment.ts";
import { transferEncodingOf } from "./choose-encoding.ts";
import { unixLines } from "./transfer-encode.ts";

interface TextPart {
  /** The part's header fields without the final empty line. */
  readonly header: string;
  readonly size: number;
  readonly lines: () => Iterable<Buffer> | AsyncIterable<Buffer>;
}

/**
 * Returns a multipart message.
 *
 * @param top the message's own fields, without Content-Type and without the final empty line
 */
export function buildMultipart(
  top: Buffer,
  text: TextPart,
  attachments: readonly Attachment[],
  { boundary, eightBit }: { boundary: string; eightBit: boolean },
): Omit<Outgoing, "sevenBit"> {
  // The size in base64, plus several hundred bytes for each part's header and boundary.
  const sizes = attachments.map(({ size }) => Math.ceil(size / 3) * 4 + Math.ceil(size / 57) + 500);
  return {
    size: top.length + text.header.length + text.size + sizes.reduce((sum, size) => sum + size, 0),
    open: (lineEnds) => {
      const root = new MimeNode(false, { baseBoundary: boundary, boundaryPrefix: "=_" });
      const mixed = root.createChild("multipart/mixed");
      mixed.createChild(false).setRaw(Readable.from(textPart(text), { objectMode: false }));
      for (const attachment of attachments) addPart(mixed, attachment, eightBit);
      if (lineEnds === "any") return Readable.from(readAll(top, mixed.createReadStream()), { objectMode: false });
      const out = new PassThrough();
      pipeline(mixed.createReadStream(), unixLineEnds, out).catch((error: Error) => out.destroy(error));
      return Readable.from(readAll(top, out), { objectMode: false });
    },
  };
}

async function* textPart({ header, lines }: TextPart): AsyncIterable<Buffer> {
  yield toBytes(`${header}\n`);
  yield* lines();
}

/**
 * Adds an attachment. A message within a message must not be encoded (RFC 2046, section 5.2.1), so a message that
 * requires an encoding is attached as a file.
 */
function addPart(mixed: MimeNode, attachment: Attachment, eightBit: boolean): void {
  const { name, type, facts, inline } = attachment;
  const carried = facts === undefined ? undefined : transferEncodingOf(facts, eightBit);
  const file = encodeParameter("filename", presentableName(name));
  const disposition = `${inline === true ? "inline" : "attachment"}; ${file}`;
  if (carried === "7bit" || carried === "8bit") {
    const header = `Content-Type: ${type}\nContent-Disposition: ${disposition}\nContent-Transfer-Encoding: ${carried}\n\n`;
    mixed
      .createChild(false)
      .setRaw(Readable.from(readAll(toBytes(header), readAttachment(attachment)), { objectMode: false }));
    return;
  }
  mixed
    .createChild(facts === undefined ? type : "application/octet-stream")
    .setHeader("Content-Transfer-Encoding", "base64")
    .setHeader("Content-Disposition", { prepared: true, value: disposition.replaceAll("\n", "\r\n") })
    .setContent(Readable.from(readAttachment(attachment), { objectMode: false }));
}

/** Reads an attachment. The file is opened only when it is needed, because there may be more files than descriptors. */
async function* readAttachment({ path, open }: Attachment): AsyncIterable<Buffer> {
  try {
    yield* open() as AsyncIterable<Buffer>;
  } catch (error) {
    throw addPathToError(path, error, Exit.NoInput);
  }
}

async function* unixLineEnds(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  for await (const piece of pieces) yield unixLines(piece);
}

async function* readAll(start: Buffer, rest: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  yield start;
  yield* rest as AsyncIterable<Buffer>;
}
