/** Runs each program in docs/programs.md. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { testWith } from "../conditions.ts";
import { letter, makePlace, type Place } from "./support/boxes.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/programs.md"), "utf8");
const program = join(import.meta.dirname, "../../bin/mail.js");
const codeOf = (language: string, index = 0) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))][index]?.[1] ?? "";

let place: Place;
beforeEach(() => {
  place = makePlace();
  mkdirSync(join(place.home, "bin"));
  symlinkSync(program, join(place.home, "bin/mail"));
  const parts = "--cut\n\nhello\n--cut\nContent-Type: text/plain; name=a.txt\n\nhi\n--cut--";
  place.create("mbox", "inbox", [
    letter("invoice", { fields: "Content-Type: multipart/mixed; boundary=cut\n", body: parts }),
    letter("backup", { from: "cron@x.org" }),
    letter("hola", { body: "the last text" }),
  ]);
});
afterEach(() => rmSync(place.home, { recursive: true, force: true }));

function run(command: string, argv: readonly string[]): string {
  const env = { PATH: `${join(place.home, "bin")}:${process.env["PATH"]}`, HOME: place.home };
  const { stdout, stderr, status } = spawnSync(command, argv, { cwd: place.home, env, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

testWith("jq", "bash")("the recipe for bash saves attachments and moves messages", () => {
  run("bash", ["-c", codeOf("sh")]);
  expect(readdirSync(join(place.home, "invoices"))).toEqual(["a.txt"]);
  expect(place.subjects("paid")).toEqual(["invoice"]);
  expect(place.subjects("inbox")).toEqual(["backup", "hola"]);
});

testWith("python3")("the recipe for Python marks messages as read", () => {
  expect(run("python3", ["-c", codeOf("python")])).toBe("");
  const { values } = place.json("message", ["-f", "inbox"]);
  expect(values.map(({ state }) => state)).toEqual(["new", "read", "new"]);
});

test("the recipe for Node prints the newest message", () => {
  expect(run(process.execPath, ["-e", codeOf("js")])).toBe("hola the last text\n\n");
});

/**
 * Configures `mail` to submit messages to a program that appends them to a file.
 *
 * @returns a function that reads the file
 */
function receiveMessages(): () => string {
  const path = join(place.home, "received");
  const mta = join(place.home, "mta");
  writeFileSync(mta, `#!/bin/sh\ncat >>'${path}'\n`, { mode: 0o755 });
  writeFileSync(join(place.home, ".mailrc"), `set mta=${mta}\n`);
  return () => readFileSync(path, "utf8");
}

testWith("jq", "bash")("the recipe for bash sends a draft once, even if it is started again", () => {
  const received = receiveMessages();
  expect(run("bash", ["-c", codeOf("sh", 1)])).toBe("sent\n");
  expect(received().match(/^Subject: Backup$/gm)).toHaveLength(1);
  const env = { PATH: `${join(place.home, "bin")}:${process.env["PATH"]}`, HOME: place.home };
  const { stdout } = spawnSync("bash", ["-c", codeOf("sh", 1)], { cwd: place.home, env, encoding: "utf8" });
  expect(stdout).toBe("not sent to everyone: []\n");
  expect(received().match(/^Subject: Backup$/gm)).toHaveLength(1);
});

testWith("python3")("the recipe for Python sends a message", () => {
  const received = receiveMessages();
  expect(run("python3", ["-c", codeOf("python", 1)])).toBe("sent to ann@example.org\n");
  expect(received()).toContain("All jobs are complete.");
});

test("the recipe for Node finds a code that arrives before the wait begins, but not an older code", () => {
  place.deliver("mbox", "inbox", letter("code", { body: "Your code is 111111." }));
  place.deliver("mbox", "inbox", letter("code", { body: "Your code is 222222." }));
  place.create("mbox", "requested", [letter("code", { body: "Your code is 123456." })]);
  const request = 'require("node:child_process").execSync("cat requested >>inbox");';
  const code = codeOf("js", 1).replace("// Request the code here.", request);
  expect(code).toContain(request);
  expect(run(process.execPath, ["-e", code])).toBe("123456\n");
});
