/**
 * Stores, between sessions, the facts that are shown in message lists. The file is optional: a file with any fault is
 * ignored, and the facts in a damaged column are treated as unknown.
 *
 * The file consists of a header of Float64 numbers, a bit mask of the known columns of each row (Uint32), and the
 * columns. Each column begins at a multiple of 8 bytes, and has its own checksum because it is read only if it is
 * requested. The file's owner, mode and directory are checked in the same way as those of an index. The stamp
 * identifies the mailbox and its state; its meaning depends on the kind of mailbox.
 */
import { closeSync, constants, fstatSync } from "node:fs";
import { join } from "node:path";
import { NotTrusted, openPrivateFile, replaceCacheFile, reportDistrust } from "../private-file.ts";
import { isSystemError } from "../system-error.ts";
import { crc32 } from "./checksum.ts";
import { readInto, readRange } from "./file-ranges.ts";
import { bytesPerRow, type Column, columns, type FactTable, type StoredColumns } from "./list-facts.ts";
import type { Texts } from "./text-column.ts";

/** Identifies the file format. This number changes whenever a column or the meaning of a fact changes. */
const magic = 0x4d61_6c46_6106;
const stampLength = 6;
/**
 * The header consists of `magic`, the number of rows, the checksum of `known`, the stamp, the length and checksum of
 * each column, and the header's own checksum.
 */
const stampAt = 3;
const columnsAt = stampAt + stampLength;
const headerNumbers = columnsAt + 2 * columns.length + 1;
const headerLength = headerNumbers * 8;

/** At most six numbers that together identify a mailbox and its state. */
export type Stamp = readonly number[];

/** An open file that contains the facts about messages. */
export interface FactsFile extends StoredColumns {
  /** The stamp, padded with zeros to six numbers. */
  readonly stamp: Stamp;
  close(): void;
}

/** Returns the path of the file that contains a mailbox's facts. @param name the mailbox's path or URL */
function factsFileName(directory: string, name: string): string {
  return join(directory, `${crc32(Buffer.from(name)).toString(16).padStart(8, "0")}.facts`);
}

const align = (length: number) => Math.ceil(length / 8) * 8;

/**
 * Opens the file that contains a mailbox's facts. Columns can be read until the file is closed.
 *
 * @returns undefined if there is no valid file
 */
export function openFacts(directory: string, name: string): FactsFile | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openPrivateFile(factsFileName(directory, name), constants.O_RDONLY);
    const file = parseFile(descriptor);
    if (file === undefined) closeSync(descriptor);
    return file;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (error instanceof NotTrusted) reportDistrust(error);
    else if (!isSystemError(error)) throw error;
    return undefined;
  }
}

function parseFile(descriptor: number): FactsFile | undefined {
  const { size } = fstatSync(descriptor);
  const bytes = readRange(descriptor, 0, headerLength);
  if (bytes.length < headerLength) return undefined;
  const header = new Float64Array(headerNumbers);
  new Uint8Array(header.buffer).set(bytes);
  const field = (at: number) => header[at] as number;
  const count = field(1);
  if (field(0) !== magic || field(headerNumbers - 1) !== crc32(bytes.subarray(0, -8))) return undefined;
  const knownEnd = headerLength + align(count * 4);
  if (!Number.isInteger(count) || count < 1 || knownEnd > size) return undefined;
  const known = readRange(descriptor, headerLength, headerLength + count * 4);
  if (crc32(known) !== field(2)) return undefined;
  const places = new Map<Column, { start: number; length: number; sum: number }>();
  let at = knownEnd;
  for (const [index, column] of columns.entries()) {
    const length = field(columnsAt + 2 * index);
    if (!(Number.isInteger(length) && length >= 0)) return undefined;
    if (length > 0) places.set(column, { start: at, length, sum: field(columnsAt + 2 * index + 1) });
    at += align(length);
  }
  if (at !== size) return undefined;
  /**
   * The buffer for the column that was read last. All columns share this buffer, because separate buffers would be
   * freed too late.
   */
  let memory = Buffer.alloc(0);
  const read = (column: Column): Buffer | undefined => {
    const place = places.get(column);
    if (place === undefined) return undefined;
    if (memory.length < place.length) memory = Buffer.allocUnsafeSlow(place.length);
    const found = memory.subarray(0, readInto(descriptor, memory.subarray(0, place.length), place.start));
    return found.length === place.length && crc32(found) === place.sum ? found : undefined;
  };
  return {
    count,
    known: new Uint32Array(Uint8Array.from(known).buffer),
    stamp: [...header.subarray(stampAt, stampAt + stampLength)],
    bytes: (column) => {
      const found = read(column);
      return found?.length === count * bytesPerRow(column) ? found : undefined;
    },
    texts: (column) => checkTexts(read(column), count),
    close: () => closeSync(descriptor),
  };
}

/** Returns a text column; undefined if its rows are not in ascending order or extend beyond the column. */
function checkTexts(found: Buffer | undefined, count: number): Texts | undefined {
  if (found === undefined || found.length < count * 4) return undefined;
  const ends = new Uint32Array(count);
  new Uint8Array(ends.buffer).set(found.subarray(0, count * 4));
  const bytes = found.subarray(count * 4);
  let start = 0;
  for (let row = 0; row < count; row++) {
    const end = ends[row] as number;
    if (start > end || end > bytes.length || (end > start && bytes[end - 1] !== 10)) return undefined;
    start = end;
  }
  return { ends, bytes };
}

/** Saves a table for the next session. A failure is ignored. */
export function saveFacts(directory: string, name: string, stamp: Stamp, table: FactTable): void {
  if (table.count === 0) return;
  replaceCacheFile(factsFileName(directory, name), () => {
    const header = new Float64Array(headerNumbers);
    const pieces: Uint8Array[] = [new Uint8Array(header.buffer)];
    const put = (parts: readonly Uint8Array[]): { length: number; sum: number } => {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      for (const part of parts) pieces.push(part);
      pieces.push(new Uint8Array(align(length) - length));
      return { length, sum: parts.reduce((sum, part) => crc32(part, sum), 0) };
    };
    // `known` is stored after the columns have been loaded, because loading a damaged column marks the column as
    // unknown.
    const contents = columns.map((column) => table.bytesOf(column) ?? []);
    const { known } = table;
    header.set([magic, table.count, put([new Uint8Array(known.buffer, known.byteOffset, known.byteLength)]).sum]);
    header.set(stamp.slice(0, stampLength), stampAt);
    for (const [index, parts] of contents.entries()) {
      const { length, sum } = put(parts);
      header.set([length, sum], columnsAt + 2 * index);
    }
    header[headerNumbers - 1] = crc32(new Uint8Array(header.buffer, 0, headerLength - 8));
    return pieces;
  });
}
