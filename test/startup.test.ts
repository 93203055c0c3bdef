import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { listOpenFiles } from "../scripts/open-files.mjs";
import { until } from "./until.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const cachedParts = [
  ...["mail", "mail-session", "mail-send", "mail-read", "mail-list", "mail-view", "mail-login", "mail-imap"],
  "maild",
];

test.each(cachedParts)("%s starts with its code cache", (part) => {
  const ask = `process.stdout.write(String(require("./bin/mail.js")("./dist").isCached(${JSON.stringify(part)})))`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", ask], { cwd: root, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "true", stderr: "" });
});

test("the parts for reading and sending lack the tables of character widths, which take 20 ms to load", () => {
  const hasTables = (part: string) => readFileSync(join(root, `dist/${part}.cjs`), "utf8").includes("RGI_Emoji");
  expect(readdirSync(join(root, "dist")).some((name) => name.endsWith(".cjs") && hasTables(name.slice(0, -4)))).toBe(
    true,
  );
  expect(cachedParts.filter(hasTables)).toEqual([]);
});

test.each([
  ["listing", ["--json", "--newest", "-f", "box"], ["mail-list"]],
  ["sending", ["-s", "subject", "a@x.org"], ["mail-send"]],
])("%s loads only its own parts, and creates no segmenter, even if there is a start-up file", (_task, argv, parts) => {
  const place = mkdtempSync(join(tmpdir(), "mail-startup-"));
  try {
    writeFileSync(join(place, "box"), "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nSubject: s\n\ntext\n\n");
    writeFileSync(join(place, "sendmail"), "#!/bin/sh\nexec cat >sent\n", { mode: 0o755 });
    const settings = "set from=me@x.org\nalias ann ann@x.org\nif s\nunset record\nelse\nignore received\nendif\n";
    writeFileSync(join(place, ".mailrc"), `${settings}set mta=${join(place, "sendmail")}\n`, { mode: 0o600 });
    const ask = `Intl.Segmenter = function () { throw new Error("a segmenter was created"); };
      const { modules, program } = require(${JSON.stringify(join(root, "bin/mail.js"))})(${JSON.stringify(join(root, "dist"))});
      program("mail").main(["-:xu", ...${JSON.stringify(argv)}]).then((exit) => {
        require("node:fs").writeFileSync("loaded", JSON.stringify([exit, ...modules.keys()]));
        process.exit();
      });`;
    const env = { PATH: process.env["PATH"], HOME: place };
    const { stderr } = spawnSync(process.execPath, ["-e", ask], { cwd: place, env, input: "text\n", encoding: "utf8" });
    expect(stderr).toBe("");
    const [exit, ...loaded] = JSON.parse(readFileSync(join(place, "loaded"), "utf8")) as [number, ...string[]];
    expect(exit).toBe(0);
    const others = loaded.filter((name) => /^mail-/.test(name)).sort();
    expect(others).toEqual([...parts, "mail-session"].map((part) => `${part}.cjs`).sort());
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test("a code cache from another version of Node is ignored", () => {
  const place = mkdtempSync(join(tmpdir(), "mail-startup-"));
  try {
    for (const directory of ["bin", "dist"]) cpSync(join(root, directory), join(place, directory), { recursive: true });
    writeFileSync(join(place, "box"), "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nSubject: s\n\ntext\n\n");
    const caches = readdirSync(join(place, "dist")).filter((name) => name.endsWith(".cache"));
    expect(caches.length).toBeGreaterThan(3);
    for (const name of caches) {
      const cache = readFileSync(join(place, "dist", name));
      // The second 32-bit word of a code cache is a hash of V8's version.
      cache.writeInt32LE(~cache.readInt32LE(4), 4);
      writeFileSync(join(place, "dist", name), cache);
    }
    const ask = `process.stdout.write(String(require("./bin/mail.js")("./dist").isCached("mail")))`;
    expect(spawnSync(process.execPath, ["-e", ask], { cwd: place, encoding: "utf8" }).stdout).toBe("false");
    const mail = (directory: string) => {
      const argv = [join(directory, "bin/mail.js"), "-n", "-f", "box"];
      const env = { PATH: process.env["PATH"], HOME: place };
      // Standard error is ignored, because a copy without node_modules reports that it has no fcntl() locks.
      const { status, stdout } = spawnSync(process.execPath, argv, {
        cwd: place,
        env,
        input: "p\nx\n",
        encoding: "utf8",
      });
      return { status, stdout };
    };
    expect(mail(place)).toEqual(mail(root));
    expect(mail(place).stdout).toContain("\ntext\n");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test("a session continues after an upgrade has removed the program", async () => {
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
    const dist = join(place, "dist");
    const parts = readdirSync(dist).filter((name) => name.includes(".cjs"));
    await until(() => {
      const opened = listOpenFiles(mail.pid);
      return parts.every((part) => opened.includes(join(dist, part)));
    });
    rmSync(dist, { recursive: true });
    mail.stdin.end("sort subject\nx\n");
    expect(await once(mail, "close")).toEqual([0, null]);
    expect(shown).toContain("Sorted by subject");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
