/** Detects a file's compression from its first bytes, regardless of its name. */
import { Exit, MailError } from "../../errors.ts";
import { readRange } from "../file-ranges.ts";

export interface Compression {
  readonly name: string;
  readonly magic: Buffer;
  /** Offset of the magic bytes; 0 by default. */
  readonly at?: number;
  /**
   * The program that unpacks the file if Node cannot. With -dc, the program unpacks standard input to standard output.
   */
  readonly program: string;
  /** The Debian package that contains the program. */
  readonly package: string;
}

const compressions: readonly Compression[] = [
  { name: "gzip", magic: Buffer.from([0x1f, 0x8b, 0x08]), program: "gzip", package: "gzip" },
  { name: "zstd", magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), program: "zstd", package: "zstd" },
  // A file written by pzstd(1) begins with a skippable frame of four bytes, which contains the length of the next
  // frame.
  { name: "zstd", magic: Buffer.from("502a4d1804000000", "hex"), program: "zstd", package: "zstd" },
  { name: "xz", magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), program: "xz", package: "xz-utils" },
  { name: "bzip2", magic: Buffer.from("1AY&SY"), at: 4, program: "bzip2", package: "bzip2" },
];

/**
 * Refuses to append to a compressed mailbox, because the appended bytes could never be read again.
 *
 * @param descriptor the file to which bytes would be appended
 * @throws MailError that names the path
 */
export function refuseCompressed(path: string, descriptor: number): void {
  const compression = compressionOf(descriptor);
  if (compression === undefined) return;
  throw new MailError(`${path}: compressed with ${compression.name}; nothing was appended`, Exit.CantCreate);
}

/** Returns a file's compression; undefined if the file is not compressed. @param descriptor a regular file */
export function compressionOf(descriptor: number): Compression | undefined {
  const head = readRange(descriptor, 0, 16);
  return compressions.find(({ magic, at = 0 }) => head.subarray(at, at + magic.length).equals(magic));
}
