/** Tests how sendmail divides its input into fields and body. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Exit } from "../../src/errors.ts";
import { readMessage } from "../../src/sendmail/incoming-message.ts";

/** Reads a message that arrives in the given pieces. */
async function read(pieces: readonly string[], dotEnds: boolean): Promise<{ fields: string[]; body: string }> {
  async function* input() {
    for (const piece of pieces) yield Buffer.from(piece, "latin1");
  }
  const { fields, body } = await readMessage(input(), { dotEnds });
  return { fields: fields.map((field) => field.toString("latin1")), body: body.bytes().toString("latin1") };
}

test.each([
  ["a header and a body", "A: 1\nB: 2\n\nbody\n", ["A: 1\n", "B: 2\n"], "body\n"],
  ["a folded field", "A: 1\n\t2\n 3\nB: 4\n\n", ["A: 1\n\t2\n 3\n", "B: 4\n"], ""],
  ["a space before the colon", "Bcc : a\n\nb", ["Bcc : a\n"], "b"],
  ["CRLF", "A: 1\r\n 2\r\n\r\nbody\r\nx\ry\r\n", ["A: 1\n 2\n"], "body\nx\ry\n"],
  ["no header", "just text\nA: 1\n", [], "just text\nA: 1\n"],
  ["a header without an empty line", "A: 1\ntext\n\nmore\n", ["A: 1\n"], "text\n\nmore\n"],
  ["a leading space", " A: 1\n\nb\n", [], " A: 1\n\nb\n"],
  ["only a header", "A: 1", ["A: 1\n"], ""],
  ["an empty message", "", [], ""],
  ["only an empty line", "\n", [], ""],
  ["the From_ line of an mbox", "From a@x Mon\nA: 1\n\nFrom b\n", ["A: 1\n"], "From b\n"],
  ["a From_ line later in the header", "A: 1\nFrom a\n\nb\n", ["A: 1\n"], "From a\n\nb\n"],
  ["bytes above 127 and NUL", "S: \xe9\n\n\0\xff\n", ["S: \xe9\n"], "\0\xff\n"],
  ["a long line without a colon", "x".repeat(5000), [], "x".repeat(5000)],
])("%s is divided into fields and body", async (_what, text, fields, body) => {
  expect(await read([text], false)).toEqual({ fields, body });
  expect(await read([...text], false)).toEqual({ fields, body });
});

test.each([
  ["a lone dot", "A: 1\n\nb\n.\nmore\n", "b\n"],
  ["a lone dot with CRLF", "A: 1\r\n\r\nb\r\n.\r\nmore\r\n", "b\n"],
  ["a lone dot at the end of input", "A: 1\n\nb\n.", "b\n"],
  ["a dot with text", "A: 1\n\n.b\n..\n. \nb.\n", ".b\n..\n. \nb.\n"],
  ["a dot that ends the input inside a line", "A: 1\n\nb.", "b."],
])("%s ends the message unless -i is given", async (_what, text, body) => {
  for (const pieces of [[text], [...text]]) {
    expect((await read(pieces, true)).body).toBe(body);
    expect((await read(pieces, false)).body).toBe(
      text
        .slice(text.search(/\n\r?\n/))
        .replace(/^\n\r?\n/, "")
        .replaceAll("\r\n", "\n"),
    );
  }
});

test("a line in the header that consists of a single dot ends the message", async () => {
  expect(await read(["A: 1\n.\nB: 2\n"], true)).toEqual({ fields: ["A: 1\n"], body: "" });
});

test("the division does not depend on the pieces in which the input arrives", async () => {
  const characters = fc.constantFrom("\n", "\r", ".", ":", " ", "A", "From ", "\xff", "A: 1\n", "\n\n", "\r\n.\r\n");
  await fc.assert(
    fc.asyncProperty(
      fc.array(characters, { maxLength: 30 }),
      fc.array(fc.nat(40)),
      fc.boolean(),
      async (parts, cuts, dot) => {
        const text = parts.join("");
        const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(await read(pieces, dot)).toEqual(await read([text], dot));
      },
    ),
  );
});

test("a header of more than 4 MB is refused", async () => {
  const line = `A: ${"x".repeat(1021)}\n`;
  await expect(read([line.repeat(5000)], false)).rejects.toMatchObject({ exit: Exit.DataErr });
  await expect(read([`A: ${"x".repeat(5_000_000)}`], false)).rejects.toMatchObject({ exit: Exit.DataErr });
});
