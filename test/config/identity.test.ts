/** Tests how the user's identity is determined if the system or the environment provides little information. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { findIdentity } from "../../src/config/identity.ts";

test.each([
  [{ LOGNAME: "ann", USER: "ben" }, "ben"],
  [{ LOGNAME: "ann" }, "ann"],
  [{ LOGNAME: "ann", USER: "" }, "ann"],
  [{ LOGNAME: "ann", USER: "a b" }, "ann"],
  [{ LOGNAME: "ann", USER: "v@x.org>\nBcc: evil@x.org" }, "ann"],
])("%j is %s", (environment: Record<string, string>, user) => expect(findIdentity(environment).user).toBe(user));

const stranger = (...argv: string[]) =>
  spawnSync(process.execPath, [join(process.cwd(), "bin/mail.js"), ...argv], {
    uid: 54_321,
    env: { HOME: "/nonexistent" },
    input: "text\n",
    encoding: "utf8",
  });
const may = process.getuid?.() === 0 && stranger("-V").status === 0;

(may ? test : test.skip)("a user without a passwd entry sends mail under the user ID", () => {
  const { status, stdout } = stranger("-n", "--dry-run", "a@x.org");
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^From: 54321@\S+$/m)]);
});
