import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddresses, parseAddressField, splitAtCommas } from "../../src/message/address.ts";

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
  ['">" <ann@x.org>', [{ name: ">", address: "ann@x.org" }]],
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

test.each([
  ["Big Bug bb@bug.com", [{ name: "Big Bug", address: "bb@bug.com" }]],
  [
    '"Big" Bug bb@bug.com, ann',
    [
      { name: "Big Bug", address: "bb@bug.com" },
      { name: "", address: "ann" },
    ],
  ],
  ["bb@bug.com Big Bug", [{ name: "Big Bug", address: "bb@bug.com" }]],
  [
    "ann@x.org ben@x.org",
    [
      { name: "", address: "ann@x.org" },
      { name: "", address: "ben@x.org" },
    ],
  ],
  [
    "ann ben",
    [
      { name: "", address: "ann" },
      { name: "", address: "ben" },
    ],
  ],
  ["Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [{ name: "Pete", address: "pete@silly.test" }]],
  [
    "A Group(Some people)\t:Chris Jones <c@(Chris's host.)public.example>,\n joe@example.org, John <jdoe@one.test> (my dear friend); (the end of the group)",
    [
      { name: "Chris Jones", address: "c@public.example" },
      { name: "", address: "joe@example.org" },
      { name: "John", address: "jdoe@one.test" },
    ],
  ],
  ["(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []],
  ["<@a.example:joe@b.example>", [{ name: "", address: "joe@b.example" }]],
  ["Mary <mary@x . example>", [{ name: "Mary", address: "mary@x.example" }]],
  ["John <jdoe@machine(comment).  example>", [{ name: "John", address: "jdoe@machine.example" }]],
  ['"J D" <"j . d"@x.org>', [{ name: "J D", address: '"j . d"@x.org' }]],
  ["Joe <<joe@x.org>>", [{ name: "Joe", address: "joe@x.org" }]],
  ["Joe <mailto:joe@x.org>", [{ name: "Joe", address: "joe@x.org" }]],
  ["bb@bug.com>", [{ name: "", address: "bb@bug.com" }]],
  ["Big Bug [bb@bug.com]", [{ name: "Big Bug", address: "bb@bug.com" }]],
  ["Undisclosed-Recipients:@x.example;", []],
  ["Joe <@a.example, @c.example : joe@b.example>", [{ name: "Joe", address: "joe@b.example" }]],
  ["Doe, Jane <jane@x.org>", [{ name: "Doe, Jane", address: "jane@x.org" }]],
  ['"Doe", Jane jane@x.org', [{ name: "Doe, Jane", address: "jane@x.org" }]],
  [
    "Big Shop, <big@x.org>, Big Shop, <bug@x.org>",
    [
      { name: "Big Shop", address: "big@x.org" },
      { name: "Big Shop", address: "bug@x.org" },
    ],
  ],
  [
    "host!carl, ann@x.org",
    [
      { name: "", address: "host!carl" },
      { name: "", address: "ann@x.org" },
    ],
  ],
  [
    "root, Ann <ann@x.org>, Ben",
    [
      { name: "", address: "root" },
      { name: "Ann", address: "ann@x.org" },
      { name: "", address: "Ben" },
    ],
  ],
  [
    "big shop, Ann <ann@x.org>, ben carl",
    [
      { name: "big shop, Ann", address: "ann@x.org" },
      { name: "ben carl", address: "" },
    ],
  ],
  [
    "ann ben, carl",
    [
      { name: "", address: "ann" },
      { name: "", address: "ben" },
      { name: "", address: "carl" },
    ],
  ],
  ['"shop@x.org", <ann@x.org>', [{ name: "shop@x.org", address: "ann@x.org" }]],
  ["Ann <lee@<ann@x.org>", [{ name: "Ann lee@", address: "ann@x.org" }]],
  ["MAILER-DAEMON", [{ name: "", address: "MAILER-DAEMON" }]],
  ["Mail Delivery System", [{ name: "Mail Delivery System", address: "" }]],
  ["Mail Delivery System <>", [{ name: "Mail Delivery System", address: "" }]],
  ["<No Address>", [{ name: "No Address", address: "" }]],
  ["<>", []],
  ['"Ann Lee  <ann@x.org>', [{ name: "Ann Lee", address: "ann@x.org" }]],
  ["Ann (Lee <ann@x.org>", [{ name: "Ann", address: "ann@x.org" }]],
  ["Dear <Ann Lee <ann@x.org>>", [{ name: "Dear Ann Lee", address: "ann@x.org" }]],
  [
    "Ann <ann@x.org<mailto:ann@x.org>>, ben@x.org",
    [
      { name: "Ann", address: "ann@x.org" },
      { name: "", address: "ben@x.org" },
    ],
  ],
])("in a field, %s", (text, expected) => expect(parseAddressField(text)).toEqual(expected));

test("commas in quotes, comments and brackets do not separate addresses", () => {
  expect(splitAtCommas('"Doe, Jane" <j@x>, b (c, d)')).toEqual(['"Doe, Jane" <j@x>', "b (c, d)"]);
});

test.each(['"<a@x.org>', "(<a@x.org>", "Doe, ", "Doe, <"])("a long field of %s is parsed in linear time", (text) => {
  expect(parseAddressField(text.repeat(100_000)).length).toBeLessThan(200_000);
});

test("no text causes an exception or an endless loop", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const { address } of parseAddresses(text)) expect(typeof address).toBe("string");
    }),
  );
});

test("a single address is parsed in the same way as an address in a list", () => {
  const piece = fc.constantFrom(
    "ann",
    "Lee",
    "at",
    "x.org",
    "@",
    ".",
    "'",
    "-",
    "+",
    " ",
    "<",
    ">",
    '"',
    "=?",
    "(",
    ")",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, isNamed) => {
      const text = isNamed ? `${pieces.join("")} <ann@x.org>` : pieces.join("");
      expect(parseAddressField(text)).toEqual(parseAddressField(`,${text}`));
    }),
    { numRuns: 3000 },
  );
});
