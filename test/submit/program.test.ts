import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import { ProgramTransport, programArguments } from "../../src/submit/program.ts";
import { ProgramFailed } from "../../src/submit/submission-errors.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mail-test-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function submit(script: string, size = 10) {
  const path = join(directory, "program");
  await writeFile(path, `#!/bin/sh\nprintf '%s ' "$@" > '${directory}/args'\n${script}\n`);
  await chmod(path, 0o755);
  const transport = new ProgramTransport(
    { path, words: [] },
    { envelopeSender: "me@x.org", metoo: false, verbose: true },
  );
  return await transport.submit(
    { from: "me@x.org", to: ["a@x"] },
    { size, open: () => Readable.from([Buffer.alloc(size, "x")]) },
  );
}

test("the program receives the message and sendmail's options", async () => {
  expect(await submit(`cat > '${directory}/got'`)).toEqual({ accepted: ["a@x"], refused: [] });
  expect(await readFile(join(directory, "args"), "utf8")).toBe("-i -t -f me@x.org -v ");
  expect(await readFile(join(directory, "got"), "utf8")).toBe("xxxxxxxxxx");
});

test.each([
  ["cat > /dev/null; exit 75", { code: 75, exit: 75 }],
  ["cat > /dev/null; exit 1", { code: 1, exit: 69 }],
  ["exit 67", { code: 67, exit: 67 }],
  ["kill -KILL $$", { exit: 75 }],
])("a failing program is reported with its exit code: %s", async (script, error) => {
  await expect(submit(script, 300_000)).rejects.toMatchObject(error);
});

test("a program that exits with 0 before it has read the complete message is reported as failed", async () => {
  await expect(submit("exec 0<&-; exit 0", 300_000)).rejects.toMatchObject({ exit: 74 });
});

test.each([
  ["missing", "/none/sendmail", "No such file or directory"],
  ["in a file instead of a directory", "/dev/null/sendmail", "Not a directory"],
])("a program that is %s is reported", async (_where, path, reason) => {
  const transport = new ProgramTransport(
    { path, words: [] },
    { envelopeSender: undefined, metoo: false, verbose: false },
  );
  await expect(transport.submit({ from: "a", to: ["b"] }, { size: 0, open: () => Readable.from([]) })).rejects.toEqual(
    new ProgramFailed(`${path}: ${reason}`, Exit.Unavailable),
  );
});

test("with metoo, the program is called with -m", () => {
  expect(programArguments([], { envelopeSender: "a@x", metoo: true, verbose: true })).toEqual([
    "-i",
    "-t",
    "-f",
    "a@x",
    "-m",
    "-v",
  ]);
});
