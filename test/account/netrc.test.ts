import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { passwordFromNetrc } from "../../src/account/netrc.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-netrc-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const server = { host: "x.org", port: 993 };
const path = () => join(directory, ".netrc");

test.each([
  ["machine x.org login me password secret", "secret"],
  ["machine x.org\n\tlogin me\n\tpassword secret\n", "secret"],
  ["machine other password no\nmachine X.ORG login me password secret", "secret"],
  ["machine x.org login other password no\nmachine x.org login me password secret", "secret"],
  ["machine x.org password for-anyone", "for-anyone"],
  ["machine other login me password no\ndefault login me password last", "last"],
  ['machine x.org login me password "with \\"quotes\\" and blanks"', 'with "quotes" and blanks'],
  ["machine x.org login me password no\nmachine x.org:993 login me password secret", "secret"],
  ["machine x.org:587 login me password no\nmachine x.org login me password secret", "secret"],
  ["# machine x.org login me password no\nmachine x.org login me account a password secret", "secret"],
  ["macdef init\nmachine x.org login me password no\n\nmachine x.org login me password secret", "secret"],
])("%j", (text, password) => {
  writeFileSync(path(), text, { mode: 0o600 });
  expect(passwordFromNetrc(path(), server, "me")).toEqual({ password });
});

test("no password is found if the file is missing, has no entry for the user, or is readable by other users", () => {
  expect(passwordFromNetrc(path(), server, "me")).toBeUndefined();
  writeFileSync(path(), "machine x.org login other password no", { mode: 0o600 });
  expect(passwordFromNetrc(path(), server, "me")).toBeUndefined();
  chmodSync(path(), 0o640);
  expect(passwordFromNetrc(path(), server, "me")).toEqual({
    refused: `${path()}: other users can read it, so it is not used; run chmod 600 on it`,
  });
});
