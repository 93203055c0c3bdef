import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { isShown, listBodyLeaves, parseBodyStructure } from "../../../src/mailbox/imap/body-structure.ts";

const string = (value: string | number) => ({ value: `${value}` });
const leaf = (type: string, size: number, disposition?: string) => {
  const [main = "", sub = ""] = type.split("/");
  const fields = [string(main), string(sub), null, null, null, string("base64"), string(size)];
  const ofType = main === "text" ? [string(10)] : type === "message/rfc822" ? [[], [], string(10)] : [];
  return [...fields, ...ofType, null, disposition === undefined ? null : [string(disposition), null]];
};

test("parts are numbered as in IMAP, and attachments are recognized", () => {
  const inner = [leaf("text/plain", 5), leaf("text/html", 6), string("alternative")];
  const root = parseBodyStructure([
    inner,
    leaf("application/pdf", 5_000_000, "ATTACHMENT"),
    leaf("image/png", 9),
    string("mixed"),
  ]);
  const parts = root === undefined ? [] : listBodyLeaves(root);
  expect(parts.map(({ number, type, size, isAttachment }) => [number, type, size, isAttachment])).toEqual([
    ["1.1", "text/plain", 5, false],
    ["1.2", "text/html", 6, false],
    ["2", "application/pdf", 5_000_000, true],
    ["3", "image/png", 9, false],
  ]);
});

test.each([
  ["text/plain", 50_000_000, undefined, true],
  ["text/csv", 50_000_000, "attachment", false],
  ["text/csv", 1000, "attachment", true],
  ["message/rfc822", 50_000_000, "attachment", true],
  ["application/pgp-signature", 500, undefined, true],
  ["image/jpeg", 500_000, "inline", false],
])(
  "a part of type %s, %i bytes and disposition %s is loaded when the message is shown: %s",
  (type, size, disposition, expected) => {
    const part = parseBodyStructure(leaf(type, size, disposition));
    expect(part === undefined ? undefined : isShown(part)).toBe(expected);
  },
);

test("a malformed structure causes no error, and every part found in it has a type", () => {
  const node = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "medium" },
      fc.constant(null),
      fc.record({ value: fc.oneof(fc.string(), fc.integer(), fc.constant(null)) }),
      fc.array(tie("node")),
    ),
  })).node;
  fc.assert(
    fc.property(node, (each) => {
      const part = parseBodyStructure(each);
      if (part !== undefined) for (const { type } of listBodyLeaves(part)) expect(type).toContain("/");
    }),
  );
  let deep: unknown = leaf("text/plain", 1);
  for (let depth = 0; depth < 10_000; depth++) deep = [deep, string("mixed")];
  expect(parseBodyStructure(deep)).toBeUndefined();
});
