/** Uses nodemailer's builder to combine a message's text and attachments (RFC 2046, section 5.1.3). */
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import MimeNode from "nodemailer/lib/mime-node";
import { Exit } from "../../errors.ts";
import { encodeParameter } from "../../message/format-field.ts";
import { toBytes } from "../../message/text.ts";
import type { Outgoing } from "../../submit/transport.ts";
import { addPathToError } from "../../system-error.ts";
import { type Attachment, presentableName } from "../draft/attachment.ts";
import { type TransferEncoding, transferEncodingOf } from "../draft/body.ts";
import { unixLines } from "./transfer-encode.ts";

/** The body of a message, or one of its forms. */
export interface TextPart {
  /** The part's header fields without the final empty line. */
  readonly header: string;
  readonly size: number;
  readonly lines: () => Iterable<Buffer> | AsyncIterable<Buffer>;
}

/**
 * Joins alternative forms of the same text, the best form last (RFC 2046, section 5.1.4).
 *
 * @param encoding 8bit if any of the forms is 8bit
 */
export function joinForms(
  forms: readonly TextPart[],
  { boundary, encoding }: { readonly boundary: string; readonly encoding: "7bit" | "8bit" },
): TextPart {
  const delimiter = `--=_alt_${boundary}`;
  return {
    header:
      `Content-Type: multipart/alternative; boundary="=_alt_${boundary}"\n` +
      `Content-Transfer-Encoding: ${encoding}\n`,
    size: forms.reduce((sum, { header, size }) => sum + delimiter.length + header.length + size + 4, 0),
    async *lines() {
      for (const form of forms) {
        yield toBytes(`${delimiter}\n`);
        yield* textPart(form);
        yield toBytes("\n");
      }
      yield toBytes(`${delimiter}--\n`);
    },
  };
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
  { boundary, eightBit, subtype }: { boundary: string; eightBit: boolean; subtype: "mixed" | "alternative" },
): Omit<Outgoing, "sevenBit"> {
  // The size in base64, plus several hundred bytes for each part's header and boundary.
  const sizes = attachments.map(({ size }) => Math.ceil(size / 3) * 4 + Math.ceil(size / 57) + 500);
  return {
    size: top.length + text.header.length + text.size + sizes.reduce((sum, size) => sum + size, 0),
    open: (lineEnds) => {
      const root = new MimeNode(false, { baseBoundary: boundary, boundaryPrefix: "=_" });
      const mixed = root.createChild(`multipart/${subtype}`);
      mixed.createChild(false).setRaw(Readable.from(textPart(text), { objectMode: false }));
      for (const attachment of attachments) addPart(mixed, attachment, { eightBit, isForm: subtype === "alternative" });
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
 *
 * @param isForm whether the attachment is an alternative to the text, and therefore has no Content-Disposition field
 */
function addPart(
  mixed: MimeNode,
  attachment: Attachment,
  { eightBit, isForm }: { readonly eightBit: boolean; readonly isForm: boolean },
): void {
  const { name, facts, inline } = attachment;
  const encoding = choosePartEncoding(attachment, eightBit);
  const file = encodeParameter("filename", presentableName(name));
  const disposition = `${inline === true ? "inline" : "attachment"}; ${file}`;
  const type = formatType(attachment);
  if (encoding === "7bit" || encoding === "8bit") {
    const shown = isForm ? "" : `Content-Disposition: ${disposition}\n`;
    const header = `Content-Type: ${type}\n${shown}Content-Transfer-Encoding: ${encoding}\n\n`;
    mixed
      .createChild(false)
      .setRaw(Readable.from(readAll(toBytes(header), readAttachment(attachment)), { objectMode: false }));
    return;
  }
  const isFile = facts !== undefined && attachment.encoding === undefined;
  const node = mixed
    .createChild(isFile ? "application/octet-stream" : type.replaceAll("\n", ""))
    .setHeader("Content-Transfer-Encoding", encoding);
  if (!isForm) node.setHeader("Content-Disposition", { prepared: true, value: disposition.replaceAll("\n", "\r\n") });
  node.setContent(Readable.from(readAttachment(attachment), { objectMode: false }));
}

function choosePartEncoding({ facts, encoding }: Attachment, eightBit: boolean): TransferEncoding {
  if (encoding !== undefined) return encoding === "8bit" && !eightBit ? "quoted-printable" : encoding;
  const carried = facts === undefined ? undefined : transferEncodingOf(facts, eightBit);
  return carried === "7bit" || carried === "8bit" ? carried : "base64";
}

function formatType({ type, typeName }: Attachment): string {
  return typeName === undefined ? type : `${type}; ${encodeParameter("name", presentableName(typeName))}`;
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
