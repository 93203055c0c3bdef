import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { BlockWriter, type Part } from "../../../src/mailbox/mbox/block-writer.ts";

const directory = mkdtempSync(join(tmpdir(), "blocks-"));
const path = join(directory, "target");
const sourcePath = join(directory, "source");
const content = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 251));
let source: number;
beforeAll(() => {
  writeFileSync(sourcePath, content);
  source = openSync(sourcePath, "r");
});
afterAll(() => {
  closeSync(source);
  rmSync(directory, { recursive: true });
});

const bytes = fc.uint8Array({ maxLength: 9000 });
const stretch = fc
  .tuple(fc.nat(content.length), fc.nat(content.length))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const parts = fc.array(fc.oneof(bytes, stretch), { maxLength: 6 });

const textOf = (list: readonly Part[], from: Buffer = content) =>
  Buffer.concat(list.map((part) => ("start" in part ? from.subarray(part.start, part.end) : part)));

test("parts are written in order, regardless of the block size and of whether the page cache is used", async () => {
  const blockSize = fc.constantFrom(1, 1000, 4096, 8192);
  await fc.assert(
    fc.asyncProperty(parts, parts, blockSize, fc.constantFrom(0, 100, 4096), fc.boolean(), async (a, b, ...how) => {
      const [size, position, isDirect] = how;
      fc.pre(size > 1 || textOf([...a, ...b]).length < 2000);
      writeFileSync(path, Buffer.alloc(position));
      const descriptor = openSync(path, "r+");
      const direct = isDirect ? openSync(path, constants.O_WRONLY | constants.O_DIRECT) : undefined;
      const writer = new BlockWriter({ descriptor, direct }, position, source, { blockSize: size });
      expect(await writer.add(a)).toBe(position + textOf(a).length);
      expect(await writer.add(b)).toBe(position + textOf([...a, ...b]).length);
      await writer.end();
      closeSync(descriptor);
      if (direct !== undefined) closeSync(direct);
      expect(
        readFileSync(path)
          .subarray(position)
          .equals(textOf([...a, ...b])),
      ).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a file is rewritten from its own contents, which are read at most one block ahead", async () => {
  const blockSize = 2048;
  const steps = fc.array(
    fc.record({ skip: fc.nat(3000), insert: fc.nat(3000), keep: fc.integer({ min: 1, max: 9000 }) }),
  );
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const parts: Part[] = [];
      let read = 0;
      let written = 0;
      for (const { skip, insert, keep } of list) {
        read = Math.min(read + skip, content.length);
        const length = Math.max(0, Math.min(insert, read + blockSize - written));
        parts.push(Buffer.alloc(length, 1));
        const end = Math.min(read + keep, content.length);
        parts.push({ start: read, end });
        written += length + end - read;
        read = end;
      }
      writeFileSync(path, content);
      const descriptor = openSync(path, "r+");
      const writer = new BlockWriter({ descriptor }, 0, descriptor, { blockSize, holdBack: true });
      await writer.add(parts);
      await writer.end();
      closeSync(descriptor);
      expect(readFileSync(path).subarray(0, written).equals(textOf(parts))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test("a write error is thrown after all pending writes have finished", async () => {
  const descriptor = openSync(path, "r");
  const writer = new BlockWriter({ descriptor }, 0, source, { blockSize: 100 });
  const all = async () => {
    await writer.add([{ start: 0, end: 30_000 }]);
    await writer.end();
  };
  await expect(all()).rejects.toMatchObject({ code: "EBADF" });
  closeSync(descriptor);
});

test("a source that ends too early causes an error", async () => {
  const descriptor = openSync(path, "r+");
  const writer = new BlockWriter({ descriptor }, 0, source);
  await expect(writer.add([{ start: 0, end: content.length + 1 }])).rejects.toThrow(/became shorter/);
  closeSync(descriptor);
});

test("blocks end at page boundaries of the file, so that a kill between two blocks does not leave a page that is partly old and partly new", async () => {
  writeFileSync(path, Buffer.alloc(0));
  const descriptor = openSync(path, "r+");
  const ends: number[] = [];
  const onBlock = (end: number) => {
    ends.push(end);
  };
  const writer = new BlockWriter({ descriptor }, 5000, source, { blockSize: 8192, onBlock });
  await writer.add([content.subarray(0, 100), { start: 100, end: 20_000 }]);
  await writer.end();
  closeSync(descriptor);
  expect(ends).toEqual([12_288, 20_480, 25_000]);
  expect(readFileSync(path).subarray(5000)).toEqual(content.subarray(0, 20_000));
});
