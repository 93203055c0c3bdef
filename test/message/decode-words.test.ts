import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { moreCharsets, needsMore, nodeCharsets } from "../../src/message/charsets.ts";
import { decodeWords, listEncodedCharsets } from "../../src/message/decode-words.ts";
import { encodeWords } from "../../src/message/format-field.ts";
import { parseStructured } from "../../src/message/parameters.ts";
import { decodeBytes } from "../../src/message/text.ts";

test.each([
  // case                                       as written                                               as shown
  ["ASCII is unchanged", "Re: hola", "Re: hola"],
  ["the Q encoding", "=?iso-8859-1?Q?Caf=E9_al_d=EDa?=", "Café al día"],
  ["the B encoding", "=?UTF-8?B?wqFIb2xhIQ==?=", "¡Hola!"],
  ["a B word without its padding", "=?UTF-8?B?wqFIb2xhIQ?=", "¡Hola!"],
  ["text around words", "Re: =?utf-8?q?ma=C3=B1ana?= (2)", "Re: mañana (2)"],
  ["white space between two words is removed", "=?utf-8?q?a?= =?utf-8?q?b?=\n =?utf-8?q?c?=", "abc"],
  ["white space between words of two charsets is removed", "=?utf-8?q?=C3=A9?= =?iso-8859-1?q?=E9?=", "éé"],
  ["a character split between two words", "=?utf-8?B?w6nD?= =?utf-8?B?qQ==?=", "éé"],
  ["words that touch other text", "[list]=?utf-8?q?=C3=A9?=!", "[list]é!"],
  ["words in quotes", '"=?utf-8?q?Jos=C3=A9?=" <j@x>', '"José" <j@x>'],
  ["a word that contains a space", "=?utf-8?q?a b=C3=A9?=", "a bé"],
  ["a word with a language", "=?utf-8*es?q?=C3=A9?=", "é"],
  ["ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"],
  [
    "windows-1252 characters that are controls in ISO 8859-1",
    "=?windows-1252?Q?=93a=94_=96_=80?=",
    "\u201ca\u201d \u2013 \u20ac",
  ],
  ["KOI8-R", "=?KOI8-R?B?8NLJ18XU?=", "Привет"],
  ["GB2312", "=?GB2312?B?xOO6ww==?=", "你好"],
  ["Big5", "=?big5?B?p0Gmbg==?=", "你好"],
  ["our own unknown-8bit", "=?unknown-8bit?B?6Q==?=", "é"],
  ["a word in an unknown charset is unchanged", "=?x-klingon?q?=e9?=", "=?x-klingon?q?=e9?="],
  ["ASCII in an unknown charset", "=?x-klingon?q?a_b?= =?x-klingon?b?Yw==?=", "a bc"],
  ["UTF-7", "=?utf-7?Q?caf+AOk-_+-_+2D3eAA-?=", "café + 😀"],
  [
    "redundant escape sequences of ISO-2022-JP",
    "=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?ISO-2022-JP?B?GyRCS1wbKEI=?=",
    "日本",
  ],
  ["a word without a charset", "=??Q?Bras=EDlia?=", "Brasília"],
  ["Shift_JIS that is labelled ISO-2022-JP", "=?ISO-2022-JP?B?k/qWe4zq?=", "日本語"],
  ["EUC-JP that is labelled ISO-2022-JP", "=?ISO-2022-JP?B?xvzL3Ljs?=", "日本語"],
  ["UTF-8 that is labelled Big5 but is not valid in it", "=?big5?B?5pel5pys6Kqe?=", "日本語"],
  ["line endings in a word", "=?utf-8?q?a=0D=0Ab=0Ac=0D?=", "a b c "],
  ["one charset for all 8-bit text in a field", decodeBytes(Buffer.from("\xc3\xa9 \xe9", "latin1")), "Ã© é"],
  ["an invalid word is unchanged", "=?utf-8?X?a?= =?utf-8?q?open", "=?utf-8?X?a?= =?utf-8?q?open"],
  ["bytes that are not UTF-8", decodeBytes(Buffer.from("Caf\xe9", "latin1")), "Café"],
  ["raw UTF-8", "Café 😀", "Café 😀"],
])("%s", (_shows, written, shown) => expect(decodeWords(written)).toBe(shown));

