import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddresses, splitAtCommas } from "../../src/message/address.ts";

test.each([
  ["ann@x.org", [{ name: "", address: "ann@x.org" }]],
  [
    "Ann Lee <ann@x.org>, ben",
    [
      { name: "Ann Lee", address: "ann@x.org" },
      { name: "", address: "ben" },
    ],
  ],
  ['"Doe, \\"J\\" Jane" <jane@x.org>', [{ name: 'Doe, "J" Jane', address: "jane@x.org" }]],
  ["ann@x.org (Ann (the) Lee)", [{ name: "Ann (the) Lee", address: "ann@x.org" }]],
  [
    "team: a@x, b@x;, c@x",
    [
      { name: "", address: "a@x" },
      { name: "", address: "b@x" },
      { name: "", address: "c@x" },
    ],
  ],
  ["undisclosed-recipients:;", []],
  ['"a b"@x.org', [{ name: "", address: '"a b"@x.org' }]],
  ["ann@[IPv6:2001:db8::1]", [{ name: "", address: "ann@[IPv6:2001:db8::1]" }]],
  ['"a \\"b\\""@x.org', [{ name: "", address: '"a \\"b\\""@x.org' }]],
  ['<"a>b"@x.org>', [{ name: "", address: '"a>b"@x.org' }]],
  ["ann @ x . org", [{ name: "", address: "ann@x.org" }]],
  ["ann at x.org", [{ name: "", address: "ann@x.org" }]],
  ["Ann <ann@x.org", [{ name: "Ann", address: "ann@x.org" }]],
  ["ann@x.org (Ann", [{ name: "Ann", address: "ann@x.org" }]],
  ['"Ann 🙂', [{ name: "", address: '"Ann 🙂"' }]],
  [
    "ann@x.org ben@x.org",
    [
      { name: "", address: "ann@x.org" },
      { name: "", address: "ben@x.org" },
    ],
  ],
  [
    "Ann <ann@x.org> Ben <ben@x.org>",
    [
      { name: "Ann", address: "ann@x.org" },
      { name: "Ben", address: "ben@x.org" },
    ],
  ],
  ["=?UTF-8?Q?Doe,_Jane?= <jane@x.org>", [{ name: "=?UTF-8?Q?Doe,_Jane?=", address: "jane@x.org" }]],
  ["<>", [{ name: "", address: "" }]],
  ["", []],
])("%s", (text, expected) => expect(parseAddresses(text)).toEqual(expected));

test("commas in quotes, comments and brackets do not separate addresses", () => {
  expect(splitAtCommas('"Doe, Jane" <j@x>, b (c, d)')).toEqual(['"Doe, Jane" <j@x>', "b (c, d)"]);
});

test("no text causes an exception or an endless loop", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const { address } of parseAddresses(text)) expect(typeof address).toBe("string");
    }),
  );
});
