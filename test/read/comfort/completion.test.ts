import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { assistanceFor } from "../../../src/read/comfort/assistance.ts";
import { completeOffer } from "../../../src/terminal/completion.ts";
import type { Asked } from "../../../src/terminal/terminal.ts";
import { type Bench, bench, message } from "../support/session.ts";

let session: Bench;
beforeEach(async () => {
  session = await bench(message("ann@example.org", "one") + message("bob@example.org", "two"), {
    "history-file": "",
    folder: "folders",
  });
  const { home } = session.config.identity;
  session.config.aliases.set("admins", ["ann@example.org"]);
  session.config.accounts.set("work", { file: "x", lines: [], exposedIn: undefined });
  mkdirSync(join(home, "folders/lists"), { recursive: true });
  for (const name of ["archive", "articles", "with blank", "evil\u001b[2J", ".hidden"])
    writeFileSync(join(home, "folders", name), "");
});
afterEach(() => session.remove());

/** Returns the line as Tab completes it, or the names that Tab lists below the line. */
async function tab(asked: Asked, typed: string): Promise<string> {
  const offer = await assistanceFor(session, () => undefined).complete(asked, typed);
  const outcome = completeOffer(typed, offer);
  if (outcome.kind === "none") return "(bell)";
  if (outcome.kind === "text") return typed.slice(0, outcome.start) + outcome.text;
  return outcome.lines({ rows: 24, columns: 80 }).trim().replace(/\s+/g, " ");
}

test.each<[string, Asked, string, string]>([
  ["a command that is unambiguous", "command", "undel", "undelete "],
  ["the common part of several commands", "command", "she", "shell "],
  ["the only matching command", "command", "fold", "folder"],
  ["the choices if they have no longer common part", "command", "folder", "folder folders"],
  ["a variable", "command", "set askb", "set askbcc "],
  ["a variable, followed by = for its value", "command", "set PAG", "set PAGER="],
  ["a variable with the prefix no", "command", "set noaskb", "set noaskbcc "],
  ["a topic of help", "command", "help saver", "help saveretain "],
  ["a question of help", "command", "help attach", "help attachments "],
  ["a folder", "command", "folder +li", "folder +lists/"],
  ["all folders that begin with the typed text", "command", "save 1 +ar", "+archive +articles"],
  ["a name that contains a space, with a backslash", "command", "save 1 +wi", "save 1 +with\\ blank "],
  ["a name after a typed backslash", "command", "save 1 +with\\ b", "save 1 +with\\ blank "],
  ["a name that contains a space, in quotes", "command", "folder +wi", 'folder "+with blank" '],
  ["a name after a typed quote", "command", "folder '+with b", "folder '+with blank' "],
  ["a directory after a typed quote", "command", 'cd "+li', 'cd "+lists/'],
  ["no folder between quotes that are part of the name", "command", 'save "+with', "(bell)"],
  ["no name that contains a control character", "command", "save +ev", "(bell)"],
  ["a hidden name only after a dot", "command", "save +.", "save +.hidden "],
  ["a sender in a message list", "command", "print bob", "print bob@example.org "],
  ["a term of a query", "command", "delete sin", "delete since:"],
  ["a state", "command", "print :u", "print :u "],
  ["an account", "command", "account wo", "account work "],
  ["no alias as an account", "command", "account adm", "(bell)"],
  ["an alias as a recipient", "command", "mail adm", "mail admins "],
  ["an address seen in the mailbox", "people", "ann@", "ann@example.org "],
  ["the address after a comma", "people", "x@y, bob", "x@y, bob@example.org "],
  ["a sender after from:", "command", "print from:bo", "print from:bob@example.org "],
  ["an address in a bracket", "command", "print (to:bo", "print (to:bob@example.org "],
  ["an address in a condition", "command", "delete is:new and cc:an", "delete is:new and cc:ann@example.org "],
  ["a file for an escape, without a space that would be part of its name", "text", "~r +arch", "~r +archive"],
  ["a name that contains a space, for an escape", "text", "~r +wi", "~r +with\\ blank"],
  ["one of several attachments", "text", "~@ x +wi", "~@ x +with\\ blank "],
  ["an address for ~R", "text", "~R bo", "~R bob@example.org "],
  ["a command after ~:", "text", "~:set askb", "~:set askbcc "],
  ["nothing in the body of a message", "text", "ann", "(bell)"],
  ["nothing for an unknown command", "command", "xyzzy ann", "(bell)"],
])("Tab completes %s", async (_rule, asked, typed, line) => expect(await tab(asked, typed)).toBe(line));

test("an address that has a special meaning in a command is not offered", async () => {
  await session.remove();
  session = await bench(
    `From x Sat Jan 16 18:22:03 2021\nFrom: "|touch" <|touch@example.org>\nCc: -oQ/tmp@example.org, ok@example.org\n\nx\n`,
    { "history-file": "" },
  );
  expect(await tab("people", "")).toBe("ok@example.org ");
});
