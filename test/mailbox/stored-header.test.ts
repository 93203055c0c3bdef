import { expect, test } from "@jest/globals";
import { headerFields } from "../../src/mailbox/stored-header.ts";

test.each([
  ["an empty line", "From u d\nA: b\n c\nB:\n\n", ["a", "b"], "\n"],
  ["text whose empty line is missing", "From u d\nA: b\nstray\nB: c\n\n", ["a"], "stray\nB: c\n\n"],
  ["a folded line without a field", "From u d\n folded\nA: b\n\n", [], " folded\nA: b\n\n"],
  ["nothing, where the header just stops", "From u d\nA: b\n", ["a"], ""],
])("the fields of a header end at %s", (_what, header, names, rest) => {
  const found = headerFields(header);
  expect(found.fields.map(({ name }) => name)).toEqual(names);
  expect(found.rest).toBe(rest);
});

test("a field may have spaces before its colon, or nothing before its colon", () => {
  const { fields } = headerFields("From u d\nStatus : R\n:odd\n\n");
  expect(fields).toEqual([
    { name: "status", text: "Status : R\n" },
    { name: "", text: ":odd\n" },
  ]);
});
