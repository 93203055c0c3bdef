/**
 * Tests bad input: 10,000 command lines and 2,000 mutated mailboxes. With any input, the session ends with a defined
 * exit code, writes nothing outside its directory, and sends no control characters to a terminal.
 */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { main } from "../../src/mail.ts";
import { Output } from "../../src/terminal/standard-streams.ts";
import type { Style } from "../../src/terminal/terminal.ts";
import { inside } from "../sessions/support/on-terminal.ts";
import { random, randomSession } from "../sessions/support/random-session.ts";
import { RecordedTerminal } from "../sessions/support/recorded-terminal.ts";
import { mail, type Setup, sandbox } from "../sessions/support/sandbox.ts";

/**
 * A simulated terminal that types the next line at each prompt, and writes the output that a real terminal would
 * receive.
 */
class WatchedTerminal extends RecordedTerminal {
  readonly #output: Output;

  constructor(lines: readonly string[], descriptor: number) {
    let next = 0;
    super({ next: () => lines[next++], echoed: () => {} }, true);
    this.#output = new Output(descriptor, { guarded: true });
  }

  override out(text: string | Uint8Array, style?: Style): void {
    this.#output.write(text, style);
  }
}

/**
 * The C0 controls except tab and newline, DEL, the C1 controls, and the characters that change the direction of text.
 */
const raw = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const exitCodes = new Set([0, 1, ...Array.from({ length: 15 }, (_, index) => 64 + index)]);

async function play(setup: Setup, argv: readonly string[], lines: readonly string[]): Promise<void> {
  const place = sandbox({
    ...setup,
    environment: { SHELL: "/bin/true", EDITOR: "true", VISUAL: "true", PAGER: "true" },
  });
  const screen = openSync(join(place.home, "../screen"), "w+");
  try {
    const exit = await inside(place, () => main(argv, async () => new WatchedTerminal(lines, screen)));
    const shown = readFileSync(join(place.home, "../screen"));
    expect({
      exit: exitCodes.has(exit) && exit !== 70,
      raw: raw.exec(new TextDecoder("utf-8").decode(shown))?.[0],
    }).toEqual({ exit: true, raw: undefined });
    const beside = readdirSync(join(place.home, ".."));
    expect(beside.filter((name) => !["cache", "home", "screen", "state", "take-mail", "tmp"].includes(name))).toEqual(
      [],
    );
    expect(readdirSync(join(place.home, "../tmp"))).toEqual([]);
  } finally {
    closeSync(screen);
    place.remove();
  }
}

/** Returns whether a line neither refers to files outside the directory nor changes the directory. */
function harmless(line: string): boolean {
  return !/[/$%\n]/.test(line) && !/^\s*(?:ch|cd)/.test(line);
}

const command = fc
  .oneof(
    fc.integer().map((seed) => randomSession(seed).input.split("\n")[0] ?? ""),
    fc
      .tuple(
        fc.constantFrom(
          ..."p n d u s c w f h z t = r R m fo fi ho mb tou U set un al alt re ig l size if el en ? ec top dp undo sort thread so P i ty co wr for S e v | ! x".split(
            " ",
          ),
        ),
        fc.string({ unit: "binary", maxLength: 12 }),
      )
      .map(([word, rest]) => `${word} ${rest}`),
    fc.string({ unit: "binary", maxLength: 30 }),
    fc
      .array(
        fc.constantFrom(
          "1",
          "-",
          "*",
          "$",
          "^",
          ".",
          ":n",
          ":d",
          "/a",
          "ann",
          "(",
          ")",
          "'",
          '"',
          "not",
          "or",
          "from:a",
          "since:1d",
          "999999999999",
        ),
      )
      .map((words) => words.join(" ")),
  )
  .filter((line) => harmless(line) && !/^\s*(?:x|q|ex)/.test(line));

test("sessions of 10,000 random command lines end properly", async () => {
  const spool = [
    mail({ subject: "a\x1b[31mred\x07" }),
    mail({ from: "ben@example.com", body: "\x9b2J\x1b]0;x\x07\n" }),
    mail({ status: "RO" }),
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 100, maxLength: 100 }), async (lines) => {
      await play({ spool, mailrc: "set quiet\n" }, ["-N"], lines);
    }),
    { numRuns: 100 },
  );
});

const mailboxes = Number(process.env["MAILBOXES"] ?? 2000);
/** A different seed produces different mailboxes. */
const firstSeed = Number(process.env["FIRST_SEED"] ?? 0);

const seeds = [
  mail({
    fields: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n",
    body: "--x\nContent-Type: text/html\n\n<b>a</b>\n--x\nContent-Type: application/pdf; name=a\nContent-Transfer-Encoding: base64\n\nAAAA\n--x--\n",
  }),
  mail({
    subject: "=?utf-8?q?=1B[2J?= =?iso-8859-1?b?/w==?=",
    fields: "Content-Type: text/plain; charset=utf-7\nContent-Transfer-Encoding: quoted-printable\n",
    body: "=1B[0m=\n=00=E2=80=AE\n",
  }),
];

/** Returns a mailbox with parts removed, repeated or overwritten, and with random bytes inserted. */
function mutated(seed: number): Buffer {
  const next = random(seed);
  const { files } = randomSession(seed);
  let bytes = Buffer.from((files["spool"] ?? files["box"] ?? "") + seeds.join(""), "latin1");
  const at = () => Math.floor(next() * (bytes.length + 1));
  for (let count = 1 + Math.floor(next() * 8); count > 0; count--) {
    const [from = 0, to = 0] = [at(), at()].sort((a, b) => a - b);
    const strewn = Buffer.from(Array.from({ length: Math.floor(next() * 6) }, () => Math.floor(next() * 256)));
    const middle = [Buffer.alloc(0), strewn, Buffer.concat([bytes.subarray(from, to), bytes.subarray(from, to)])];
    bytes = Buffer.concat([
      bytes.subarray(0, from),
      middle[Math.floor(next() * 3)] as Buffer,
      bytes.subarray(next() < 0.3 ? to : from),
    ]).subarray(0, 50_000);
  }
  return bytes;
}

const looking = "h,p *,P 1,top *,size *,f *,d 1,u *,sort subject,thread".split(",");
const writing = "s 1 out,w 2 body,r 1,text,~m,.,undo,q".split(",");

test("sessions with 2,000 mutated mailboxes end properly", async () => {
  for (let seed = firstSeed; seed < firstSeed + mailboxes; seed++) {
    const box = mutated(seed).toString("latin1");
    // Only every tenth session runs the commands that write to the disk.
    const lines = seed % 10 === 0 ? [...looking, ...writing] : [...looking, "x"];
    try {
      await play({ files: { box }, mailrc: "set quiet\nunset crt\n" }, ["-f", "box"], lines);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`);
    }
  }
});
