import { expect, test } from "@jest/globals";
import { bareAddress } from "../../src/message/bare-address.ts";

test.each([
  ["Ann <ann@a.example>", "ann@a.example"],
  ["ann@a.example (Ann (of the) office)", "ann@a.example"],
  ["Ann <ann@a>, Ben <ben@b> (too)", "ann@a, ben@b"],
  ["ann at a", "ann@a"],
  ['"Ann, at home" <ann@a>', "ann@a"],
  ['x "a \\"b', 'xa "b'],
  ["no address at all", "no address@all"],
])("%s is the sender %s", (field, address) => {
  expect(bareAddress(field)).toBe(address);
});

test.each([
  ["ann@a,ben@b", "ann@a,ben@b"],
  ["ann@a,Ben <ben@b>", "ben@b"],
  ["Ann <ann@a>,Ben <ben@b>, cy", "ben@b, cy"],
  ["ann , ben", "ann , ben"],
])("a comma without a following space does not separate addresses, as in bsd-mailx: %s is %s", (field, address) => {
  expect(bareAddress(field)).toBe(address);
});
