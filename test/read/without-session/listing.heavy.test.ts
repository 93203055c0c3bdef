import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { message } from "../support/session.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../../bin/mail.js");
const home = mkdtempSync(join(tmpdir(), "mail-listing-"));
const many = 100_000;

beforeAll(() => {
  const file = openSync(join(home, "box"), "w");
  for (let n = 0; n < many; n += 1000) {
    const some = Array.from({ length: 1000 }, (_, index) => message(`user${index % 97}@x.org`, `job ${n + index}`));
    writeSync(file, some.map((each) => each.replace("\n\n", `\n\n${"a line of text\n".repeat(40)}`)).join(""));
  }
  closeSync(file);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Runs mail with a heap that is too small for the 80 MB mailbox. */
function mail(script: string): string {
  const environment = { PATH: process.env["PATH"], HOME: home, TZ: "UTC", NODE_OPTIONS: "--max-old-space-size=48" };
  const command = `set -o pipefail; "${process.execPath}" "${program}" -n ${script}`;
  return execFileSync("/bin/bash", ["-c", command], { cwd: home, env: environment, encoding: "utf8" });
}

test("printing 100,000 messages as JSON lines uses little memory", () => {
  expect(mail("--json -f box | wc -l")).toBe(`${many}\n`);
});

test("printing the results of a body query as JSON lines uses little memory", () => {
  expect(mail("--json -f box 'body:\"JOB 99\"' | wc -l")).toBe("1111\n");
});
