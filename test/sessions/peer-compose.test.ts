/**
 * Tests cases in which bsd-mailx behaves unexpectedly when a message is composed. Each expectation is bsd-mailx's
 * behaviour.
 */
import { expect, test } from "@jest/globals";
import { ours, type Result, run } from "./support/peer.ts";
import { mail } from "./support/sandbox.ts";

interface Given {
  readonly argv: readonly string[];
  readonly mailrc?: string;
  readonly input?: string;
}

const files = {
  box: mail({ to: "daemon, root, carl" }),
  "dir/file": "one\ntwo\n",
  spool: mail(),
};

const said = ({ argv, mailrc = "", input = "" }: Given): Promise<Result> =>
  run(ours, { argv, mailrc: `set quiet\n${mailrc}`, input, files });

const typed = (input: string, mailrc = ""): Given => ({ argv: ["-I", "bob"], mailrc: `unset askcc\n${mailrc}`, input });

test.each<[string, Given, Result]>([
  ["~r expands wildcards", typed("~r dir/f*\n"), { output: '"dir/file" 2/8\nEOT\n' }],
  ["~r expands $NAME", typed("~r $HOME/dir/file\n"), { output: '"{HOME}/dir/file" 2/8\nEOT\n' }],
  ["~r & is mbox", typed("~r &\n~r &\n", "set MBOX=box\n"), { output: '"box" 7/114\n"box" 7/114\nEOT\n' }],
  [
    "~r reports a pattern that matches two files",
    typed("~r *o*\n"),
    { errors: '"*o*": Ambiguous.\n', output: "EOT\nNo message, no subject; hope that's ok\n" },
  ],
  ["~w expands ~ and $NAME", typed("text\n~w ~/out\n~w $HOME/out2\n"), { out: "text\n", out2: "text\n" }],
  ["~w reports a missing directory", typed("~w no/out\n"), { errors: "mail: fopen: No such file or directory\n" }],
  ["~| reports its command as it was typed", typed("~| true\n"), { errors: 'No bytes from " true" !?\n' }],
  [
    "start-up files see options as variables",
    {
      argv: ["-viE", "bob"],
      mailrc: "unset append ask askcc crt dot save SHELL EDITOR PAGER VISUAL sendmail quiet\nset\n",
    },
    { output: "ignore\t\nskipempty\t\nverbose\t\n" },
  ],
  ["record expands $NAME", { argv: ["bob"], mailrc: "set record=$HOME/rec outfolder\n", input: "x\n" }, { errors: "" }],
  [
    "an escape character set by ~: takes effect from the next message on",
    typed("~:set escape=!\n!s no\n~s yes\n"),
    { sent: expect.stringMatching(/^To: bob\nSubject: yes\n[\s\S]*\n\n!s no\n$/) as unknown as string },
  ],
  [
    "the sender is passed to a program as it was typed",
    { argv: ["-d", "-r", "Ann <ann>", "bob"], input: "x\n" },
    { output: expect.stringContaining('"-f" "ann"\n') as unknown as string },
  ],
  [
    "-u is checked before any file, even if a message is sent",
    { argv: ["-u", "no such", "bob"], mailrc: "echo no\n" },
    { exit: "1", output: "", errors: 'mail: "no such" is not a user of this system\n' },
  ],
  ["-u requires a name", { argv: ["-u", "", "bob"] }, { exit: "1", errors: 'mail: "" is not a user of this system\n' }],
  [
    "with -u, % is that user's mailbox",
    { argv: ["-u", "daemon"], mailrc: "echo %\n" },
    { output: "/var/mail/daemon\n" },
  ],
  [
    "with -u, a reply to all omits that user",
    { argv: ["-N", "-u", "daemon", "-f", "box"], input: "r\n" },
    { sent: expect.stringContaining("To: ann@example.org, carl, root\n") as unknown as string },
  ],
])("%s", async (_shows, given, wanted) => {
  expect(await said(given)).toMatchObject(wanted);
});

test.each([
  ["x <a@x> y", "<a@x>"],
  ["<a@x> <b@x>", "<a@x>"],
  ["no brackets", "<no brackets>"],
  ["<a@x", "<a@x>"],
])("a reply to a message with the Message-ID %s refers to this ID in angle brackets", async (id, wanted) => {
  const box = mail({ fields: `Message-ID: ${id}\n` });
  const { sent } = await run(ours, { argv: ["-N", "-f", "box"], mailrc: "", input: "r\n", files: { box } });
  expect(sent).toContain(`\nIn-Reply-To: ${wanted}\n`);
});

test.each<[string, Given]>([
  ["-r", { argv: ["-r", "", "bob"], input: "x\n" }],
  ["an empty variable from", { argv: ["bob"], mailrc: "set from=\n", input: "x\n" }],
])("%s without an address is ignored", async (_what, given) => {
  expect(await said(given)).toMatchObject({ exit: "0", sent: expect.stringMatching(/^To: bob\nMIME/) });
});
