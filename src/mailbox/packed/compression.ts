/** Which compression a file has, by its first bytes, whatever its name. */
import { readRange } from "../bytes.ts";

export interface Compression {
  readonly name: string;
  readonly magic: Buffer;
  /** What unpacks it where Node can't: it reads standard input and writes standard output with -dc. */
  readonly program: string;
  /** Debian's package of the program. */
  readonly package: string;
}

const compressions: readonly Compression[] = [
  { name: "gzip", magic: Buffer.from([0x1f, 0x8b, 0x08]), program: "gzip", package: "gzip" },
  { name: "zstd", magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), program: "zstd", package: "zstd" },
  { name: "xz", magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), program: "xz", package: "xz-utils" },
  { name: "bzip2", magic: Buffer.from("BZh"), program: "bzip2", package: "bzip2" },
];

/** @param descriptor of a regular file */
export function compressionOf(descriptor: number): Compression | undefined {
  const head = readRange(descriptor, 0, 6);
  return compressions.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
}
