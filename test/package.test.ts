/** What a user gets: no source, no test, nothing that was forgotten. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "@jest/globals";
import { version } from "../src/version.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Bytes are without V8's code cache, whose size depends on the version of Node. */
let inPackage: { files: string[]; size: number };
beforeAll(() => {
  // Without scripts, or it would build dist/ anew under the other tests.
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string; size: number }[] }];
  const own = files.filter(({ path }) => !path.endsWith(".cache"));
  inPackage = {
    files: files.map(({ path }) => path).sort(),
    size: own.reduce((sum, { size }) => sum + size, 0),
  };
});

test("the package holds the programs, their manual pages, and nothing else", () => {
  expect(inPackage.files).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin/mail.js",
    "bin/maild.js",
    "bin/package.json",
    "dist/completions/_mail",
    "dist/completions/mail",
    "dist/completions/mail.fish",
    "dist/enquirer.cjs",
    "dist/help.json.gz",
    "dist/html-to-text.cjs",
    "dist/iconv-lite.cjs",
    "dist/licenses.txt.gz",
    "dist/mail-read.cjs",
    "dist/mail-read.cjs.cache",
    "dist/mail-rest.cjs",
    "dist/mail-send.cjs",
    "dist/mail-send.cjs.cache",
    "dist/mail-session.cjs",
    "dist/mail-session.cjs.cache",
    "dist/mail.cjs",
    "dist/mail.cjs.cache",
    "dist/maild.cjs",
    "dist/maild.cjs.cache",
    "dist/package.json",
    "man/mail.1",
    "man/maild.8",
    "man/mailrc.5",
    "package.json",
  ]);
});

test("the licence of each package that is bundled stands with it", () => {
  const notices = gunzipSync(readFileSync(join(root, "dist/licenses.txt.gz"))).toString();
  const named = [...notices.matchAll(/^(\S+) \d+\.\S+ \(.+\)$/gm)].map(([, name]) => name);
  const bundled = ["chalk", "commander", "enquirer", "html-to-text", "iconv-lite", "nodemailer", "smtp-server"];
  expect(named).toEqual(expect.arrayContaining(bundled));
});

test("unpacked, without the code cache, it takes less than 1.4 MB", () => {
  expect(inPackage.size).toBeLessThan(1_400_000);
});

test("the package asks for nothing at run time but the native module", () => {
  const { dependencies, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(Object.keys(dependencies)).toEqual(["koffi"]);
  expect(bin).toEqual({ mail: "bin/mail.js", mailx: "bin/mail.js", maild: "bin/maild.js" });
});

test("mail -V says the package's version", () => {
  expect(version).toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
});
