/** Tests a mailbox so large that its journal bypasses the page cache and its new contents are copied within the file. */
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { type Home, makeHome } from "../support/program.ts";

const home: Home = makeHome();
afterAll(() => home.remove());
const spool = join(home.path, "spool");
const journal = join(home.path, ".spool.mail-journal");
const mbox = join(home.path, "mbox");
const env = { MAIL: spool, MBOX: mbox };

const message = (id: number, status: string, lines: number) =>
  `From a@example.org Sat Jan 16 18:22:01 2021\nX-Id: ${id}\n${status}\n${`${id} is said here\n`.repeat(lines)}\n`;
/** Each message differs from the others in every page. */
const rest = Array.from({ length: 40 }, (_, i) => message(i + 2, "Status: RO\n", 150_000 + i * 371)).join("");
const first = message(1, "", 3);
const delivered = message(99, "Status: RO\n", 5);

beforeEach(fill);
function fill(): void {
  writeFileSync(spool, first + rest);
  rmSync(mbox, { force: true });
}
const moved = (): string => (existsSync(mbox) ? readFileSync(mbox, "latin1") : "");

const cases: [what: string, commands: string[], wanted: string, wantedInMbox: string][] = [
  ["messages after a deleted one move forward", ["d 1", "q"], rest, ""],
  [
    "messages after one that becomes longer move back",
    ["p 1", "hold 1", "q"],
    message(1, "Status: RO\n", 3) + rest,
    "",
  ],
  ["touched messages move to mbox", ["touch 2-$", "q"], message(1, "Status: O\n", 3), rest],
];

test.each(cases)("%s, and nothing else changes", (_what, commands, wanted, wantedInMbox) => {
  const { ino } = statSync(spool);
  const { status, err } = home.mail([], commands, env);
  expect([status, err]).toEqual([0, ""]);
  expect(readFileSync(spool).equals(Buffer.from(wanted))).toBe(true);
  expect(moved() === wantedInMbox).toBe(true);
  expect([statSync(spool).ino, readdirSync(home.path).filter((name) => name.includes("journal"))]).toEqual([ino, []]);
});

test.each(cases)("%s exactly once if a kill interrupts the quit", (_what, commands, wanted, wantedInMbox) => {
  let finished = 0;
  for (let call = 4; ; call += 11) {
    fill();
    const { signal } = home.mailKilledAt(call, commands, env);
    if (signal === null) break;
    const isBegun = existsSync(journal);
    appendFileSync(spool, delivered);
    expect(home.mail([], ["x"], env).status).toBe(0);
    const left = readFileSync(spool);
    const isDone = left.equals(Buffer.from(wanted + delivered)) && moved() === wantedInMbox;
    const isAsBefore = !isBegun && left.equals(Buffer.from(first + rest + delivered)) && moved() === "";
    expect(isDone || isAsBefore).toBe(true);
    if (isBegun) finished++;
  }
  expect(finished).toBeGreaterThan(1);
});
