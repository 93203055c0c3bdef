import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { safeFileName } from "../../src/message/part-file-name.ts";

const orElse = { name: "part-2", type: "image/png" };

test.each([
  ["without changes", "report 2026.pdf", "report 2026.pdf"],
  ["without its directories", "../../etc/passwd", "passwd"],
  ["without its Windows directories", "C:\\temp\\a.doc", "a.doc"],
  ["without a leading dot", ".bashrc", "bashrc"],
  ["without leading dashes", "--help", "help"],
  ["without controls and newlines", "a\x1b[31m\nb.txt", "a[31mb.txt"],
  ["without a direction override", "gpj.\u202eexe.png", "gpj.exe.png"],
  ["without characters that are special to a shell", "a;`id`|b$(x).sh", "a__id__b_(x).sh"],
  ["from the type if no character remains", "...", "part-2.png"],
  ["from the type if none is proposed", "", "part-2.png"],
  ["in other scripts", "a\u00f1o \u65e5\u672c.pdf", "a\u00f1o \u65e5\u672c.pdf"],
  ["shortened before its extension", `${"\u65e5".repeat(300)}.tar.gz`, `${"\u65e5".repeat(64)}.tar.gz`],
])("a name %s", (_shows, proposed, name) => expect(safeFileName(proposed, orElse)).toBe(name));

test("every proposed name becomes a valid name within the directory", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (proposed) => {
      const name = safeFileName(proposed, orElse);
      expect(name).toMatch(/^[^/\\\0-\x1f.-][^/\\\0-\x1f]*$/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    }),
  );
});
