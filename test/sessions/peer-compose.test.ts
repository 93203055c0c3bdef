/** Corners of composing in which bsd-mailx does what one would not guess; each expectation is what it does. */
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
  ["~r takes wildcards", typed("~r dir/f*\n"), { output: '"dir/file" 2/8\nEOT\n' }],
  ["~r takes $NAME", typed("~r $HOME/dir/file\n"), { output: '"{HOME}/dir/file" 2/8\nEOT\n' }],
  ["~r & is mbox", typed("~r &\n~r &\n", "set MBOX=box\n"), { output: '"box" 7/114\n"box" 7/114\nEOT\n' }],
  [
    "~r of what means two files",
    typed("~r *o*\n"),
    { errors: '"*o*": Ambiguous.\n', output: "EOT\nNo message, no subject; hope that's ok\n" },
  ],
  ["~w takes ~ and $NAME", typed("text\n~w ~/out\n~w $HOME/out2\n"), { out: "text\n", out2: "text\n" }],
  ["record takes $NAME", { argv: ["bob"], mailrc: "set record=$HOME/rec\n", input: "x\n" }, { errors: "" }],
  [
    "an escape that ~: sets counts from the next message on",
    typed("~:set escape=!\n!s no\n~s yes\n"),
    { sent: expect.stringMatching(/^To: bob\nSubject: yes\n[\s\S]*\n\n!s no\n$/) as unknown as string },
  ],
])("%s", async (_shows, given, wanted) => {
  expect(await said(given)).toMatchObject(wanted);
});
