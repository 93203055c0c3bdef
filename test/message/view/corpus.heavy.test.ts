/** Shows each message of the corpus and compares its parts with those that Python's email package finds. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { moreCharsets } from "../../../src/message/charsets.ts";
import { decodeWords } from "../../../src/message/decode-words.ts";
import { parseHeader } from "../../../src/message/header.ts";
import { bytesOf } from "../../../src/message/view/bytes.ts";
import { listLeaves, type Part, readParts } from "../../../src/message/view/part.ts";
import { partText } from "../../../src/message/view/part-text.ts";
import { decodeBody } from "../../../src/message/view/transfer-decoding.ts";
import { plainTextOf } from "../../../src/message/view/view.ts";
import { corpus, type Sample } from "./corpus.ts";
import { shown } from "./read-as.ts";

interface Peer {
  readonly leaves: readonly [type: string, name: string | null, digest: string | null, text: string | null][];
  readonly body: string | null;
  readonly subject: string | null;
}

const python = "python3";
const drivesTerminal = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

/** Messages that `mail` can read but Python's email package cannot. */
const ours = new Set([
  "an encoding in upper case with a comment",
  "a folded Content-Type with comments",
  "a message in base64",
  // Python keeps a space at the end of a quoted-printable line (RFC 2045, section 6.7, rule 3).
  "Python's msg_15.txt",
  "a blank before each colon",
  "nested multiparts with one boundary",
  // Python does not find the three inner multiparts, which have the same boundary as the outer one.
  "Python's msg_39.txt",
  "an attached message that begins with a quoted From_ line",
  "a charset without a semicolon",
  "base64 with a list's footer",
]);
let samples: Sample[];
let peers: Peer[];

/** Returns the messages in the test suite of Python's email package, if it is installed. */
function pythonsOwn(): Sample[] {
  const find = "import os, test.test_email as t; print(os.path.join(os.path.dirname(t.__file__), 'data'))";
  try {
    const data = execFileSync(python, ["-c", find], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    if (!existsSync(data)) return [];
    return readdirSync(data)
      .filter((file) => file.endsWith(".txt"))
      .map((file) => ({ name: `Python's ${file}`, bytes: readFileSync(join(data, file)) }));
  } catch {
    return [];
  }
}

let directory: string;

beforeAll(() => {
  samples = [...corpus(), ...pythonsOwn()];
  directory = mkdtempSync(join(tmpdir(), "mail-corpus-"));
  const paths = samples.map(({ bytes }, index) => {
    const path = join(directory, `${index}.eml`);
    writeFileSync(path, bytes);
    return path;
  });
  const peer = join(dirname(fileURLToPath(import.meta.url)), "corpus-peer.py");
  const out = execFileSync(python, [peer], { input: paths.map((path) => `${path}\n`).join(""), maxBuffer: 1 << 28 });
  peers = out
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Peer);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the corpus contains at least 300 messages", () => expect(samples.length).toBeGreaterThanOrEqual(300));

test("each message is shown without characters that control a terminal", async () => {
  for (const { name, bytes } of samples) {
    const text = await shown(bytes, { header: true });
    expect([name, drivesTerminal.test(text)]).toEqual([name, false]);
  }
});

test("each message is shown even if parts of it are removed, repeated or overwritten", async () => {
  for (const [index, { name, bytes }] of samples.entries()) {
    for (const damaged of damages(bytes, index)) {
      const text = await shown(damaged, { header: true });
      expect([name, drivesTerminal.test(text)]).toEqual([name, false]);
    }
  }
});

function damages(bytes: Buffer, seed: number): Buffer[] {
  const at = (part: number) => ((seed * 7919 + part * 104_729) % 997) / 997;
  const [from, to] = [Math.floor(bytes.length * at(1)), Math.floor(bytes.length * at(2))].sort((a, b) => a - b);
  const other = Buffer.from(bytes);
  for (let part = 3; part < 23; part++)
    other[Math.floor(bytes.length * at(part))] = [0, 10, 13, 27, 34, 45, 61, 63, 128, 255][part % 10] as number;
  return [
    bytes.subarray(0, to),
    Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
    Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]),
    other,
  ];
}

/** Yields the messages that both programs read. */
async function* compared(): AsyncIterable<Sample & { readonly theirs: Peer; readonly parts: readonly Part[] }> {
  for (const [index, sample] of samples.entries()) {
    if (ours.has(sample.name)) continue;
    const { root } = await readParts(bytesOf(sample.bytes));
    yield {
      ...sample,
      theirs: peers[index] as Peer,
      parts: listLeaves(root).filter((part) => part.parts.length === 0),
    };
  }
}

test("the parts have the same types, names and decoded bytes as in Python", async () => {
  const differences: string[] = [];
  for await (const { name, theirs, parts } of compared())
    differences.push(...differencesOf(parts, theirs.leaves).map((difference) => `${name}: ${difference}`));
  expect(differences).toEqual([]);
});

test("each part's text is the same as in Python, and the body's text is shown", async () => {
  const charsets = await moreCharsets();
  const differences: string[] = [];
  for await (const { name, bytes, theirs, parts } of compared()) {
    for (const [at, [, , , text]] of theirs.leaves.entries()) {
      if (!isDecoded(text)) continue;
      const read = partText(parts[at] as Part, charsets, bytes.length);
      if (plain(read) !== plain(text))
        differences.push(`${name}, ${at}: ${JSON.stringify([read, text]).slice(0, 300)}`);
    }
    if (isDecoded(theirs.body) && !plain(await plainTextOf(bytesOf(bytes))).includes(plain(theirs.body)))
      differences.push(`${name}: the body ${JSON.stringify(theirs.body).slice(0, 200)}`);
  }
  expect(differences).toEqual([]);
});

test("subjects are the same as in Python", async () => {
  const charsets = await moreCharsets();
  const differences: string[] = [];
  for await (const { name, bytes, theirs } of compared()) {
    const subject = decodeWords(parseHeader(bytes).get("subject") ?? "", charsets);
    if (isDecoded(theirs.subject) && plain(subject) !== plain(theirs.subject))
      differences.push(`${name}: ${JSON.stringify([subject, theirs.subject])}`);
  }
  expect(differences).toEqual([]);
});

function isDecoded(text: string | null): text is string {
  return text !== null && !/[\ufffd\udc80-\udcff]/u.test(text);
}

/** Removes white space and the quote character `>`, because both depend on where the display breaks lines. */
function plain(text: string): string {
  return text.replace(/[\s>]+/g, "");
}

function differencesOf(parts: readonly Part[], theirs: Peer["leaves"]): string[] {
  if (parts.length !== theirs.length) return [`${parts.length} parts, not ${theirs.length}`];
  return theirs.flatMap(([type, name, digest], at) => {
    const part = parts[at] as Part;
    const bytes = decodeBody(part, Number.MAX_SAFE_INTEGER);
    // `mail` treats a multipart without parts as text.
    const isMultipart = type.startsWith("multipart/");
    return [
      ...(isMultipart || part.type === type ? [] : [`${part.number} is ${part.type}, not ${type}`]),
      ...((part.name ?? null) === name ? [] : [`${part.number} is named ${part.name}, not ${name}`]),
      ...(isMultipart || digest === null || digestOf(bytes) === digest
        ? []
        : [`${part.number}: other bytes: ${JSON.stringify(bytes.toString("latin1").slice(0, 80))}`]),
    ];
  });
}

function digestOf(bytes: Buffer): string {
  const plain = bytes.toString("latin1").replaceAll("\r\n", "\n").replace(/\n+$/, "");
  return createHash("sha256").update(plain, "latin1").digest("hex");
}
