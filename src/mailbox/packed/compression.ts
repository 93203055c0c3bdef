/** Which compression a file has, by its first bytes, whatever its name. */
import { Exit, MailError } from "../../errors.ts";
import { readRange } from "../file-ranges.ts";

export interface Compression {
  readonly name: string;
  readonly magic: Buffer;
  /** Where the magic bytes stand; at the beginning. */
  readonly at?: number;
  /** What unpacks it where Node can't: it reads standard input and writes standard output with -dc. */
  readonly program: string;
  /** Debian's package of the program. */
  readonly package: string;
}

const compressions: readonly Compression[] = [
  { name: "gzip", magic: Buffer.from([0x1f, 0x8b, 0x08]), program: "gzip", package: "gzip" },
  { name: "zstd", magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), program: "zstd", package: "zstd" },
  // As pzstd(1) begins: a frame of four bytes to be skipped, which tells the length of the next.
  { name: "zstd", magic: Buffer.from("502a4d1804000000", "hex"), program: "zstd", package: "zstd" },
  { name: "xz", magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), program: "xz", package: "xz-utils" },
  { name: "bzip2", magic: Buffer.from("1AY&SY"), at: 4, program: "bzip2", package: "bzip2" },
];

/**
 * What is added behind a compressed mailbox could never be read again.
 *
 * @param descriptor of the file that is to be added to
 * @throws MailError that names it
 */
export function refuseCompressed(path: string, descriptor: number): void {
  const compression = compressionOf(descriptor);
  if (compression === undefined) return;
  throw new MailError(
    `${path}: is compressed with ${compression.name}, so nothing can be added to it`,
    Exit.CantCreate,
  );
}

/** @param descriptor of a regular file */
export function compressionOf(descriptor: number): Compression | undefined {
  const head = readRange(descriptor, 0, 16);
  return compressions.find(({ magic, at = 0 }) => head.subarray(at, at + magic.length).equals(magic));
}
