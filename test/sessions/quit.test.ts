import { afterEach, describe, expect, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";
import { mail } from "./support/sandbox.ts";

afterEach(removeSandboxes);

test("after a message has been read, quit moves it to mbox", async () => {
  const { read } = await onTerminal({ spool: [mail({ from: "debian@DOMINIO", subject: "Re: hola", status: "O" })] })`
    $ mail
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 1 message 1 unread
    >U  1 debian@DOMINIO     Sat Jan 16 18:22    8/112   Re: hola
    & 1
    Message 1:
    From debian@DOMINIO Sat Jan 16 18:22:03 2021
    ...
    Hello.

    & q
    Saved 1 message in {HOME}/mbox
  `;
  expect(read("mbox")).toContain("\nStatus: RO\n");
  expect(read("spool")).toBe("");
});

test("a session whose input is a pipe prints neither prompts nor its input", async () => {
  await onTerminal({ spool: [mail(), mail({ from: "ben@example.org" })] })`
    $ printf 'd 1\nq\n' | mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 2 messages 2 new
    Held 1 message in {HOME}/spool
    $ grep -c '^From ' spool
    1
    $ printf '' | mail -f missing
    mail: missing: No such file or directory
    [exit 1]
  `;
});

test("a single dot ends a typed message", async () => {
  await onTerminal()`
    $ mail ann@example.org
    Subject: hello
    A line.
    .
    Cc: ben
    $ head -3 sent
    To: ann@example.org
    Subject: hello
    Cc: ben
    $ tail -1 sent
    A line.
  `;
});

test("if leaving a folder fails after another program removed a message, later commands and quit apply to the right messages", async () => {
  const [ann, bob, cy, dee, zed] = ["ann", "bob", "cy", "dee", "zed"].map((subject) =>
    mail({ subject, status: "O" }),
  ) as [string, string, string, string, string];
  const { read } = await onTerminal({
    spool: [ann, bob, cy, dee],
    files: { other: zed, later: [bob, cy, dee].join(""), "mbox/file": "" },
    mailrc: "set noheader\nignore from to status\n",
  })`
    $ mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 4 messages 4 unread
    & delete 3
    & print 2
    Message 2:
    From ann@example.org Sat Jan 16 18:22:03 2021
    Subject: bob

    Hello.

    & !cat later > spool
    !
    & folder other
    mail: {HOME}/mbox: Is a directory
    & from *
     U  1 ann@example.org    Sat Jan 16 18:22    8/109   ann
    >   2 ann@example.org    Sat Jan 16 18:22    8/109   bob
     U  4 ann@example.org    Sat Jan 16 18:22    8/109   dee
    & delete 4
    & !rm -r mbox
    !
    & !cat other >> spool
    !
    & q
    mail: {HOME}/spool: changed by another program during the session; this session's changes were merged
    Saved 1 message in {HOME}/mbox
    Held 1 message in {HOME}/spool
  `;
  expect(read("mbox")).toMatch(/^Subject: bob$/m);
  expect(read("spool")).toBe(zed);
});

describe("mail that arrives in a Maildir during a quit that fails", () => {
  const letter = (subject: string) => `From: ann@example.org\nSubject: ${subject}\n\nHello.\n`;
  const files = {
    "spool/tmp/.keep": "",
    "spool/cur/1600000001.1.host:2,": letter("one"),
    "spool/cur/1600000002.1.host:2,": letter("two"),
    "spool/new/.keep": "",
    "mbox/file": "",
    late: letter("late"),
  };

  test("is announced before the next prompt", async () => {
    await onTerminal({ files, mailrc: "set noheader noautoinc\n" })`
      $ mail -N
      Mail version 8.1.2 01/15/2001.  Type ? for help.
      "{HOME}/spool": 2 messages 2 unread
      & delete 1
      & touch 2
      & !cp late spool/new/1600000003.1.host
      !
      & folder late
      mail: {HOME}/mbox: Is a directory
      & set autoinc
      New mail has arrived.
      & =
      3
      & x
      $ ls spool/new
      1600000003.1.host
    `;
  });

  test.each([
    ["", ""],
    ["set trash=trash\n", "; the messages to be removed from it have already been copied to trash"],
  ])("stays new if it has not been announced before the next quit (%j)", async (set, copies) => {
    await onTerminal({ files, mailrc: `set noheader\n${set}` })`
      $ printf 'd 1\ntouch 2\n!cp late spool/new/1600000003.1.host\nfolder late\n!rm -r mbox\nq\n' | mail -N
      Mail version 8.1.2 01/15/2001.  Type ? for help.
      "{HOME}/spool": 2 messages 2 unread
      !
      mail: {HOME}/mbox: Is a directory${copies}
      !
      New mail has arrived.
      Saved 1 message in {HOME}/mbox
      $ ls spool/new
      1600000003.1.host
    `;
  });
});
