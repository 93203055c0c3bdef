/** Tests the parameters of structured fields as other programs write them. */
import { expect, test } from "@jest/globals";
import { parseStructured } from "../../src/message/parameters.ts";

test.each<[string, string, Record<string, string>]>([
  ["text/plain", "text/plain", {}],
  ['Text / HTML ; Charset = "utf-8" (UTF-8)', "text/html", { charset: "utf-8" }],
  ["text/html charset=utf-8", "text/html", { charset: "utf-8" }],
  ["text/html, charset=utf-8", "text/html", { charset: "utf-8" }],
  ['attachment filename="a b.txt"', "attachment", { filename: "a b.txt" }],
  ["attachment; filename=my file; size=3", "attachment", { filename: "my file", size: "3" }],
  ['multipart/mixed; boundary="a;b" Message-Id: <x@y>', "multipart/mixed", { boundary: "a;b" }],
  ['text/plain; charset="utf-8"x; format=flowed', "text/plain", { charset: "utf-8", format: "flowed" }],
  ["text/plain; charset=utf-8 format=flowed", "text/plain", { charset: "utf-8", format: "flowed" }],
  ['text/plain; charset="us-ascii", x="y"', "text/plain", { charset: "us-ascii", x: "y" }],
  ["multipart/mixed; boundary=a=b=c", "multipart/mixed", { boundary: "a=b=c" }],
  ['image/png; name="a\\"b\\\\c', "image/png", { name: 'a"b\\c' }],
  ["image/png; name=a; name=b; =c", "image/png", { name: "a" }],
  ["x/y; name*=utf-8''%C3%A9", "x/y", { name: "é" }],
  ["x/y; name*=utf-8'%C3%A9", "x/y", { name: "é" }],
  ["x/y; name*=it's%20me", "x/y", { name: "it's me" }],
  ["x/y; name*0*=utf-8''%C3; name*1*=%A9; name*2=\" d\"", "x/y", { name: "é d" }],
])("%s", (field, value, parameters) => {
  const found = parseStructured(field);
  expect({ value: found.value, ...Object.fromEntries(found.parameters) }).toEqual({ value, ...parameters });
});

test.each(["x", " ", "=", '"', "; a", " a=", "\\"])("a long field of %j is parsed in linear time", (text) => {
  expect(parseStructured(`a/b; c=${text.repeat(300_000)}`).value).toBe("a/b");
  expect(parseStructured(`a/b; ${text.repeat(300_000)}`).value).toBe("a/b");
});
