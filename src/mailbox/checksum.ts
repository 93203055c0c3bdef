/** Computes CRC-32 checksums (as in gzip, RFC 1952 section 8), which detect accidental damage. */
import zlib from "node:zlib";

let table: Int32Array | undefined;

/** Returns the CRC-32 of bytes. @param before the checksum of the preceding bytes */
export function crc32(bytes: Uint8Array, before = 0): number {
  // For an empty input, zlib would return 0 instead of the preceding checksum.
  if (bytes.length === 0) return before;
  // In Node, crc32 is available from version 20.15.
  return typeof zlib.crc32 === "function" ? zlib.crc32(bytes, before) : computeCrc32ByTable(bytes, before);
}

/** Returns the CRC-32 of bytes, computed without zlib. @param before the checksum of the preceding bytes */
export function computeCrc32ByTable(bytes: Uint8Array, before: number): number {
  table ??= Int32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
    return rest;
  });
  let rest = ~before;
  for (let i = 0; i < bytes.length; i++) {
    rest = (rest >>> 8) ^ (table[(rest ^ (bytes[i] as number)) & 255] as number);
  }
  return ~rest >>> 0;
}
