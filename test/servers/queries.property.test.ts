/** Compares the results of queries in a folder on a server and in a file that contains the same messages. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Mailbox } from "../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../src/mailbox/open.ts";
import { filterMessages } from "../../src/read/query/filter.ts";
import { allOf, anyOf, negateQuery, type Query } from "../../src/read/query/query.ts";
import type { QueryTermName } from "../../src/read/query/term-table.ts";
import { compileTerm } from "../../src/read/query/terms.ts";
import { describeIf } from "../conditions.ts";
import { accessFor, connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, startDovecot } from "./dovecot.ts";

const encodeWord = (text: string) => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
const latin1 = (text: string) => Buffer.from(text, "latin1");
const count = 60;

const subjects: readonly (string | Buffer)[] = [
  "Subject: disk full",
  "Subject: DISK\r\n Full",
  "Subject: disk   \tfull again",
  `Subject: ${encodeWord("disk voll größer")}`,
  `Subject: ${encodeWord("di")} ${encodeWord("sk full")}`,
  `Subject: x${encodeWord("disk full")}y`,
  "Subject: =?iso-8859-15?Q?disk_full_gr=F6=DFer?=",
  latin1("Subject: größer disk full"),
  "Subject: größer disk",
  `Subject: =?utf-8?Q?disk=20full?==?utf-8?Q?_größer?=`,
  "Subject:",
  "X-Other: no subject",
];
const senders = [
  'From: "Ann Lee" <ann@x.example>',
  `From: ${encodeWord("Änn Lee")} <ann@x.example>`,
  "From: ann@x.example (Ann Lee)",
  "From: Bob <bob@y.example>, Ann <ann@x.example>",
  "Return-Path: <ann@x.example>",
  "X-No: sender",
];
const dates = [
  "Date: Thu, 15 Jan 2026 23:30:00 -1200",
  "Date: Fri, 16 Jan 2026 00:30:00 +1400",
  "Date: 15 Jan 2026 12:00 +0000",
  "Date: Thu, 15 Jan 26 12:00:00 GMT",
  "Date: nonsense",
  "Date: Sat, 31 Jan 2037 12:00:00 +0000",
  "X-No: date",
];
const bodies: readonly (readonly [string, string | Buffer])[] = [
  ["X-Plain: yes", "the needle is here\r\n"],
  ["Content-Type: text/plain; charset=utf-8", "größe NEEDLE\r\n"],
  ["Content-Type: text/plain; charset=iso-8859-1", latin1("größe needle\r\n")],
  ["Content-Transfer-Encoding: base64", `${Buffer.from("a needle in base64").toString("base64")}\r\n`],
  ["Content-Transfer-Encoding: quoted-printable", "nee=\r\ndle gr=C3=B6=C3=9Fe\r\n"],
  ["Content-Type: text/html", "<p>nee<b>dle</b> <i>needle</i></p>\r\n"],
  ["Content-Type: application/octet-stream", "binary needle\r\n"],
  [
    'Content-Type: multipart/mixed; boundary="b"',
    `--b\r\nContent-Type: text/plain\r\n\r\nneedle one\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from("needle").toString("base64")}\r\n--b--\r\n`,
  ],
  [
    'Content-Type: multipart/mixed; boundary="b"',
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner disk\r\n\r\ninner needle\r\n--b--\r\n",
  ],
  ["X-Empty: yes", ""],
];

const pick = <T>(values: readonly T[]) => fc.constantFrom(...values);
const message = fc.tuple(pick(subjects), pick(senders), pick(dates), pick(bodies), fc.integer({ min: 10, max: 20 }));
const texts = [
  "disk",
  "disk full",
  "full",
  "größer",
  "öß",
  "voll",
  "Ann",
  "ann@x",
  "Lee",
  "needle",
  "größe",
  "bob@y",
  "=",
  "nee",
  "x",
];
const terms: fc.Arbitrary<readonly [QueryTermName, string]> = fc.oneof(
  fc.tuple(pick(["subject", "from", "to", "body"] as const), pick(texts)),
  fc.tuple(
    fc.constant("header" as const),
    pick(["X-Plain", "Subject:disk", "X-Plain:yes", "From:ann", "Content-Type:text"]),
  ),
  fc.tuple(
    pick(["since", "before", "on"] as const),
    pick(["2026-01-15", "2026-01-16", "2026-01", "2037", "1d", "2026-01-15T12:00"]),
  ),
  fc.tuple(fc.constant("is" as const), pick(["unread", "flagged"])),
  fc.tuple(fc.constant("has" as const), fc.constant("attachment")),
);
type Shape =
  | { kind: "term"; term: readonly [QueryTermName, string] }
  | { kind: "all" | "any" | "not"; of: readonly Shape[] };
const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: "small" },
    fc.record({ kind: fc.constant("term" as const), term: terms }),
    fc.record({ kind: pick(["all", "any"] as const), of: fc.array(tie("shape"), { minLength: 2, maxLength: 3 }) }),
    fc.record({ kind: fc.constant("not" as const), of: fc.tuple(tie("shape")) }),
  ),
}));

const now = new Date("2026-01-17T12:00:00Z");
function compile(each: Shape): Query {
  if (each.kind === "term") return compileTerm(each.term[0], each.term[1], { now, isKeyedByContent: false });
  const parts = each.of.map(compile);
  if (each.kind === "not") return negateQuery(parts[0] as Query);
  return each.kind === "all" ? allOf(parts) : anyOf(parts);
}

async function search(mailbox: Mailbox, query: Query): Promise<number[]> {
  const all = Array.from({ length: mailbox.count }, (_, at) => at + 1);
  const found: number[] = [];
  for await (const some of filterMessages(mailbox, all, query)) found.push(...some);
  return found.sort((a, b) => a - b);
}

describeIf(dovecotProgram !== undefined)("queries in a folder on Dovecot", () => {
  let dovecot: Dovecot;
  let directory: string;
  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    directory = mkdtempSync(join(tmpdir(), "mail-queries-"));
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
    rmSync(directory, { recursive: true });
  });

  const folderWith = async (name: string, messages: readonly (readonly [Buffer, number])[]) => {
    const client = await connectTo(dovecot);
    await client.create(name);
    for (const [bytes, day] of messages)
      await client.append(name, bytes, {
        received: new Date(Date.UTC(2026, 0, day)),
        flags: day % 3 === 0 ? ["\\Seen"] : [],
      });
    await client.logout();
    const options = { lockwait: 1, stateDirectory: join(directory, "state") };
    const remote = await openMailbox(`imaps://ann@localhost:${dovecot.imapsPort}/${name}`, {
      ...options,
      ...accessFor(),
    });
    const file = join(directory, name);
    const stored: Buffer[] = [];
    const all = Array.from({ length: remote.count }, (_, at) => at + 1);
    for await (const { messages: some, stored: from } of remote.openMessages(all, "whole")) {
      for (const each of some) {
        const bytes = from.read(each, 0, from.size(each)).toString("latin1");
        const status = remote.letters?.(each).includes("S") === true ? "Status: RO\n" : "";
        stored.push(Buffer.from(bytes.replace("\n\n", `\n${status}\n`), "latin1"));
      }
    }
    await remote.close();
    writeFileSync(file, Buffer.concat(stored));
    const fresh = await openMailbox(`imaps://ann@localhost:${dovecot.imapsPort}/${name}`, {
      ...options,
      ...accessFor(),
    });
    return { remote: fresh, local: await openMailbox(file, options) };
  };

  test("queries find the same messages as in a file", async () => {
    let folders = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: count, maxLength: count }),
        fc.array(shape, { minLength: 20, maxLength: 20 }),
        async (some, queries) => {
          const built = some.map(([subject, sender, date, [head, body], day]) => {
            const head1 = [sender, date, subject, head].flatMap((line) => [
              Buffer.from(line as string),
              Buffer.from("\r\n"),
            ]);
            return [Buffer.concat([...head1, Buffer.from("\r\n"), Buffer.from(body as string)]), day] as const;
          });
          const { remote, local } = await folderWith(`queries${++folders}`, built);
          try {
            expect(local.count).toBe(remote.count);
            for (const each of queries) {
              const query = compile(each);
              const [there, here] = [await search(remote, query), await search(local, query)];
              const differs = [...there, ...here].find((found) => !there.includes(found) || !here.includes(found));
              const sample = differs === undefined ? "" : built[differs - 1]?.[0].toString("latin1");
              expect([JSON.stringify(each), sample, there]).toEqual([JSON.stringify(each), "", here]);
            }
          } finally {
            await remote.close();
            await local.close();
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
  });

  test("queries load only the messages that the server finds", async () => {
    const messages = Array.from(
      { length: 50 },
      (_, at) => [Buffer.from(`Subject: number ${at}\r\n\r\nx\r\n`), 10] as const,
    );
    const { remote, local } = await folderWith("few", messages);
    const query = compile({ kind: "term", term: ["subject", "number 7"] });
    expect(await search(remote, query)).toEqual([8]);
    await remote.close();
    await local.close();
    const ofFolder = dovecot.readRawLogs().filter(({ commands }) => commands.some((line) => line.includes('"few"')));
    const fetched = ofFolder.flatMap(({ commands }) => commands.filter((line) => line.includes("PEEK[HEADER]")));
    expect(fetched.map((line) => line.split(" ")[2])).toEqual(["8,18,28,38,48"]);
  });
});