test.each([
  // body's charset, field, text
  ["windows-1251", "\u041f\u0440\u0438\u0432\u0435\u0442", "Привет"],
  ["iso-8859-1", "caf\u00e9 \u{1f389}", "café 🎉"],
  ["gbk", "\u4f60\u597d\u4e16\u754c", "你好世界"],
  ["iso-2022-jp", "\u65e5\u672c", "日本"],
  ["utf-16", "caf\u00e9", "café"],
])("raw UTF-8 in a field is decoded even if the body declares %s", (charset, field, text) => {
  expect(decodeWords(field, nodeCharsets, () => charset)).toBe(text);
});

test.each([
  // body's charset, field in base64, text
  ["gbk", "warNqA==", "联通"],
  ["koi8-r", "8NLJ18XU", "Привет"],
  ["shift_jis", "k/qWe4zq", "日本語"],
])("raw text in the body's charset %s is decoded", (charset, bytes, text) => {
  expect(decodeWords(decodeBytes(Buffer.from(bytes, "base64")), nodeCharsets, () => charset)).toBe(text);
});

test("text in a charset that Node lacks is decoded after more charsets are loaded", async () => {
  const written = "=?cp850?Q?=82?=";
  expect(needsMore(listEncodedCharsets(written))).toBe(true);
  expect(decodeWords(written)).toBe(written);
  expect(decodeWords(written, await moreCharsets())).toBe("é");
});

test("the output of encodeWords decodes to the original text", () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\0-\x1f\x7f]/g, ""));
  fc.assert(
    fc.property(line, (text) => {
      fc.pre(!text.includes("=?"));
      expect(decodeWords(encodeWords(text))).toBe(text);
    }),
  );
});

test("no sequence of question marks and other characters causes an exception", () => {
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
  ["an unquoted name with spaces", "attachment; filename=a b.pdf", "a b.pdf"],
  ["an escaped quote", 'attachment; filename="a\\"b;c.pdf"', 'a"b;c.pdf'],
  ["RFC 2231", "attachment; filename*=utf-8'es'a%C3%B1o%20nuevo.pdf", "año nuevo.pdf"],
  [
    "RFC 2231 in sections",
    "attachment; filename*0*=iso-8859-1''a%F1o; filename*1=\" nuevo\"; filename*2=.pdf",
    "año nuevo.pdf",
  ],
  [
    "RFC 2231 takes precedence over the name for old mailers",
    "attachment; filename=ano.pdf; filename*=utf-8''a%C3%B1o.pdf",
    "año.pdf",
  ],
  ["encoded words in quotes, as in Outlook", 'attachment; filename="=?utf-8?B?YcOxby5wZGY=?="', "año.pdf"],
  ["a comment", "attachment (see (below)); filename=a.pdf", "a.pdf"],
  ["a missing closing quote", 'attachment; filename="a.pdf', "a.pdf"],
])("the name of an attachment is decoded: %s", (_shows, written, name) => {
  const { value, parameters } = parseStructured(written);
  expect([value, parameters.get("filename")]).toEqual(["attachment", name]);
});

test("an incomplete encoded word does not change the decoding of the text before it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const text = decodeBytes(bytes).replaceAll("=?", "");
      expect(decodeWords(`${text}=?`)).toBe(`${decodeWords(text)}=?`);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["x-koi8-r", "f0d2c9", "При"],
  ["ansi1251", "cff0e8", "При"],
  ["csShiftJIS", "93fa967b", "日本"],
  ["x-euc", "c6fccbdc", "日本"],
  ["eucJP-ms", "c6fccbdc", "日本"],
  ["ISO2022-JP", "1b2442467c4b5c1b2842", "日本"],
  ["x-big5", "a4a4a4e5", "中文"],
  ["CN-GB", "d6d0cec4", "中文"],
  ["UHC", "c7d1", "한"],
  ["ks_c_5601-1987", "c0da8c63b9e68141c652ff41", "자똠방갂힣\ufffdA"],
  ["euc-kr", "eb9890", "또"],
  ["gb2312", "a2e3fe50", "€⺁"],
  ["MacRoman", "8edb", "é€"],
  ["utf-8-sig", "c3a9", "é"],
  ["x-mac-ce", "9f", undefined],
])("the charset name %s is known", (name, bytes, text) => {
  expect(nodeCharsets(name)?.(Buffer.from(bytes, "hex"))).toBe(text);
});

test("charsets that only iconv-lite knows are found by other names", async () => {
  const charsets = await moreCharsets();
  expect(charsets("x-mac-ce")?.(Buffer.from("87", "hex"))).toBe("á");
  expect(charsets("Big5-HKSCS")?.(Buffer.from("8e69a4a4", "hex"))).toBe("箸中");
  expect(needsMore(["big5"])).toBe(true);
  expect(charsets("x-viscii")?.(Buffer.from("aa", "hex"))).toBe("ế");
});
