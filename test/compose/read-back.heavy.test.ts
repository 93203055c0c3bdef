/**
 * Checks that the messages that `mail` builds are read back unchanged by an independent parser: Python's email package
 * with policy.default.
 */
import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { buildEncodedMessage, newStamp } from "../../src/compose/build/encoded-message.ts";
import { presentableName } from "../../src/compose/draft/attachment.ts";
import { Body, transferEncodingOf } from "../../src/compose/draft/body.ts";
import { type Draft, emptyDraft } from "../../src/compose/draft/draft.ts";

const reader = fileURLToPath(new URL("support/read-back.py", import.meta.url));
const identity = { user: "ann", login: "ann", fullName: "Ann Ñandú", home: "/", mailName: "host.example" };

/** Header text, both common and unusual. */
const words = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ maxLength: 12 }) },
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.constantFrom(
        "ñandú",
        "日本語のとても長い件名です",
        "a,b",
        '"',
        "\\",
        "<x@y>",
        "(c)",
        "=?",
        "x".repeat(90),
        "👩‍👩‍👧",
        "@",
        ":;",
      ),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => list.join(" "));

/**
 * A display name without control characters, which are not allowed in address lists. Non-ASCII names are short enough
 * for one encoded word, because Python keeps the space between two encoded words, contrary to RFC 2047, section 6.2.
 */
const name = words.map((text) => {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
  let cut = shown;
  while (/[^\x20-\x7e]|=\?/.test(shown) && Buffer.byteLength(cut) > 45) cut = [...cut].slice(0, -1).join("");
  return cut.trim().replace(/\s+/g, " ");
});
const address = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9.+_-]{0,10}[a-z]$/), fc.stringMatching(/^[a-z]{1,8}$/))
  .filter(([local]) => !local.includes(".."))
  .map(([local, domain]) => `${local}@${domain}.example`);
const person = fc.tuple(name, address);

const bytes = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 80 }).map((line) => `${line}\n`) },
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(
        "\n",
        "\r\n",
        "\r",
        "\0",
        ".\n",
        "..\n",
        "From x\n",
        "--\n",
        " \n",
        "=3D\n",
        `${"y".repeat(1200)}\n`,
        "end",
      ),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))));

/** A file name. It is never enclosed in quotes, because Python would remove the quotes. */
const fileName = fc.oneof(
  words.map((text) => `f${text}`),
  fc.constantFrom("a.txt", "año.pdf", 'q"uote.png', "日本語.zip"),
);
const attachment = fc.tuple(
  fileName,
  fc.uint8Array({ maxLength: 400 }),
  fc.constantFrom("text/plain; charset=utf-8", "image/png", "application/octet-stream"),
);

const anyDraft = fc.record({
  subject: fc.option(words, { nil: undefined }),
  from: fc.option(person, { nil: undefined }),
  to: fc.uniqueArray(person, { minLength: 1, maxLength: 6, selector: ([, each]) => each }),
  cc: fc.uniqueArray(person, { maxLength: 3, selector: ([, each]) => each }),
  field: words,
  body: bytes,
  attachments: fc.array(attachment, { maxLength: 3 }),
  eightBit: fc.boolean(),
});
type Any = typeof anyDraft extends fc.Arbitrary<infer T> ? T : never;

const written = ([display, mailbox]: readonly [string, string]) =>
  display === "" ? mailbox : `"${display.replace(/[\\"]/g, "\\$&")}" <${mailbox}>`;

function draftOf(any: Any): Draft {
  const draft = emptyDraft();
  draft.subject = any.subject;
  draft.from = any.from === undefined ? undefined : written(any.from);
  draft.to = any.to.map(written);
  draft.cc = any.cc.map(written);
  draft.fields = [{ name: "X-Field", value: any.field }];
  draft.body.append(any.body);
  draft.attachments = any.attachments.map(([path, content, type]) => {
    const body = new Body();
    body.append(content);
    return { path, name: path, type, size: content.length, open: () => body.open() };
  });
  return draft;
}

/**
 * Returns the expected body. Base64 preserves every byte. With any other encoding, CRLF becomes LF. A missing newline
 * at the end of the body is added, except with quoted-printable.
 */
function expectedBody({ body, eightBit, attachments }: Any): string {
  const { facts } = draftOf({ body, attachments: [], to: [], cc: [], field: "" } as never).body;
  const encoding = transferEncodingOf(facts, eightBit);
  if (encoding === "base64") return body.toString("base64");
  const lines = body.toString("latin1").replaceAll("\r\n", "\n");
  const ended = facts.ended || encoding === "quoted-printable" || attachments.length > 9;
  return Buffer.from(ended ? lines : `${lines}\n`, "latin1").toString("base64");
}

const blanked = (value: string) => value.replace(/[\r\n\0]/g, " ");

test("a thousand messages are read back with their original contents", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  const all = fc.sample(anyDraft, { numRuns: 1000, seed });
  const child = spawn("python3", [reader], { stdio: ["pipe", "pipe", "inherit"] });
  const answer = text(child.stdout);
  for (const any of all) {
    const stamp = newStamp(identity.mailName);
    const draft = draftOf(any);
    const people = { to: draft.to, cc: draft.cc, bcc: [] };
    const message = await buildEncodedMessage(
      draft,
      people,
      stamp,
      { identity, charset: undefined, encoding: undefined },
      { bcc: false },
    );
    const fitting = any.eightBit ? message : (message.sevenBit?.() ?? message);
    const sent = await buffer(fitting.open());
    const lines = sent.toString("latin1").split("\n");
    expect([seed, Math.max(...lines.map((line) => line.length)) <= 998, sent.includes(0)]).toEqual([seed, true, false]);
    if (!any.eightBit) expect(sent.toString("latin1")).toMatch(/^[\0-\x7f]*$/);
    child.stdin.write(`${sent.length}\n`);
    child.stdin.write(sent);
  }
  child.stdin.end();
  const read = (await answer)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(read).toHaveLength(all.length);
  for (const [at, any] of all.entries()) {
    const { names, charset: _charset, ...got } = read[at];
    expect({ seed, at, ...got }).toEqual({
      seed,
      at,
      subject: any.subject === undefined ? null : blanked(any.subject),
      from: [any.from ?? [identity.fullName, "ann@host.example"]],
      to: any.to,
      cc: any.cc,
      field: blanked(any.field),
      body: expectedBody(any),
      attachments: any.attachments.map(([path, content]) => [
        presentableName(path),
        Buffer.from(content).toString("base64"),
      ]),
      defects: [],
    });
    expect(new Set(names).size).toBe(names.length);
  }
});
