import { afterEach, expect, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";
import { mail } from "./support/sandbox.ts";

afterEach(removeSandboxes);

const three = [
  mail({ subject: "hola" }),
  mail({ from: "ben@example.com", subject: "lunch", status: "O" }),
  mail({ from: "carl@example.net", subject: "Re: hola", status: "RO" }),
];

test("print accepts a number, a sender or a subject; Print shows all fields; top shows the first lines", async () => {
  await onTerminal({ spool: three, mailrc: "set toplines=2 quiet\nignore to\n" })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & 2
    From ben@example.com Sat Jan 16 18:22:03 2021
    From: ben@example.com
    Subject: lunch

    Hello.

    & n
    From carl@example.net Sat Jan 16 18:22:03 2021
    ...
    & n
    At EOF
    & P /HOLA
    From ann@example.org Sat Jan 16 18:22:03 2021
    From: ann@example.org
    To: root
    Subject: hola
    Status: R

    Hello.

    From carl@example.net Sat Jan 16 18:22:03 2021
    From: carl@example.net
    To: root
    Subject: Re: hola
    Status: RO

    Hello.

    & top ben
    From ben@example.com Sat Jan 16 18:22:03 2021
    From: ben@example.com
    To: root
    & x
  `;
});

test("the header commands show the window, scroll it, and show message sizes and the current message's number", async () => {
  await onTerminal({ spool: three, mailrc: "set quiet screen=2\n" })`
    $ mail
    "{HOME}/spool": 3 messages 1 new 2 unread
    >N  1 ann@example.org    Sat Jan 16 18:22    7/100   hola
     U  2 ben@example.com    Sat Jan 16 18:22    8/111   lunch
    & z
    >   3 carl@example.net   Sat Jan 16 18:22    8/117   Re: hola
    & z
    On last screenful of messages
    & z-
    >N  1 ann@example.org    Sat Jan 16 18:22    7/100   hola
     U  2 ben@example.com    Sat Jan 16 18:22    8/111   lunch
    & z-
    On first screenful of messages
    & z up
    Unrecognized scrolling command "up"
    & f :u
    >N  1 ann@example.org    Sat Jan 16 18:22    7/100   hola
     U  2 ben@example.com    Sat Jan 16 18:22    8/111   lunch
    & =
    2
    & size 2-3
    2: 8/111
    3: 8/117
    & x
  `;
});

test("delete, undelete, dp, hold, mbox, touch and unread change the state that quit reports", async () => {
  const { read } = await onTerminal({ spool: [...three, mail({ subject: "last" })], mailrc: "set quiet\n" })`
    $ mail -N
    "{HOME}/spool": 4 messages 2 new 3 unread
    & d 1
    & h
    >U  2 ben@example.com    Sat Jan 16 18:22    8/111   lunch
        3 carl@example.net   Sat Jan 16 18:22    8/117   Re: hola
     N  4 ann@example.org    Sat Jan 16 18:22    7/100   last
    & p 1
    1: Inappropriate message
    & dp
    From carl@example.net Sat Jan 16 18:22:03 2021
    ...
    & u 1
    & hold 1
    & mbox 3
    & unread 3
    & h
     P  1 ann@example.org    Sat Jan 16 18:22    7/100   hola
    >M  3 carl@example.net   Sat Jan 16 18:22    8/117   Re: hola
     N  4 ann@example.org    Sat Jan 16 18:22    7/100   last
    & folder
    "{HOME}/spool": 4 messages 2 new 1 deleted
    & q
    Saved 1 message in {HOME}/mbox
    Held 2 messages in {HOME}/spool
  `;
  expect(read("mbox")).toContain("From: carl@example.net\nTo: root\nSubject: Re: hola\nStatus: O\n");
  expect(read("spool").match(/^Status: .*$/gm)).toEqual(["Status: RO", "Status: O"]);
});

test("save, copy and write report a new file, an existing file and a failure", async () => {
  const { read } = await onTerminal({ spool: three, mailrc: "set quiet folder=Mail\n", files: { "Mail/.keep": "" } })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & s 1 +box
    "{HOME}/Mail/box" [New file]
    & c 2 +box
    "{HOME}/Mail/box" [Appended]
    & w 3 body
    "body" [New file]
    & s 1 none/box
    "none/box" mail: fopen: No such file or directory
    & s
    No file specified.
    & Save 3
    "carl" [New file]
    & f *
    >*  1 ann@example.org    Sat Jan 16 18:22    7/100   hola
        2 ben@example.com    Sat Jan 16 18:22    8/111   lunch
     *  3 carl@example.net   Sat Jan 16 18:22    8/117   Re: hola
    & q
    Saved 1 message in {HOME}/mbox
    $ grep -c '^From ' Mail/box carl
    Mail/box:2
    carl:1
  `;
  expect(read("body")).toBe("Hello.\n");
});

test("reply and mail show the recipients before the message is typed", async () => {
  const spool = [mail({ to: "root, zoe@example.org", fields: "Cc: dora@example.org\nMessage-Id: <1@x>\n" }), ...three];
  const { read } = await onTerminal({ spool, mailrc: "set quiet noaskcc\nunset askcc\n" })`
    $ mail -N
    "{HOME}/spool": 4 messages 2 new 3 unread
    & r
    To: ann@example.org zoe@example.org
    Subject: Re: hola
    Cc: dora@example.org
    MIME-Version: 1.0
    Content-Type: text/plain; charset="UTF-8"
    Content-Transfer-Encoding: 8bit

    Yes.
    .
    EOT
    & R 2 3
    To: ann@example.org ben@example.com
    Subject: Re: hola
    MIME-Version: 1.0
    Content-Type: text/plain; charset="UTF-8"
    Content-Transfer-Encoding: 8bit

    Both.
    ~:=
    3
    (continue)
    ~f 1
    Interpolating: 1
    (continue)
    ~x
    & r 2 3
    Sorry, can't reply to multiple messages at once
    & m eve@example.org
    Subject: new
    Hi.
    .
    EOT
    & x
  `;
  expect(read("sent")).toMatch(
    /^To: ann@example.org, zoe@example.org\nSubject: Re: hola\n[\s\S]*\nIn-Reply-To: <1@x>\n/,
  );
  expect(read("sent")).toMatch(/To: eve@example.org\nSubject: new\n[\s\S]*\n\nHi\.\n$/);
});

test("folder opens another folder, the previous one, mbox and the spool, and reports a file that cannot be opened", async () => {
  await onTerminal({
    spool: three,
    mailrc: "set quiet folder=Mail\n",
    files: { "Mail/work": mail({ subject: "work" }), mbox: mail({ subject: "old", status: "RO" }) },
  })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & folder +work
    Held 3 messages in {HOME}/spool
    "+work": 1 message 1 new
    & fi #
    "{HOME}/Mail/work" complete
    "{HOME}/spool": 3 messages 2 unread
    & fi &
    "{HOME}/mbox": 1 message
    & fi none
    mail: none: No such file or directory
    & fi m*x
    "mbox": 1 message
    & fi *
    "*": Ambiguous.
    & fi %
    "{HOME}/spool": 3 messages 2 unread
    & echo $HOME ~ +work none*
    {HOME} {HOME} {HOME}/Mail/work none*
    & x
  `;
});

test("a missing endif in a sourced file is reported; after quit or an error in a sourced file, only the rest of that file is ignored", async () => {
  const files = {
    one: "echo one\nquit\necho never\n",
    two: "if s\necho sending\nelse\necho reading\n",
    three: "foo\necho never\n",
  };
  await onTerminal({ spool: three, mailrc: "set quiet\n", files })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & source one
    one
    & source two
    reading
    Unmatched "if"
    & source three
    Unknown command: "foo"
    & source
    source requires at least 1 arg(s)
    & x
  `;
});

test("variables, aliases and header fields are set, listed and removed", async () => {
  await onTerminal({ spool: three, mailrc: "set quiet\n" })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & unset crt nosuch
    "nosuch": undefined variable
    & alias us ann ben
    & alias us carl
    & alias
    us	 carl ben ann
    & alias them
    "them": not a group
    & unalias us
    & alias
    & alternates me@example.org
    & alternates
    me@example.org
    & retain
    No fields currently being retained.
    & retain From SUBJECT
    & retain
    from
    subject
    & x
  `;
});

test("each mistake in a message list has its own error message", async () => {
  await onTerminal({ spool: three, mailrc: "set quiet\n" })`
    $ mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    & p 9
    9: Invalid message number
    & p 1-eve
    Non-numeric second argument
    & p 1 *
    Can't mix "*" with anything
    & p :z
    Unknown colon modifier ":z"
    & p eve
    No applicable messages from {eve}
    & p -
    Referencing before 1
    & foo
    Unknown command: "foo"
    & x
  `;
});

test("with errexit, the first failed command ends the session without changes and sets the exit code", async () => {
  const files = { bad: "nonsense\n", good: "set x\nquit\n" };
  const { read } = await onTerminal({ spool: three, files, mailrc: "set quiet\n" })`
    $ printf 'd 1\np 9\nd 2\nq\n' | mail -N -S errexit
    "{HOME}/spool": 3 messages 1 new 2 unread
    9: Invalid message number
    [exit 1]
    $ printf 'source bad\nd 2\nq\n' | mail -N -S errexit
    "{HOME}/spool": 3 messages 1 new 2 unread
    Unknown command: "nonsense"
    [exit 1]
    $ printf 'source good\n| 1 false\nd 2\nq\n' | mail -N -S errexit
    "{HOME}/spool": 3 messages 1 new 2 unread
    [exit 1]
    $ printf 'p 9\nd 1\nq\n' | mail -N
    "{HOME}/spool": 3 messages 1 new 2 unread
    9: Invalid message number
    Held 2 messages in {HOME}/spool
  `;
  expect(read("spool")).not.toContain("ann@example.org");
});
