import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import type { UsageError } from "../../src/cli/command-line.ts";
import { type Option, options } from "../../src/cli/options.ts";
import { parseArguments } from "../../src/cli/parse.ts";

const synopses = options.flatMap(({ synopsis }: Option) => synopsis ?? []);

test("after an unknown option, every form of the command is printed in lines of at most 90 characters", async () => {
  const mistake = (await parseArguments(["-Z"], () => {}).catch((error: unknown) => error)) as UsageError;
  expect(mistake.message).toBe("mail: unknown option '-Z'");
  const lines = mistake.details?.split("\n") ?? [];
  for (const synopsis of synopses) expect(mistake.details).toContain(synopsis);
  expect(lines.at(-1)).toBe("       mail help topic | --help");
  expect(lines.filter((line) => line.length > 90)).toEqual([]);
});

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../bin/mail.js");

test.each(["-V", "--version", "--help", "help", "--config"])("%s reports a full disk and fails", (option) => {
  const full = openSync("/dev/full", "w");
  const argv = [program, ...(option === "help" ? ["help", "save"] : [option])];
  const { status, stderr } = spawnSync(process.execPath, argv, { stdio: ["ignore", full, "pipe"], encoding: "utf8" });
  closeSync(full);
  expect([status, stderr]).toEqual([74, "mail: No space left on device\n"]);
});

test("an error in a file is reported with the file's name", () => {
  const home = mkdtempSync(join(tmpdir(), "mail-usage-"));
  writeFileSync(join(home, "file"), "");
  writeFileSync(join(home, "spool"), "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nSubject: s\n\ntext\n\n");
  const env = { PATH: process.env["PATH"], HOME: join(home, "file"), MAIL: join(home, "spool") };
  const { status, stderr } = spawnSync(process.execPath, [program, "-n"], { env, input: "p\nq\n", encoding: "utf8" });
  expect([status, stderr]).toEqual([74, `mail: ${join(home, "file/mbox")}: Not a directory\n`]);
  rmSync(home, { recursive: true });
});
