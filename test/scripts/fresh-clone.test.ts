/** Tests the error messages in a fresh clone before any packages are installed. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
let place: string;
let clone: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "mail-clone-"));
  clone = join(place, "clone");
  mkdirSync(join(clone, "test"), { recursive: true });
  for (const name of ["package.json", "package-lock.json", "scripts", "test/screens"]) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  for (const name of ["bin", "failing"]) mkdirSync(join(place, name));
  symlinkSync(process.execPath, join(place, "bin/node"));
  writeFileSync(join(place, "failing/npm"), "#!/bin/sh\necho no network >&2\nexit 1\n");
  chmodSync(join(place, "failing/npm"), 0o755);
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

function run(script: string, PATH: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, "scripts", script)], {
    env: { PATH, HOME: place },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test.each(["demo.mjs", "test.mjs", "screens.mjs", "bench-startup.mjs", "bench.mjs", "deb.mjs"])(
  "%s reports in one line that npm is missing",
  (script) => {
    expect(run(script, join(place, "bin"))).toEqual({
      status: 1,
      stdout: "",
      stderr: "Installing packages (npm ci) ...\nnpm is missing: apt-get install npm\n",
    });
  },
);

test("a failed installation of packages is reported with npm's reason", () => {
  expect(run("demo.mjs", `${join(place, "failing")}:/usr/bin:/bin`)).toEqual({
    status: 1,
    stdout: "",
    stderr: "Installing packages (npm ci) ...\nno network\nnpm ci failed; see its messages above.\n",
  });
});

test("the last line of the output reports that the package registry cannot be reached", () => {
  const code = join(place, "offline");
  mkdirSync(code);
  writeFileSync(join(code, "npm"), `#!/bin/sh\necho '{ "error": { "code": "ENOTFOUND" } }'\nexit 1\n`, { mode: 0o755 });
  expect(run("test.mjs", `${code}:/usr/bin:/bin`)).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "Installing packages (npm ci) ...\n" +
      "npm ci failed: the package registry cannot be reached (ENOTFOUND); connect to the network and run this again\n",
  });
});
