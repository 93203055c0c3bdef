import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { ChangeWatch } from "../../src/act/change-watch.ts";

test("a change is reported only after the file has stopped growing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mail-watch-"));
  const file = join(directory, "box");
  writeFileSync(file, "");
  const left = ["From x@x\n", "Subject: slow\n\n", "first line\n", "last line\n", "\n"];
  const watch = new ChangeWatch(file, async () => {
    const piece = left.shift();
    if (piece !== undefined) appendFileSync(file, piece);
  });
  await watch.wait(0, () => false);
  watch.close();
  rmSync(directory, { recursive: true });
  expect(left).toEqual([]);
});
