/** Checks the contents of the published package. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "@jest/globals";
import { version } from "../src/version.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The size excludes V8's code cache, which depends on the version of Node. */
let inPackage: { files: string[]; size: number };
beforeAll(() => {
  // npm's scripts are disabled, because they would rebuild dist/ while other tests are using it.
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

test("the package contains only the programs and their manual pages", () => {
  const isCode = (path: string) => /^dist[/][\w-]+[.]cjs$/.test(path);
  expect(inPackage.files.filter(isCode)).toEqual(expect.arrayContaining(["dist/mail.cjs", "dist/maild.cjs"]));
  expect(inPackage.files.filter((path) => !isCode(path))).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin/mail.js",
    "bin/maild.js",
    "bin/package.json",
    "bin/sendmail.js",
    "dist/completions/_mail",
    "dist/completions/mail",
    "dist/completions/mail.fish",
    "dist/help.json.gz",
    "dist/licenses.txt.gz",
    "dist/mail-imap.cjs.cache",
    "dist/mail-list.cjs.cache",
    "dist/mail-login.cjs.cache",
    "dist/mail-read.cjs.cache",
    "dist/mail-send.cjs.cache",
    "dist/mail-session.cjs.cache",
    "dist/mail-view.cjs.cache",
    "dist/mail.cjs.cache",
    "dist/maild.cjs.cache",
    "dist/package.json",
    "dist/rolldown-runtime.cjs.cache",
    "man/mail-sendmail.8",
    "man/mail.1",
    "man/maild.8",
    "man/mailrc.5",
    "package.json",
  ]);
});

test("the package contains the licence of each bundled package", () => {
  const notices = gunzipSync(readFileSync(join(root, "dist/licenses.txt.gz"))).toString();
  const named = [...notices.matchAll(/^(\S+) \d+\.\S+ \(.+\)$/gm)].map(([, name]) => name);
  const bundled = ["chalk", "commander", "enquirer", "html-to-text", "iconv-lite", "nodemailer", "smtp-server"];
  expect(named).toEqual(expect.arrayContaining(bundled));
});

test("the unpacked package takes up less than 2 MB without the code cache", () => {
  expect(inPackage.size).toBeLessThan(2_000_000);
});

test("at run time, the package requires only the native module", () => {
  const { dependencies, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(Object.keys(dependencies)).toEqual(["koffi"]);
  expect(bin).toEqual({
    mail: "bin/mail.js",
    mailx: "bin/mail.js",
    maild: "bin/maild.js",
    "mail-sendmail": "bin/sendmail.js",
  });
});

test("mail -V prints the package's version", () => {
  expect(version).toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
});
