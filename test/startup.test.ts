import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

test.each(["mail", "mail-session", "mail-send", "mail-read", "maild"])("%s starts through its code cache", (part) => {
  const ask = `process.stdout.write(String(require("./bin/mail.js")("./dist").isCached(${JSON.stringify(part)})))`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", ask], { cwd: root, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "true", stderr: "" });
});

test("a session goes on when an upgrade takes the program away", async () => {
  const place = mkdtempSync(join(tmpdir(), "mail-startup-"));
  try {
    for (const directory of ["bin", "dist"]) cpSync(join(root, directory), join(place, directory), { recursive: true });
    writeFileSync(join(place, "box"), "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nSubject: s\n\ntext\n\n");
    const env = { PATH: process.env["PATH"], HOME: place };
    const mail = spawn(process.execPath, ["bin/mail.js", "-n", "-I", "-f", "box"], { cwd: place, env });
    let shown = "";
    mail.stdout.on("data", (piece: Buffer) => {
      shown += piece.toString();
    });
    mail.stderr.on("data", (piece: Buffer) => {
      shown += piece.toString();
    });
    while (!shown.includes("& ")) await once(mail.stdout, "data");
    rmSync(join(place, "dist"), { recursive: true });
    mail.stdin.end("sort subject\nx\n");
    expect(await once(mail, "close")).toEqual([0, null]);
    expect(shown).toContain("Sorted by subject");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
