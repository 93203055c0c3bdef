/** Runs each command in docs/programs.md and docs/agents.md, with real names in place of the words in capitals. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { letter, makePlace, type Place } from "./support/boxes.ts";
import { parseProblems } from "./support/schemas.ts";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");
const ofPrograms = [...read("programs.md").matchAll(/^ {4}(mail .*?)(?: +#.*| *\| jq .*)?$/gm)].map(([, text]) => text);
const ofAgents = [...read("agents.md").matchAll(/`(mail\s[^`]*)`/g)].map(([, text]) => text?.replace(/\s+/g, " "));
const commands = [...ofPrograms, ...ofAgents] as string[];

let place: Place;
let draft: { id: string; folder: string };
beforeEach(() => {
  place = makePlace();
  const parts = "--cut\n\nhello\n--cut\nContent-Type: text/plain; name=a.txt\n\nhi\n--cut--";
  const letters = [
    letter("invoice", { fields: "Content-Type: multipart/mixed; boundary=cut\n", body: parts }),
    ...["two", "three", "four", "five"].map((subject) => letter(subject, { from: "cron@x.org" })),
  ];
  for (const name of ["box", "spool"]) place.create("mbox", name, letters);
  mkdirSync(join(place.home, "folders"));
  mkdirSync(join(place.home, "parts"));
  writeFileSync(join(place.home, "mta"), "#!/bin/sh\ncat >>sent\n", { mode: 0o755 });
  writeFileSync(
    join(place.home, ".mailrc"),
    `set mta=${join(place.home, "mta")} folder=${join(place.home, "folders")}\n`,
  );
  const [stored] = place.json("submission", ["--draft", "-s", "plan", "ann@x.org"], "text\n").values;
  draft = stored?.["draft"] as typeof draft;
});
afterEach(() => rmSync(place.home, { recursive: true, force: true }));

/** Returns the arguments of a documented command. */
function toArguments(command: string): string[] {
  const isOnDraft = /--send|FOLDER id:ID|-f FOLDER/.test(command) && !command.includes("+FOLDER");
  const names: Readonly<Record<string, string>> = {
    FILE: "box",
    "+FOLDER": "+archive",
    FOLDER: draft.folder,
    DIRECTORY: "parts",
    ADDRESS: "eve@x.org",
    SUBJECT: "hola",
    QUERY: "subject:two",
    "60": "1",
  };
  const ids = isOnDraft ? [draft.id] : Object.values(place.ids("box"));
  const replace = (name: string) => {
    const value = name === "ID" ? ids.shift() : names[name];
    if (value === undefined) throw new Error(`${command}: ${name} has no value`);
    return value;
  };
  const words = command.replace(/^mail | <\S+$/g, "").split(/ +(?=(?:[^']*'[^']*')*[^']*$)/);
  return words.map((word) => word.replaceAll("'", "").replace(/(?<![\w-])(?:\+?[A-Z]{2,}|60)(?![\w-])/g, replace));
}

test("both documents contain commands", () => {
  expect(ofPrograms.length).toBeGreaterThan(10);
  expect(ofAgents.length).toBeGreaterThan(12);
});

test.each([...new Set(commands)])("%s", (command) => {
  const argv = toArguments(command);
  const input = argv.includes("--from-json") ? JSON.stringify({ to: "ann@x.org", subject: "s", text: "t" }) : "text\n";
  const { status, stdout, stderr } = place.run(argv, input);
  // A list may be empty, and a wait may end without a message.
  const wanted = command.includes("--wait") ? [0, 75] : /since:|before:/.test(command) ? [0, 1] : [0];
  expect({ argv, stdout, stderr, isWanted: wanted.includes(status ?? -1) }).toMatchObject({ isWanted: true });
  const problems = argv.includes("--json") ? parseProblems(stderr) : [];
  expect(problems).toMatchObject(status === 75 ? [{ error: { reason: "timed out" } }] : []);
});
