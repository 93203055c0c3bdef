/** Tests cases in which bsd-mailx behaves unexpectedly. Each expectation is bsd-mailx's output. */
import { expect, test } from "@jest/globals";
import { ours, type Result, run } from "./support/peer.ts";
import { mail } from "./support/sandbox.ts";

const two = { spool: mail() + mail({ from: "ben@example.com", subject: "lunch" }) };
const opened = '"{HOME}/spool": 2 messages 2 new\n';
const first = "   1 ann@example.org    Sat Jan 16 18:22    7/100   hola\n";

async function said(input: string, mailrc = "", argv: readonly string[] = ["-N"]): Promise<Result> {
  const result = await run(ours, { argv, mailrc: `set quiet\n${mailrc}`, input, files: two });
  return { ...result, output: (result["output"] ?? "").replace(opened, "") };
}

test.each([
  [
    "save with an empty range creates the file and saves nothing",
    "s 2-1 out\nf 1\nx\n",
    `"out" [New file]\n>N${first.slice(1)}`,
  ],
  [
    "after alias with an unknown name, an empty line prints the next message",
    "alias us\n\n=\nx\n",
    `"us": not a group
From ben@example.com Sat Jan 16 18:22:03 2021
From: ben@example.com
To: root
Subject: lunch

Hello.

2
`,
  ],
  ["new removes the mark of mbox", "mb 1\nnew 1\nf 1\nx\n", `>N${first.slice(1)}`],
  ["undelete accepts numbers beside a sender", "u 1 ann\nf 1\nx\n", `> ${first.slice(1)}`],
  ["edit also asks in a pipe", "e 1 2\nq\n=\nx\n", "Edit message 2 [ynq]? 1\n"],
  [
    "! in a command is the previous shell command, and \\! is an exclamation mark",
    "!echo a\n!! b\n!echo \\!\nx\n",
    "a\n!\n!echo a b\na b\n!\n!echo !\n!\n!\n",
  ],
  [
    "a missing shell is reported and does not end the session",
    "set SHELL=no\n!a\n| 1 cat\n=\nx\n",
    "Fatal error, process exited with code 1.\n!\n1\n",
  ],
  [
    "in a pipe command, a first word that begins with a digit is the message list",
    "|1,x grep -c hola\n| 1) grep -c lunch\nx\n",
    "1\n0\n",
  ],
  ["echo omits an unset variable but keeps the space after it", "echo $NONE b \\ c\nx\n", " b c\n"],
  ["folders passes its arguments to the lister", "folders -d s*\nx\n", "spool\n"],
  [
    "the first empty line in an empty folder prints nothing",
    "!>e\nfolder e\n\n=\n\nx\n",
    '!\nHeld 2 messages in {HOME}/spool\n"e": 0 messages\n1\nAt EOF\n',
  ],
  [
    "an empty system mailbox becomes the folder when it is opened with folder",
    "c 1 e\nfolder e\n!: >spool\nfolder %\nd\nfile\nx\n",
    `"e" [New file]
Saved 1 message in {HOME}/mbox
Held 1 message in {HOME}/spool
"e": 1 message 1 new
!
"e" complete
No applicable messages
"{HOME}/spool": 0 messages
`,
  ],
  [
    "endif and else accept no arguments",
    "endif x\nelse x\nx\n",
    "endif takes no more than 0 arg(s)\nelse takes no more than 0 arg(s)\n",
  ],
  [
    "save without a list keeps the meaning of :",
    "f :r\ns out\n| true\nf :\nx\n",
    `No messages satisfy :r\n"out" [New file]\n>* ${first.slice(2)}`,
  ],
  [
    "/ alone repeats the last search",
    "size /hola\nsize / /lunch\nsize /\nx\n",
    "1: 7/100\n1: 7/100\n2: 7/101\n2: 7/101\n",
  ],
  ["an empty quoted file name fails without a message", "c 1 ''\ns 1 ''\nw ''\nf 1\nx\n", `>N${first.slice(1)}`],
  [
    "an empty folder directory is the home directory",
    "set folder=\necho +a\nc 1 +a\nfolders\nset folder\nc 1 +a\nx\n",
    '{HOME}//a\n"{HOME}//a" [New file]\na\nspool\n"{HOME}//a" [Appended]\n',
  ],
  [
    "a file in an empty folder directory is shown with +",
    "set folder=\nfolder +spool\nx\n",
    `Held 2 messages in {HOME}/spool\n"+spool": 2 messages 2 unread\n`,
  ],
  ["any kind of whitespace may precede a command", "\v=\n\f=\n \r\v=\n\rsize 1\nx\n", "1\n1\n1\n1: 7/100\n"],
  [
    "folders does not end a sourced file if it fails",
    "!echo folders none >s; echo echo more >>s\nso s\nx\n",
    "!\nFatal error, process exited with code 2.\nmore\n",
  ],
  ["mbox prints nothing if no message is left", "d *\nmbox\nhold\nx\n", "No applicable messages\n"],
  ["z- stops at the first window", "z-\nx\n", "On first screenful of messages\n"],
  [
    "an empty folder shows no header window",
    "!>e\nunset noheader\nfolder e\nx\n",
    '!\nHeld 2 messages in {HOME}/spool\n"e": 0 messages\n',
  ],
  [
    "a window with only deleted messages is reported and ends a sourced file",
    "set screen=1\nd 2\nz\n=\n!echo z- >s; echo d 1 >>s; echo z >>s; echo echo more >>s\nso s\nx\n",
    `No more mail.\n2\n!\n>N${first.slice(1)}No more mail.\n`,
  ],
  [
    "setting interactive enables prompts, and unsetting it disables them",
    "set interactive\n=\nunset interactive\n=\nx\n",
    "& 1\n& 1\n",
  ],
])("%s", async (_shows, input, wanted) => {
  expect((await said(input))["output"]).toBe(wanted);
});

