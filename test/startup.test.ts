import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

test.each(["mail", "mail-session", "mail-send", "mail-read", "maild"])("%s starts through its code cache", (part) => {
  const ask = `process.stdout.write(String(require("./dist/start.cjs").isCached(${JSON.stringify(part)})))`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", ask], { cwd: root, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "true", stderr: "" });
});
