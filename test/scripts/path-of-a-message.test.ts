import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

test("at most 6 calls within src/ lead from argv to the socket, through only some of the loaded files", () => {
  const script = join(import.meta.dirname, "../../scripts/path-of-a-message.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--list"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [, used, loaded, calls] =
    /^argv to the socket: (\d+) files of (\d+) loaded files, (\d+) calls$/m.exec(stdout) ?? [];
  expect(Number(used)).toBeGreaterThan(30);
  expect(Number(used)).toBeLessThanOrEqual(37);
  expect(Number(loaded)).toBeGreaterThan(Number(used));
  expect(Number(calls)).toBeLessThanOrEqual(6);
  expect(stdout).toMatch(/^ {2}submit\/nodemailer\/smtp-session\.ts$/m);
  expect(stdout).toMatch(/^ {2}\(errors\.ts\)$/m);
  expect(stdout).toMatch(
    /^ {2}at openSocket \(connect\/socket\.ts:\d+:\d+\)\n(?: {2}at .*\n)+ {2}at async main \(mail\.ts:/m,
  );
  expect(stdout).toMatch(/^d 1-3 and q to the mailbox: \d+ files of \d+ loaded files, \d+ calls$/m);
});