test.each([
  ["<ann@x.org>", "ann@x.org", "To: ann@x.org\n"],
  ["ann@x.org(Ann)", "ann@x.org", "To: ann@x.org\n"],
  ["a!b!c", "b!c", "To: a!b!c\n"],
  ["<>", "", "No recipients specified\n"],
])(
  "without sender fields, the user %s in the From_ line is the sender and receives the reply",
  async (user, shown, to) => {
    const spool = `From ${user} Sat Jan 16 18:22:03 2021\n\ntext\n\n`;
    const input = "f 1\nr 1\n.\nx\n";
    const { output } = await run(ours, { argv: ["-N"], mailrc: "set quiet\n", input, files: { spool } });
    const [, line = "", ...answer] = output?.split("\n") ?? [];
    expect(line.slice(6, 23).trimEnd()).toBe(shown);
    expect(answer.join("\n")).toContain(to);
  },
);

const named = (from: string, to = "Dave <dave@x.org>, erin@x.org") => mail({ from, to, subject: "s" });

test.each([
  ["showto", "Ann <ann@x.org>", "ann@x.org"],
  ["showto", "root", "TO dave@x.org, er"],
  ["showto", "ROOT", "TO dave@x.org, er"],
  ["showto", "me@x.org", "TO dave@x.org, er"],
  ["showto", "root@x.org", "root@x.org"],
  ["show-rcpt", "root", "root"],
  ["showto show-rcpt", "root", "TO dave@x.org, er"],
  ["showto show-rcpt", "Ann <ann@x.org>", "TO dave@x.org, er"],
  ["showname", '"Ann \\"A\\" Author" <ann@x.org>', 'Ann "A" Author'],
  ["showname", "Ann (at home) <ann@x.org>", "Ann"],
  ["showname", "ann@x.org (Ann)", "ann@x.org"],
  ["showname", "<ann@x.org>", ""],
  ["showname", "b@x.org, Ann <ann@x.org>", "b@x.org, Ann"],
  ["showname show-rcpt", "Ann <ann@x.org>", "TO Dave"],
  ["showname showto", "Root <r@x.org>", "TO Dave"],
  ["showname showto", "<r@x.org>", "TO Dave"],
])("set %s: From: %s is shown as %j", async (set, from, shown) => {
  const spool = named(from).replace(/^From .*/, "From u Sat Jan 16 18:22:03 2021");
  const mailrc = `set quiet ${set}\nalternates me@x.org\n`;
  const { output } = await run(ours, { argv: ["-N"], mailrc, input: "f 1\nx\n", files: { spool } });
  expect(output?.split("\n")[1]?.slice(6, 23).trimEnd()).toBe(shown);
});

