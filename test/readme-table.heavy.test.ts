/**
 * Verifies the features that the README's comparison table attributes to other clients, for those clients that are
 * installed.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { openLog } from "../src/maild/log.ts";
import { listen } from "../src/maild/server.ts";
import { testWith } from "./conditions.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "mail-table-"));
  const fields = "From: ann@example.org\nSubject: =?UTF-8?Q?Caf=C3=A9?=\nMIME-Version: 1.0\n";
  const type = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n";
  writeFileSync(join(home, "inbox"), `From ann Sat Jan 16 18:22:03 2021\n${fields}${type}\nTea or caf=C3=A9?\n\n`);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function run(command: string): Promise<{ shown: string; exit: number }> {
  const env = { HOME: home, PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC" };
  return new Promise((done) => {
    execFile("/bin/sh", ["-c", `exec 2>&1; ${command}`], { env, cwd: home }, (error, stdout) =>
      done({ shown: stdout, exit: typeof error?.code === "number" ? error.code : 0 }),
    );
  });
}

testWith("s-nail")("S-nail reports a refused recipient immediately if mta is a server", async () => {
  const options = { listen: "127.0.0.1", port: 0, clients: 20, stateDirectory: home, spool: home, users: ["root"] };
  const server = await listen({ ...options, domain: "example.org" }, openLog(join(home, "mail.log")));
  try {
    const settings = `-S v15-compat -S smtp-auth=none -S mta=smtp://${server.address}`;
    const { shown, exit } = await run(`echo hi | s-nail -n ${settings} -r ann@example.org rooot@example.org`);
    expect(shown).toMatch(/550 5\.1\.1 <rooot@example\.org>/);
    expect(exit).not.toBe(0);
  } finally {
    await server.close();
  }
});

testWith("s-nail")("S-nail decodes MIME text", async () => {
  const { shown } = await run("printf 'p 1\\nx\\n' | s-nail -n -# -R -f inbox");
  expect(shown).toContain("Tea or café?");
});

testWith("s-nail").each(['subject "caf"', 'from "ann"', 'since "1-Jan-2020"', 'body "tea"', "larger 10"])(
  "S-nail searches by %s",
  async (condition) => {
    writeFileSync(join(home, "commands"), `f '(${condition})'\nx\n`);
    const { shown } = await run("s-nail -n -# -R -f inbox <commands");
    expect(shown).toMatch(/\b1 ann@example\.org/);
  },
);

testWith("s-nail")("S-nail is built with IMAP and POP3", async () => {
  const { shown } = await run("s-nail -n -S v15-compat -Xversion -Xx </dev/null");
  expect(shown).toMatch(/\+imap\b/);
  expect(shown).toMatch(/\+pop3\b/);
});

testWith("mail.mailutils")("GNU mail is built with IMAP and POP3", async () => {
  const { shown } = await run("mail.mailutils --show-config-options");
  expect(shown).toContain("ENABLE_IMAP");
  expect(shown).toContain("ENABLE_POP");
});
