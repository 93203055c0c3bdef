/** Runs each program in docs/programs.md. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { testWith } from "../conditions.ts";
import { letter, makePlace, type Place } from "./support/boxes.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/programs.md"), "utf8");
const program = join(import.meta.dirname, "../../bin/mail.js");
const codeOf = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(page)?.[1] ?? "";

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
