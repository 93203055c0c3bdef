import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { testWith } from "../conditions.ts";
import { complete, fish, makeHome, type Shell, zsh } from "./shells.ts";

const cases = {
  "mail --thro\t5m": "<mail><--throttle><5m>",
  "mail --if fai\t": "<mail><--if><failed>",
  "mail -f arch\t": "<mail><-f><archive.mbox>",
  "mail -A d/my\tann": "<mail><-A><d/my report.pdf><ann>",
  "mail -A fol\t": "<mail><-A><folder/>",
  "mail -c tools-\t": "<mail><-c><tools-team>",
  "mail tools-\t": "<mail><tools-team>",
  "mail -S askb\t": "<mail><-S><askbcc>",
  "mail -u roo\t": "<mail><-u><root>",
  "mail --account homew\t": "<mail><--account><homework>",
  "mail --login homew\t": "<mail><--login><homework>",
  "mail --hel\t": "<mail><--help>",
  "mail help folde\t": "<mail><help><folder>",
  "Mail --thro\t5m": "<Mail><--throttle><5m>",
  "mailx --thro\t5m": "<mailx><--throttle><5m>",
  "maild --sp\tfol\t": "<maild><--spool><folder/>",
  "maild --log arch\t": "<maild><--log><archive.mbox>",
};

const shells: [string, Shell][] = [
  ["zsh", zsh],
  ["fish", fish],
];

for (const [name, shell] of shells) {
  testWith(name)(`${name} completes options, files, people, topics and variables`, async () => {
    const home = makeHome();
    try {
      const lines = Object.keys(cases);
      const got = await complete(shell, home, lines);
      expect(Object.fromEntries(lines.map((line, at) => [line, got[at]]))).toEqual(cases);
      expect(existsSync(join(home, "planted"))).toBe(false);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
}
