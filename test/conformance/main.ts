/** `npm run test:conformance`: runs each case in its own directory. README.md describes the options. */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Case, readCase } from "./case-file.ts";
import { compareCase } from "./compare.ts";
import { playCase } from "./play-case.ts";

const { values: options } = parseArgs({
  options: {
    client: { type: "string" },
    "as-peer": { type: "boolean", default: false },
    jobs: { type: "string", short: "j", default: String(availableParallelism()) },
    list: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    tag: { type: "string" },
    verbose: { type: "boolean", short: "v", default: false },
  },
});

const root = join(import.meta.dirname, "../..");
const cases = join(root, "test/conformance/cases");
const client = options.client?.split(" ") ?? [process.execPath, join(root, "bin/mail.js")];

function readCases(): Case[] {
  const pattern = new RegExp(options.only);
  return readdirSync(cases)
    .toSorted()
    .map((name) => readCase(join(cases, name)))
    .filter(({ name, head }) => {
      const tags = (head.get("tags") ?? "").split(/[ ,]+/);
      return pattern.test(name) && (options.tag === undefined || tags.includes(options.tag));
    });
}

/** Returns whether this user can run a case. */
function isPlayable({ head }: Case): boolean {
  return head.get("needs") !== "root" || process.getuid?.() === 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function describeFailure(played: Case): Promise<string[]> {
  try {
    return compareCase(played, await playCase(played, client), options["as-peer"]);
  } catch (error) {
    return [`cannot be played: ${(error as Error).message}`];
  }
}

async function playAll(all: readonly Case[]): Promise<number> {
  const rest = all.values();
  let failed = 0;
  const work = async () => {
    for (const each of rest) {
      const differences = await describeFailure(each);
      if (differences.length > 0) {
        failed++;
        print([`FAIL ${each.name}: ${each.head.get("title")}`, ...differences.map((line) => `    ${line}`)].join("\n"));
      } else if (options.verbose) print(`ok   ${each.name}`);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  return failed;
}

const all = readCases();
if (options.list) {
  for (const { name, head } of all)
    print(`${name.padEnd(34)} ${head.get("title")}${head.has("quirk") ? " (quirk)" : ""}`);
} else {
  const playable = all.filter(isPlayable);
  for (const { name } of all) if (!playable.some((each) => each.name === name)) print(`left out: ${name} needs root`);
  const failed = await playAll(playable);
  print(`${playable.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || playable.length === 0 ? 1 : 0;
}
