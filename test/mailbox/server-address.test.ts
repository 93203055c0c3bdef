import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatServerAddress, parseServerAddress } from "../../src/mailbox/server-address.ts";
import { isServerAddress } from "../../src/message/server-name.ts";

const ann = { protocol: "imaps", user: "ann", host: "imap.example.org", port: 993, folder: "INBOX" };

test.each([
  ["imaps://ann@imap.example.org/INBOX", ann],
  ["IMAPS://ann@imap.example.org:993/INBOX", ann],
  ["imap://imap.example.org", { ...ann, protocol: "imap", user: undefined, port: 143, folder: "" }],
  ["imaps://ann@example.org@imap.example.org/", { ...ann, user: "ann@example.org", folder: "" }],
  ["imaps://ann%40example.org@imap.example.org/a%2Fb", { ...ann, user: "ann@example.org", folder: "a/b" }],
  ["imaps://ann@[::1]:1993/Größe/x y", { ...ann, host: "::1", port: 1993, folder: "Größe/x y" }],
  ["imaps://ann@imap.example.org/Gr%C3%B6%C3%9Fe", { ...ann, folder: "Größe" }],
  ["imaps://ann@imap.example.org/100%", { ...ann, folder: "100%" }],
])("%s is parsed", (name, address) => {
  expect(isServerAddress(name)).toBe(true);
  expect(parseServerAddress(name)).toEqual(address);
});

test.each([
  ["imaps://", "imaps://: invalid host or port; nothing was opened"],
  ["imaps://ann@h:0/x", "imaps://ann@h:0/x: invalid port; nothing was opened"],
  ["imaps://ann@h:99999/x", "imaps://ann@h:99999/x: invalid port; nothing was opened"],
  ["imaps://ann@h/%C3", "imaps://ann@h/%C3: invalid percent-encoding; nothing was opened"],
  [
    "pop3s://ann@h/",
    "pop3s://ann@h/: POP3 is not supported; use imaps:// if the server offers IMAP; nothing was opened",
  ],
  [
    "imaps://ann:secret@h/x",
    "imaps://ann:***@h/x: an address cannot contain a password; use ~/.netrc or passwordcommand; nothing was opened",
  ],
])("%s is refused", (name, message) => {
  expect(() => parseServerAddress(name)).toThrow(message);
});

test.each(["/var/mail/ann", "imaps:box", "+inbox", "smtp://h"])("%s is not on a server", (name) => {
  expect(isServerAddress(name)).toBe(false);
});

test("an address that was written out is read back unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" }), (user, folder) => {
      const address = {
        protocol: "imaps" as const,
        user: user.toWellFormed(),
        host: "imap.example.org",
        port: 1993,
        folder: folder.toWellFormed(),
      };
      expect(parseServerAddress(formatServerAddress(address))).toEqual(address);
    }),
  );
});
