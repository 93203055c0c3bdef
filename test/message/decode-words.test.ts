import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { moreCharsets, needsMore } from "../../src/message/charsets.ts";
import { decodeWords, encodedCharsets } from "../../src/message/decode-words.ts";
import { encodeWords } from "../../src/message/encoded-words.ts";
import { parseStructured } from "../../src/message/parameters.ts";
import { fromBytes } from "../../src/message/text.ts";

test.each([
  // what it shows                              as written                                               as shown
  ["ASCII as it is", "Re: hola", "Re: hola"],
  ["the Q encoding", "=?iso-8859-1?Q?Caf=E9_al_d=EDa?=", "Café al día"],
  ["the B encoding", "=?UTF-8?B?wqFIb2xhIQ==?=", "¡Hola!"],
  ["a B word without its padding", "=?UTF-8?B?wqFIb2xhIQ?=", "¡Hola!"],
  ["text around words", "Re: =?utf-8?q?ma=C3=B1ana?= (2)", "Re: mañana (2)"],
  ["no blank between two words", "=?utf-8?q?a?= =?utf-8?q?b?=\n =?utf-8?q?c?=", "abc"],
  ["no blank between words of two charsets", "=?utf-8?q?=C3=A9?= =?iso-8859-1?q?=E9?=", "éé"],
  ["a character cut in two by the end of a word", "=?utf-8?B?w6nD?= =?utf-8?B?qQ==?=", "éé"],
  ["words that touch other text", "[list]=?utf-8?q?=C3=A9?=!", "[list]é!"],
  ["words in quotes", '"=?utf-8?q?Jos=C3=A9?=" <j@x>', '"José" <j@x>'],
  ["a word that holds a blank", "=?utf-8?q?a b=C3=A9?=", "a bé"],
  ["a word with a language", "=?utf-8*es?q?=C3=A9?=", "é"],
  ["ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"],
  ["windows-1252 where ISO 8859-1 has controls", "=?windows-1252?Q?=93a=94_=96_=80?=", "\u201ca\u201d \u2013 \u20ac"],
  ["KOI8-R", "=?KOI8-R?B?8NLJ18XU?=", "Привет"],
  ["GB2312", "=?GB2312?B?xOO6ww==?=", "你好"],
  ["Big5", "=?big5?B?p0Gmbg==?=", "你好"],
  ["our own unknown-8bit", "=?unknown-8bit?B?6Q==?=", "é"],
  ["a charset that nobody knows stays", "=?x-klingon?q?a?=", "=?x-klingon?q?a?="],
  ["what is no word stays", "=?utf-8?X?a?= =?utf-8?q?open", "=?utf-8?X?a?= =?utf-8?q?open"],
  ["bytes that are no UTF-8", fromBytes(Buffer.from("Caf\xe9", "latin1")), "Café"],
  ["raw UTF-8", "Café 😀", "Café 😀"],
])("%s", (_shows, written, shown) => expect(decodeWords(written)).toBe(shown));

test("charsets that Node lacks are decoded once more are loaded", async () => {
  const written = "=?utf-7?Q?+AOk-?= =?cp850?Q?=82?=";
  expect(needsMore(encodedCharsets(written))).toBe(true);
  expect(decodeWords(written)).toBe(written);
  expect(decodeWords(written, await moreCharsets())).toBe("éé");
});

test("what encodeWords writes is read back", () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\0-\x1f\x7f]/g, ""));
  fc.assert(
    fc.property(line, (text) => {
      fc.pre(!text.includes("=?"));
      expect(decodeWords(encodeWords(text))).toBe(text);
    }),
  );
});

test("nothing throws, whatever is between the question marks", () => {
  const piece = fc.constantFrom(
    "=?",
    "?=",
    "?",
    "utf-8",
    "iso-2022-jp",
    "utf-16",
    "B",
    "q",
    "=E9",
    "_",
    " ",
    "\n ",
    "é",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => typeof decodeWords(pieces.join("")) === "string"));
});

test.each([
  ["a plain name", 'attachment; filename="a b.pdf"', "a b.pdf"],
  ["no quotes around blanks", "attachment; filename=a b.pdf", "a b.pdf"],
  ["an escaped quote", 'attachment; filename="a\\"b;c.pdf"', 'a"b;c.pdf'],
  ["RFC 2231", "attachment; filename*=utf-8'es'a%C3%B1o%20nuevo.pdf", "año nuevo.pdf"],
  [
    "RFC 2231 in pieces",
    "attachment; filename*0*=iso-8859-1''a%F1o; filename*1=\" nuevo\"; filename*2=.pdf",
    "año nuevo.pdf",
  ],
  [
    "RFC 2231 wins over the name for old mailers",
    "attachment; filename=ano.pdf; filename*=utf-8''a%C3%B1o.pdf",
    "año.pdf",
  ],
  ["encoded words, as Outlook has them", 'attachment; filename="=?utf-8?B?YcOxby5wZGY=?="', "año.pdf"],
  ["a comment", "attachment (see (below)); filename=a.pdf", "a.pdf"],
  ["a quote that never ends", 'attachment; filename="a.pdf', "a.pdf"],
])("the name of an attachment: %s", (_shows, written, name) => {
  const { value, parameters } = parseStructured(written);
  expect([value, parameters.get("filename")]).toEqual(["attachment", name]);
});
