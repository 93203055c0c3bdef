/**
 * Checks that the layer check works. Without swc, dependency-cruiser cannot read any TypeScript 7 file, but still
 * reports success. A pattern that matches nothing forbids nothing.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

interface Cruise {
  readonly totalCruised: number;
  readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
}

function cruise(directory: string): Cruise {
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(root, ".dependency-cruiser.cjs");
  const run = spawnSync(process.execPath, [depcruise, "src", "--config", config, "--output-type", "json"], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return (JSON.parse(run.stdout) as { summary: Cruise }).summary;
}

function sourceFiles(): number {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((path) =>
    /[.](ts|mjs)$/.test(path),
  ).length;
}

test("all layer rules hold, and every file of src/ is checked", () => {
  const { totalCruised, violations } = cruise(root);
  expect({ totalCruised, violations }).toEqual({ totalCruised: sourceFiles(), violations: [] });
});

/**
 * The planted violations; a cycle needs two files. All violations are planted in one copy of src/, because each check
 * takes seconds.
 */
const breaks: [what: string, rules: readonly string[], files: Readonly<Record<string, string>>][] = [
  [
    "an upward import",
    ["message-imports-downwards-only"],
    { "message/value.ts": 'import { openMailbox } from "../mailbox/open.ts";\nopenMailbox;\n' },
  ],
  [
    "an upward import of a type only",
    ["message-imports-downwards-only"],
    { "message/type.ts": 'import type { Draft } from "../compose/draft/draft.ts";\nexport type Planted = Draft;\n' },
  ],
  [
    "an upward import between subfolders",
    ["read-session-imports-downwards-only"],
    { "read/session/planted.ts": 'import { leaveFolder } from "../folder/quit.ts";\nleaveFolder;\n' },
  ],
  [
    "an import of Maildir code by mbox code",
    ["mailbox-mbox-imports-downwards-only"],
    { "mailbox/mbox/planted.ts": 'import { baseOf } from "../maildir/file-name.ts";\nbaseOf;\n' },
  ],
  [
    "an import of mbox code by Maildir code",
    ["mailbox-maildir-imports-downwards-only"],
    { "mailbox/maildir/planted.ts": 'import { scan } from "../mbox/scan.ts";\nscan;\n' },
  ],
  [
    "a subfolder that is missing from the tables",
    ["every-folder-of-read-is-in-the-table"],
    { "read/new-room/planted.ts": 'import { leaveFolder } from "../folder/quit.ts";\nleaveFolder;\n' },
  ],
  [
    "a dynamic upward import",
    ["message-imports-downwards-only"],
    { "message/dynamic.ts": 'await import("../read/session/session.ts");\nexport {};\n' },
  ],
  [
    "a layer that imports a program",
    ["message-imports-downwards-only"],
    { "message/program.ts": 'import { start } from "../maild.ts";\nstart;\n' },
  ],
  [
    "a cycle",
    ["no-cycles"],
    {
      "message/one.ts": 'import { two } from "./two.ts";\nexport const one = () => two();\n',
      "message/two.ts": 'import { one } from "./one.ts";\nexport const two = (): void => one();\n',
    },
  ],
  [
    "a cycle of types only",
    ["no-cycles"],
    {
      "message/first.ts": 'import type { Two } from "./second.ts";\nexport interface One { two?: Two }\n',
      "message/second.ts": 'import type { One } from "./first.ts";\nexport interface Two { one?: One }\n',
    },
  ],
  [
    "a folder that is missing from the layers",
    ["every-folder-is-in-the-table"],
    { "helpers/planted.ts": 'import { Exit } from "../errors.ts";\nExit;\n' },
  ],
  [
    "an import of a layer by a file below all layers",
    ["errors-stand-below-all"],
    { "system-error.ts": 'import { visible } from "./message/safe-text.ts";\nvisible;\n' },
  ],
];

describe("violations that the layer check rejects", () => {
  const copy = mkdtempSync(join(tmpdir(), "mail-layers-"));
  let broken: Cruise["violations"];
  beforeAll(() => {
    cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
    for (const [path, text] of breaks.flatMap(([, , files]) => Object.entries(files))) {
      mkdirSync(dirname(join(copy, "src", path)), { recursive: true });
      writeFileSync(join(copy, "src", path), text);
    }
    broken = cruise(copy).violations;
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  test.each(breaks)("%s", (_what, rules, files) => {
    const paths = Object.keys(files).map((path) => `src/${path}`);
    const found = broken.filter(({ from }) => paths.includes(from)).map(({ rule }) => rule.name);
    expect([...new Set(found)]).toEqual(rules);
  });
});

test("in read/, a message's state is changed only by changes/mark.ts and the undo history", () => {
  const files = readdirSync(join(root, "src/read"), { recursive: true, encoding: "utf8" });
  const marking = files
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => /\bmailbox\.(mark|replace)\(/.test(readFileSync(join(root, "src/read", path), "utf8")));
  expect(marking.sort()).toEqual(["changes/mark.ts", "changes/undo-history.ts"]);
});
