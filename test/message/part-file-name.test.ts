import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { safeFileName } from "../../src/message/part-file-name.ts";

const orElse = { name: "part-2", type: "image/png" };

test.each([
  ["as it is", "report 2026.pdf", "report 2026.pdf"],
  ["without a path", "../../etc/passwd", "passwd"],
  ["without a path of Windows", "C:\\temp\\a.doc", "a.doc"],
  ["without a dot in front", ".bashrc", "bashrc"],
  ["without dashes in front", "--help", "help"],
  ["without controls and line ends", "a\x1b[31m\nb.txt", "a[31mb.txt"],
  ["without a direction override", "gpj.\u202eexe.png", "gpj.exe.png"],
  ["without what a shell reads", "a;`id`|b$(x).sh", "a__id__b_(x).sh"],
  ["of the type where nothing is left", "...", "part-2.png"],
  ["of the type where there is none", "", "part-2.png"],
  ["in other scripts", "a\u00f1o \u65e5\u672c.pdf", "a\u00f1o \u65e5\u672c.pdf"],
  ["short, its extension kept", `${"\u65e5".repeat(300)}.tar.gz`, `${"\u65e5".repeat(64)}.tar.gz`],
])("a name %s", (_shows, proposed, name) => expect(safeFileName(proposed, orElse)).toBe(name));

test("whatever is proposed, the name is one and stays in its directory", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (proposed) => {
      const name = safeFileName(proposed, orElse);
      expect(name).toMatch(/^[^/\\\0-\x1f.-][^/\\\0-\x1f]*$/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    }),
  );
});
