/** Tests how passwords in arguments, in the environment and in typed lines are protected. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { namesOfVariable } from "../src/config/variables.ts";
import { containsPassword, hidePasswords, removePasswordVariables } from "../src/secret-words.ts";
import { LineHistory } from "../src/terminal/line-history.ts";
import { runMail } from "./run-mail.ts";
import { until } from "./until.ts";

const program = join(import.meta.dirname, "../bin/mail.js");
const home = mkdtempSync(join(tmpdir(), "mail-secret-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test.each([
  ["smtp-auth-password=a b", "smtp-auth-password=***"],
  ["-Ssmtp-auth-password=x", "-Ssmtp-auth-password=***"],
  ["-nSpassword-ann@mx=x", "-nSpassword-ann@mx=***"],
  ["--set=password=x", "--set=password=***"],
  ["set smtp-auth-user=ann smtp-auth-password='x y'", "set smtp-auth-user=ann smtp-auth-password=***"],
  ["mta=smtps://ann@x.org:s3:cr@t@mx", "mta=smtps://ann@x.org:***@mx"],
  ["smtp://ann:x@mx:587", "smtp://ann:***@mx:587"],
  ["mta=smtp://ann@mx:587", "mta=smtp://ann@mx:587"],
  ["set oauth-client-secret-ann@mx=x", "set oauth-client-secret-ann@mx=***"],
  ["see https://x.org:8080/a", "see https://x.org:8080/a"],
  ["passwordcommand=pass show mail", "passwordcommand=pass show mail"],
  ["Your password has expired", "Your password has expired"],
])("in %j, the password is hidden: %j", (text, hidden) => {
  expect(hidePasswords(text)).toBe(hidden);
  expect(containsPassword(text)).toBe(text !== hidden);
});

test("in NAME=VALUE, the value is hidden if the variable contains a secret", () => {
  const names = [...namesOfVariable("password"), ...namesOfVariable("oauth-client-secret")];
  for (const [name] of names) expect(hidePasswords(`${name}=x`)).toBe(`${name}=***`);
});

test("passwords are removed from the environment of child programs", () => {
  const environment = {
    "oauth-client-secret": "x",
    "smtp-auth-password": "x",
    "password-a@b": "x",
    mta: "smtp://ann:x@mx",
    HOME: "/h",
  };
  removePasswordVariables(environment);
  expect(environment).toEqual({ mta: "smtp://ann@mx", HOME: "/h" });
});

test("a password from an option or the environment is hidden from child programs, and mail prints a warning", async () => {
  writeFileSync(
    join(home, "mta"),
    '#!/bin/sh\ncat > /dev/null\nenv > "$HOME/environment"\ncat "/proc/$PPID/cmdline" > "$HOME/arguments"\n',
    {
      mode: 0o755,
    },
  );
  const argv = [
    "-n",
    "-S",
    "smtp-auth-password=geheim",
    "-S",
    `mta=${join(home, "mta")}`,
    "-s",
    "the subject",
    "a@x.org",
  ];
  const environment = { PATH: process.env["PATH"], HOME: home, "password-ann@mx": "geheim" };
  const { exit, err } = await runMail(argv, environment, "text\n");
  expect([exit, err]).toEqual([0, expect.stringMatching(/^mail: -S: a password on the command line [^\n]*\n$/)]);
  expect(err).not.toContain("geheim");
  expect(readFileSync(join(home, "environment"), "utf8")).not.toContain("geheim");
  const shown = readFileSync(join(home, "arguments"), "utf8");
  expect(shown).not.toContain("geheim");
  expect(shown).toContain("smtp-auth-password=*** ");
  expect(shown).toContain("-s the subject a@x.org");
});

test("a password in the arguments is overwritten while the program waits for input", async () => {
  const child = spawn(process.execPath, [program, "-n", "-S", "mta=smtp://ann:geheim@127.0.0.1:9", "a@x.org"], {
    env: { PATH: process.env["PATH"], HOME: home },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const shown = () => readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
  await until(() => shown().includes("ann:***@"));
  expect(shown()).not.toContain("geheim");
  child.kill();
  await ended;
});

test("a typed line with a password is not stored in the history", () => {
  const path = join(home, "state", "history");
  const history = new LineHistory(10, path);
  for (const line of ["set hold", "set smtp-auth-password=geheim", "set mta=smtp://a:geheim@b"]) history.add(line);
  expect(readFileSync(path, "utf8")).toBe("set hold\n");
});
