/**
 * The check of layers is checked: dependency-cruiser reports success too when it can read no file at all (with typescript 7
 * it needs @swc/core), and a pattern that matches nothing forbids nothing.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "mail-layers-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Cruise {
  readonly cruised: number;
  /** The names of the rules that were broken, each once, sorted. */
  readonly broken: readonly string[];
}

function cruise(directory: string): Cruise {
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(root, ".dependency-cruiser.cjs");
  const run = spawnSync(process.execPath, [depcruise, "src", "--config", config, "--output-type", "json"], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const { summary } = JSON.parse(run.stdout) as {
    summary: { totalCruised: number; violations: { rule: { name: string } }[] };
  };
  const broken = [...new Set(summary.violations.map(({ rule }) => rule.name))].sort();
  return { cruised: summary.totalCruised, broken };
}

/** A copy of src/ with a few more files; cruised and removed. */
function withPlanted(files: Readonly<Record<string, string>>): Cruise {
  const copy = mkdtempSync(join(scratch, "copy-"));
  cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  return cruise(copy);
}

function sourceFiles(): number {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
    .length;
}

test("the layers hold, and every file of src/ was looked at", () => {
  expect(cruise(root)).toEqual({ cruised: sourceFiles(), broken: [] });
});

test.each([
  [
    "an upward import",
    { "src/message/planted.ts": 'import { openMailbox } from "../mailbox/open.ts";\nopenMailbox;\n' },
  ],
  [
    "an upward import of a type only",
    { "src/message/planted.ts": 'import type { Draft } from "../compose/draft.ts";\nexport type Planted = Draft;\n' },
  ],
  ["a dynamic upward import", { "src/message/planted.ts": 'await import("../read/session.ts");\nexport {};\n' }],
  ["a layer that imports a program", { "src/message/planted.ts": 'import { start } from "../maild.ts";\nstart;\n' }],
])("%s is refused", (_shows, files) => {
  expect(withPlanted(files).broken).toContain("message-imports-downwards-only");
});

test.each([
  [
    "a cycle",
    {
      "src/message/one.ts": 'import { two } from "./two.ts";\nexport const one = () => two();\n',
      "src/message/two.ts": 'import { one } from "./one.ts";\nexport const two = (): void => one();\n',
    },
  ],
  [
    "a cycle of types only",
    {
      "src/message/one.ts": 'import type { Two } from "./two.ts";\nexport interface One { two?: Two }\n',
      "src/message/two.ts": 'import type { One } from "./one.ts";\nexport interface Two { one?: One }\n',
    },
  ],
])("%s is refused", (_shows, files) => {
  expect(withPlanted(files).broken).toEqual(["no-cycles"]);
});

test("a folder that no layer names is refused", () => {
  const planted = 'import { Exit } from "../errors.ts";\nExit;\n';
  expect(withPlanted({ "src/helpers/planted.ts": planted }).broken).toEqual(["every-folder-is-in-the-table"]);
});

test("what lies below all layers imports none of them", () => {
  const planted = 'import { visible } from "./message/safe-text.ts";\nvisible;\n';
  expect(withPlanted({ "src/errors.ts": planted }).broken).toContain("errors-stand-below-all");
});
