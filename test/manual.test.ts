import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

test("the manual pages agree with the tables of commands, variables, options and tilde escapes", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/manual.mjs"), "--check"], {
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("mail(1) lists every environment variable that the programs read, and every exit code", () => {
  const manual = readFileSync(join(root, "man/mail.1"), "utf8");
  const named = manual.slice(manual.indexOf(".Sh ENVIRONMENT"), manual.indexOf(".Sh FILES"));
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, "src", name), "utf8"));
  const asked = sources.flatMap((text) =>
    [...text.matchAll(/\benv(?:ironment)?\["([A-Z_]+)"\]/g)].map(([, name]) => name),
  );
  expect(asked).toContain("TMPDIR");
  const everywhere = ["PATH"];
  expect(asked.filter((name) => !everywhere.includes(name ?? "") && !new RegExp(`\\b${name}\\b`).test(named))).toEqual(
    [],
  );
  const codes = [...readFileSync(join(root, "src/errors.ts"), "utf8").matchAll(/: (\d+)\b/g)].map(([, code]) => code);
  expect(codes).toContain("75");
  expect(codes.filter((code) => !manual.includes(`.It ${code}\n`))).toEqual([]);
});
