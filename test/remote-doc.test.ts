/** Checks the accounts in docs/remote.md: each account needs at most five lines, all of which `mail` accepts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { runMail } from "./run-mail.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/remote.md"), "utf8");
const accounts = [...page.matchAll(/^```text\n(account (\w+) \{\n.*?\n\})\n```$/gms)].map(
  ([, text = "", name = ""]) => ({
    name,
    text,
  }),
);
const home = mkdtempSync(join(tmpdir(), "mail-remote-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("docs/remote.md contains an account for each provider", () => {
  expect(accounts.map(({ name }) => name)).toEqual(["gmail", "outlook", "fastmail", "home"]);
});

test.each(accounts)(
  "the account $name has at most five lines, and every variable in it takes effect",
  async (account) => {
    expect(account.text.split("\n").length).toBeLessThanOrEqual(5);
    writeFileSync(join(home, ".mailrc"), `${account.text}\n`, { mode: 0o600 });
    const environment = { HOME: home, PATH: process.env["PATH"] };
    const { exit, out, err } = await runMail(["-n", "--account", account.name, "--config"], environment);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    const set = out.split("\n").filter((line) => line.includes(".mailrc:"));
    expect(set.length).toBeGreaterThanOrEqual(6);
    expect(set.filter((line) => line.includes("not a variable of mail"))).toEqual([]);
  },
);
