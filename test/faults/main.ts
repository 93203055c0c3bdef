/** `npm run test:faults -- [--rounds N] [CAMPAIGN...]`: runs the fault campaigns that RELIABILITY.md lists. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { campaigns } from "./campaigns.ts";
import { missingFor, playCampaign } from "./play-campaign.ts";

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    client: { type: "string" },
    list: { type: "boolean", default: false },
    rounds: { type: "string", default: "Infinity" },
  },
});
const client = options.client?.split(" ") ?? [process.execPath, join(import.meta.dirname, "../../bin/mail.js")];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const unknown = names.filter((name) => !campaigns.some((campaign) => campaign.name === name));
if (unknown.length > 0) throw new Error(`unknown campaign: ${unknown.join(", ")}; use --list`);
let [clean, failing, leftOut] = [0, 0, 0];
for (const campaign of campaigns) {
  const { name, does } = campaign;
  if (names.length > 0 && !names.includes(name)) continue;
  if (options.list) {
    print(`${name.padEnd(16)} ${does}`);
    continue;
  }
  const missing = missingFor(campaign);
  if (missing.length > 0) {
    leftOut++;
    print(`${name.padEnd(16)} left out: needs ${missing.join(", ")}`);
    continue;
  }
  const start = Date.now();
  const { rounds, broken } = await playCampaign(campaign, client, Number(options.rounds));
  const isClean = rounds > 0 && broken.length === 0;
  const time = `${((Date.now() - start) / 1000).toFixed(1)} s`;
  print(`${name.padEnd(16)} ${String(rounds).padStart(4)} rounds, ${time}: ${isClean ? "clean" : "FAILS"}`);
  for (const line of broken) print(`    ${line}`);
  if (isClean) clean++;
  else failing++;
}
if (!options.list) {
  print(`${clean} clean, ${failing} failing, ${leftOut} left out`);
  process.exitCode = failing > 0 ? 1 : 0;
}
