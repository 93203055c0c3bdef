/** Unpacks gzip and, from Node 22.15 on, zstd with Node's zlib module. */
import { fstatSync, read } from "node:fs";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { isSystemError } from "../../system-error.ts";
import { writeAll } from "../file-ranges.ts";
import type { Progress } from "../mailbox.ts";
import type { Compression } from "./compression.ts";
import { zstdFrames } from "./zstd-frames.ts";

const chunkSize = 1 << 20;
const readAt = promisify(read);

type Zlib = typeof import("node:zlib") & { createZstdDecompress?: (options: { chunkSize: number }) => Transform };

/** Options for reporting the progress of unpacking and for aborting it. */
export interface Watched {
  readonly onProgress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks one file into another.
 *
 * @returns a description of the file's damage, if any
 * @throws a system error, or the signal's reason
 */
export type Unpacking = (packed: number, plain: number, watched: Watched) => Promise<string | undefined>;

/** Returns zlib's unpacking function for a compression format; undefined if this version of Node lacks the function. */
export async function openZlibUnpacking({ name }: Compression): Promise<Unpacking | undefined> {
  const zlib = (await import("node:zlib")) as Zlib;
  const { createZstdDecompress } = zlib;
  if (name === "gzip") {
    return async (packed, plain, watched) => {
      const whole = { start: 0, end: fstatSync(packed).size };
      return (await unpackRange(packed, whole, zlib.createGunzip({ chunkSize }), plain, 0, watched)).damage;
    };
  }
  if (name !== "zstd" || createZstdDecompress === undefined) return undefined;
  return async (packed, plain, watched) => {
    const { frames, damage } = zstdFrames(packed);
    let at = 0;
    for (const frame of frames) {
      const unpacked = await unpackRange(packed, frame, createZstdDecompress({ chunkSize }), plain, at, watched);
      if (unpacked.damage !== undefined) return unpacked.damage;
      at = unpacked.end;
    }
    return damage;
  };
}

/** Unpacks a range. @returns the offset after the last byte written, and the damage to the packed range, if any */
async function unpackRange(
  packed: number,
  { start, end }: { readonly start: number; readonly end: number },
  unpacking: Transform,
  plain: number,
  position: number,
  { onProgress, signal }: Watched,
): Promise<{ end: number; damage?: string }> {
  const { size } = fstatSync(packed);
  let at = position;
  let reached = start;
  /** The error of the last stage. The pipeline reports this error as if the first stage had been aborted. */
  let writing: unknown;
  try {
    await pipeline(
      // An aborted file stream would close its descriptor, even with autoClose set to false.
      async function* () {
        while (reached < end) {
          const piece = Buffer.allocUnsafe(Math.min(chunkSize, end - reached));
          const { bytesRead } = await readAt(packed, piece, 0, piece.length, reached);
          if (bytesRead === 0) return;
          reached += bytesRead;
          yield piece.subarray(0, bytesRead);
        }
      },
      unpacking,
      async (pieces: AsyncIterable<Buffer>) => {
        for await (const piece of pieces) {
          try {
            writeAll(plain, piece, at);
          } catch (error) {
            writing = error;
            throw error;
          }
          at += piece.length;
          onProgress?.(reached, size);
        }
      },
      signal === undefined ? {} : { signal },
    );
    return { end: at };
  } catch (caught) {
    signal?.throwIfAborted();
    const error = writing ?? caught;
    if (!isSystemError(error) && error instanceof Error && "code" in error && /^Z/.test(String(error.code)))
      return { end: at, damage: error.message };
    throw error;
  }
}
