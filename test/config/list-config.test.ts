/** Tests `mail --config` with the built program, a start-up file, an option and the environment. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../bin/mail.js");
const home = mkdtempSync(join(tmpdir(), "mail-config-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
writeFileSync(
  join(home, ".mailrc"),
  "# mine\nset hold\nset holdd\nset indentprefix='> '\nset mta=smtps://ann:s3:cr@t@mx.example smtp-auth-password=s3cret\nset sendmail=smtp://me@example.org:se/cr:et@host\n",
  { mode: 0o600 },
);

const { stdout } = spawnSync(process.execPath, [program, "-n", "-S", "crt=30", "--config"], {
  encoding: "utf8",
  env: { PATH: process.env["PATH"], HOME: home, VISUAL: "nano" },
});
const rows = stdout.split("\n").map((line) => line.replace(/ +# /, " # "));

test.each([
  ["a variable set in a file, with the line number", `set hold # ${home}/.mailrc:2`],
  ["a variable that has no effect", `set holdd # ${home}/.mailrc:3; not a variable of mail`],
  ["a quoted value that can be typed again", `set indentprefix="> " # ${home}/.mailrc:4`],
  ["a variable set by an option", "set crt=30 # the command line"],
  ["an environment variable", "set VISUAL=nano # environment"],
  ["a variable that is not set", "set noaskbcc # not set"],
  ["no password in a URL", `set mta="smtps://ann:***@mx.example" # ${home}/.mailrc:5`],
  [
    "no password after a user name that is an address",
    `set sendmail="smtp://me@example.org:***@host" # ${home}/.mailrc:6`,
  ],
  ["no password", `set smtp-auth-password="***" # ${home}/.mailrc:5`],
  ["no password under our own name of the variable", `set password="***" # ${home}/.mailrc:5`],
  ["a default value", "set LISTER=/bin/ls # default"],
])("--config shows %s", (_what, row) => expect(rows).toContain(row));
