import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeFolderName, encodeFolderName } from "../../../src/mailbox/imap/folder-name.ts";

test.each([
  ["INBOX", "INBOX"],
  ["Tom & Jerry", "Tom &- Jerry"],
  // RFC 3501, section 5.1.3
  ["~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"],
  ["Größe", "Gr&APYA3w-e"],
  ['a "b" \\ c', 'a "b" \\ c'],
  ["line\r\nA1 LOGOUT\0", "line&AA0ACg-A1 LOGOUT&AAA-"],
  ["😀", "&2D3eAA-"],
])("%j is sent as %s", (name, sent) => {
  expect(encodeFolderName(name)).toBe(sent);
  expect(decodeFolderName(sent)).toBe(name);
});

test.each(["&", "&zz", "a&!-", "&Jjo", "&AGE-", "Größe"])(
  "%j, which is not valid UTF-7, is shown unchanged",
  (sent) => {
    expect(decodeFolderName(sent)).toBe(sent);
  },
);

test("every name is encoded as printable ASCII, and decoded to the same name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const sent = encodeFolderName(name);
      expect(sent).toMatch(/^[ -~]*$/);
      expect(decodeFolderName(sent)).toBe(name.toWellFormed());
    }),
  );
});
