import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

test.each(["mail", "maild"])("%s starts through its code cache", (program) => {
  const ask = `process.stdout.write(String(require("./dist/start.cjs").isCached(${JSON.stringify(program)})))`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", ask], { cwd: root, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "true", stderr: "" });
});
