/** Tests command-line completion in bash on a terminal; completions.heavy.test.ts tests zsh and fish. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bash, complete, makeHome } from "./shells.ts";

const cases = [
  ["mail --thro\t 5m", "<mail><--throttle><5m>"],
  ["mail --if fa\t", "<mail><--if><failed>"],
  ["mail -f arch\t", "<mail><-f><archive.mbox>"],
  ["mail -A arch\t ann", "<mail><-A><archive.mbox><ann>"],
  ["mail -A d/my\t ann", "<mail><-A><d/my report.pdf><ann>"],
  ["mail -A d/my\\ r\t ann", "<mail><-A><d/my report.pdf><ann>"],
  ['mail -A "d/my r\t ann', "<mail><-A><d/my report.pdf><ann>"],
  ["mail --attach=d/my\\ r\t ann", "<mail><--attach=d/my report.pdf><ann>"],
  ["mail -A fol\t", "<mail><-A><folder/>"],
  ["mail -c tools-\t", "<mail><-c><tools-team>"],
  ["mail tools-\t", "<mail><tools-team>"],
  ["mail -S askb\t", "<mail><-S><askbcc>"],
  ["mail -u roo\t", "<mail><-u><root>"],
  ["mail -s arch\t ann", "<mail><-s><arch><ann>"],
  ["mail --account homew\t", "<mail><--account><homework>"],
  ["mail --login=homew\t", "<mail><--login=homework>"],
  ["mail --hel\t", "<mail><--help>"],
  ["mail hel\t folde\t", "<mail><help><folder>"],
  ["Mail --thro\t 5m", "<Mail><--throttle><5m>"],
  ["mailx --thro\t 5m", "<mailx><--throttle><5m>"],
  ["maild --sp\t fol\t --por\t 0", "<maild><--spool><folder/><--port><0>"],
  ["maild --log arch\t", "<maild><--log><archive.mbox>"],
] as const;

let home: string;
let got: string[];

beforeAll(async () => {
  home = makeHome();
  got = await complete(
    bash,
    home,
    cases.map(([line]) => line),
  );
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

test.each(cases.map(([line, wanted], at) => [line, wanted, at] as const))("bash: %j gives %s", (_, wanted, at) => {
  expect(got[at]).toBe(wanted);
});

test("bash never runs text in ~/.mailrc as a command", () => {
  expect(existsSync(join(home, "planted"))).toBe(false);
});
