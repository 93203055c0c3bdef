import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../..");

/**
 * Returns the files through which a plain message passes, according to ARCHITECTURE.md. A group such as `cli/{parse,
 * options}.ts` is expanded.
 */
function readListedFiles(): string[] {
  const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const [, list = ""] = /A plain message needs .*?35\s+files:(.*?)[.]\n/s.exec(text) ?? [];
  return [...list.matchAll(/`([^`]*)`/g)].flatMap(([, path = ""]) => {
    const [, start = "", names = "", end = ""] = /^(.*)\{(.*)\}(.*)$/s.exec(path) ?? [];
    return names === "" ? [path] : names.split(/,\s+/).map((name) => `${start}${name}${end}`);
  });
}

test("a plain message passes through the 35 files that ARCHITECTURE.md lists, and at most 6 calls within src/ lead from argv to the socket", () => {
  const script = join(root, "scripts/path-of-a-message.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--list"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [, used, loaded, calls] =
    /^argv to the socket: (\d+) files of (\d+) loaded files, (\d+) calls$/m.exec(stdout) ?? [];
  expect(Number(used)).toBeGreaterThan(30);
  expect(Number(used)).toBeLessThanOrEqual(35);
  expect(Number(loaded)).toBeGreaterThan(Number(used));
  expect(Number(calls)).toBeLessThanOrEqual(6);
  expect(stdout).toMatch(/^ {2}submit\/nodemailer\/smtp-session\.ts$/m);
  expect(stdout).toMatch(/^ {2}\(errors\.ts\)$/m);
  expect(stdout).toMatch(
    /^ {2}at openSocket \(connect\/socket\.ts:\d+:\d+\)\n(?: {2}at .*\n)+ {2}at async main \(mail\.ts:/m,
  );
  const [path = ""] = stdout.split(/^d 1-3 and q/m);
  expect(readListedFiles().sort()).toEqual([...path.matchAll(/^ {2}(\w\S*[.]ts)$/gm)].map(([, file]) => file));
  expect(stdout).toMatch(/^d 1-3 and q to the mailbox: \d+ files of \d+ loaded files, \d+ calls$/m);
});