test("with showname, a sender given in a message list is compared with names, not with addresses", async () => {
  const files = { spool: named("Ann <a@x.org>") + named("Ben <ann@x.org>") };
  const found = async (set: string) => {
    const input = "size ann\nsize x.org\nx\n";
    const { output } = await run(ours, { argv: ["-N"], mailrc: `set quiet ${set}\n`, input, files });
    return output?.replace(/^".*\n/, "").replace(/: \d.*/g, "");
  };
  expect(await found("showname")).toBe("1\nNo applicable messages from {x.org}\n");
  expect(await found("save")).toBe("2\n1\n2\n");
});

test("the set command lists variables from the environment until they are unset", async () => {
  const { output } = await said("set\nunset PAGER\nset\nx\n");
  expect(output?.match(/^(?:EDITOR|PAGER|SHELL|VISUAL)\t.*$/gm)).toEqual([
    "EDITOR\ttrue",
    "PAGER\tcat",
    "SHELL\t/bin/sh",
    "VISUAL\ttrue",
    "EDITOR\ttrue",
    "SHELL\t/bin/sh",
    "VISUAL\ttrue",
  ]);
});

test("%NAME with the user's own name is the mailbox named by MAIL", async () => {
  expect(await said("x\n", "", ["-N", "-f", "%root"])).toMatchObject({ exit: "0", output: "" });
});

test("-f # reports that there is no previous file", async () => {
  expect(await said("x\n", "", ["-f", "#"])).toMatchObject({ exit: "1", output: "No previous file\n", errors: "" });
});

test("~p and a reply show the sender from the from variable; if DEAD is a file name, ~d reads the file with that name in the home directory", async () => {
  const { output } = await said("m bob\n~p\n~d\n.\nr 1\n.\nx\n", "set from=me@x.org DEAD=spool\n", ["-N", "-I"]);
  expect(output).toContain("Message contains:\nFrom: me@x.org\nTo: bob\n");
  expect(output).toContain('"{HOME}/spool" 14/201\n');
  expect(output).toContain("& From: me@x.org\nTo: ann@example.org\n");
});

test("the REPLYTO variable sets the Reply-To field of messages that are sent in a session", async () => {
  const { sent } = await said("m bob\nhello\n", "set REPLYTO=r@x.org\n");
  expect(sent).toContain("\nReply-To: r@x.org\n");
});

test("a field that is given with -a is sent exactly as typed if mail does not write this field itself", async () => {
  const { sent } = await said("hello\n", "", ["-a", "X-Kind:one", "bob"]);
  expect(sent).toContain("\nX-Kind:one\n");
});

test.each([
  ["a line without a colon", "nocolon\n"],
  ["a first line that begins with a space", " From: cont\n"],
  ["a first line with a single space", " \n"],
])("after %s, no line is treated as a header field, so print and copy omit no lines", async (_what, stray) => {
  const box = `From a@x Sat Jan 16 18:22:03 2021\n${stray}To: kept\nSubject: s\n\nbody\n\n`;
  const result = await run(ours, {
    argv: ["-N", "-f", "box"],
    mailrc: "set quiet\nignore to\nsaveignore to\n",
    input: "p\ncopy 1 out\nx\n",
    files: { box },
  });
  expect(result["output"]).toContain(`${stray}To: kept\n`);
  expect(result["out"]).toContain(`${stray}To: kept\n`);
});

test("in a start-up file, a line with only a message list does nothing, and copy creates an empty file", async () => {
  const result = await said("x\n", "1-2\n/hola\ncopy 1 out\n'ann'\necho end\n");
  expect(result).toMatchObject({ output: `"out" [New file]\nend\n`, out: "" });
});

test("write keeps the text at the end of a malformed header", async () => {
  const box = "From a@x Sat Jan 16 18:22:03 2021\nSubject: s\nnocolon\nTo: text\n\nbody\n\n";
  const files = { box };
  const result = await run(ours, { argv: ["-N", "-f", "box"], mailrc: "set quiet\n", input: "w 1 out\nx\n", files });
  expect(result["out"]).toBe("nocolon\nTo: text\n\nbody\n");
});

test("a reply is sent to the addresses in every To field", async () => {
  const box =
    "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nTo: b@x\nTo: c@x\nSubject: s\nSubject: t\nStatus: RO\n\nbody\n\n";
  const result = await run(ours, { argv: ["-N", "-f", "box"], mailrc: "set quiet\n", input: "r 1\nx", files: { box } });
  expect(result["sent"]).toContain("To: a@x, b@x, c@x\nSubject: Re: s t\n");
  // Nothing has changed, because the message had been read before.
  expect(result["output"]).not.toContain("complete");
});
