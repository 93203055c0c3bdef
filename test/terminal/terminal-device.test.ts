import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../bin/mail.js");

test.each(["dumb", "xterm"])("a long session opens the terminal no more often than a short one (%s)", async (term) => {
  const home = mkdtempSync(join(tmpdir(), "mail-device-"));
  writeFileSync(join(home, "box"), "From ann Sat Jan 16 18:22:03 2021\nSubject: hola\n\nhi\n\n");
  const pty = await openPty({
    argv: [process.execPath, program, "-n", "-f", "box"],
    env: { PATH: process.env["PATH"], HOME: home, TERM: term, TZ: "UTC" },
    cwd: home,
  });
  const held = () => pty.openFiles().filter((path) => path.startsWith("/dev/pt")).length;
  await pty.expect("& ");
  const before = held();
  for (let count = 0; count < 10; count++) {
    pty.send(`echo MARK   ${count}\n`);
    await pty.expect(`MARK ${count}`);
    await pty.expect("& ");
  }
  expect(held()).toBeLessThanOrEqual(before + 4);
  pty.send("x\n");
  expect(await pty.exited).toBe(0);
  await pty.close();
  rmSync(home, { recursive: true, force: true });
});
