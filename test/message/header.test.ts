import { expect, test } from "@jest/globals";
import { fieldValues } from "../../src/message/field-values.ts";
import { parseHeader } from "../../src/message/header.ts";
import { toBytes } from "../../src/message/text.ts";

const header = parseHeader(toBytes("From u d\nSubject: a\n\t b \nno colon\nTO: x\nto: y\n : z\n\nBody: no\n"));

test("folded lines are joined by one space", () => expect(header.get("subject")).toBe("a b"));
test("all fields with the given name are found, regardless of case", () =>
  expect(header.all("to")).toEqual(["x", "y : z"]));
test("a line in the body is not a field", () => expect(header.get("body")).toBeUndefined());
test("a field's raw bytes are the stored bytes", () =>
  expect(Buffer.from(header.fields[0]!.raw).toString()).toBe("Subject: a\n\t b \n"));
test("only a line feed starts a new field", () => {
  const header = Buffer.from("Subject: a\rFrom: forged@x.org\nFrom: b@x.org\n\n");
  expect(parseHeader(header).all("from")).toEqual(["b@x.org"]);
  expect(fieldValues(header.toString("latin1"), "from")).toEqual(["b@x.org"]);
});
test("a byte that is not UTF-8 is preserved", () => {
  const bytes = Buffer.from("X: \xe9\n", "latin1");
  expect(toBytes(parseHeader(bytes).get("x") ?? "")).toEqual(Buffer.from([0xe9]));
});
