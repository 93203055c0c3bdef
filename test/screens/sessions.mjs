/**
 * The sessions that `npm run screens` runs. A step types text or resizes the window. The step then waits until the
 * screen ends with `until`, in which █ is the cursor. Without `until`, the step waits until the program exits. The
 * screen is recorded only after a step that has a name. An excerpt records only the last command and its output.
 */

import { discussionMailbox } from "./discussion.mjs";

const wide = { rows: 24, columns: 80 };
const narrow = { rows: 24, columns: 40 };

function message({ from, subject, day = "Sat Jan 16 18:22:01 2021", status, body = "A line of text.\n", more = "" }) {
  const address = /<(.*)>/.exec(from)?.[1] ?? from;
  const state = status === undefined ? "" : `Status: ${status}\n`;
  return `From ${address} ${day}\nFrom: ${from}\nTo: root@host.example\nSubject: ${subject}\n${more}${state}\n${body}\n`;
}

const hola = message({ from: "Debian <debian@DOMINIO>", subject: "Re: hola", status: "O" });
const cron = message({
  from: "cron@host.example",
  subject: "Cron <root@host> test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily",
  day: "Sun Jan 17 06:25:00 2021",
});
const read = message({ from: "ann@example.org", subject: "lunch", day: "Mon Jan 18 11:00:00 2021", status: "RO" });

const utf8 = "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n";
const base64 = (text) => `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;

const discussion = message({
  from: "bob@example.org",
  subject: "the plan",
  body: `I have read https://example.org/plan?id=7, and (http://wiki.example.org/a).

On Monday ann wrote:
> Shall we?
>> What was asked first
>>> Even before
>>>> Once more
Plain again.
`,
});

const hostile = message({
  from: '"\u001b]0;owned\u0007ann" <ann\u001b[31m@example.org>',
  subject: "\u001b[2J\u001b[H\u202egnp.exe =?UTF-8?Q?=1B[2Jword=0A>U__9_fake?=",
  body: "red \u001b[31mred\u001b[0m, bell \u0007, erase \u001b[2J, C1 \u009b2J, back\b\b\b\b, \u202ereversed\u202c.\n",
  more: utf8,
});

const mime = message({
  from: "=?UTF-8?Q?Jos=C3=A9_root=40bank.example?= <jose@example.org>",
  subject: base64("Mañana: la reunión"),
  more: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
  body: `--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>Hasta <b>ma=F1ana</b>. <a href=3D"http://evil.example/">www.bank.example</a></p>
--b
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:Reunion
DTSTART;TZID=Europe/Madrid:20260116T182200
DTEND;TZID=Europe/Madrid:20260116T192200
ORGANIZER;CN=Ann:mailto:ann@example.org
END:VEVENT
END:VCALENDAR
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''a%C3%B1o.pdf

12345
--b--
`,
});

const bounce = message({
  from: "Mail Delivery System <MAILER-DAEMON@host.example>",
  subject: "Undelivered Mail Returned to Sender",
  more: "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\n",
  body: `--r

It could not be delivered.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; host.example

Final-Recipient: rfc822; nobody@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 User unknown
--r
Content-Type: message/rfc822

From: root@host.example
Subject: backup

done
--r--
`,
});

const attachments = message({
  from: "ann@example.org",
  subject: "files",
  more: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
  body: `--b
Content-Type: text/plain

See below.
--b
Content-Type: text/plain; name="b.txt"
Content-Disposition: attachment; filename="b.txt"

one
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="c.bin"
Content-Transfer-Encoding: base64

AAEC
--b--
`,
});

/** Debian's start-up file without the pager. A test program receives the mail, so that none is sent. */
const mailrc = `set ask askcc append dot save sendmail=bin/take sendwait
ignore received message-id resent-message-id status mail-from return-path via delivered-to
`;
const taking = { "bin/take": "#!/bin/sh\ncat >sent\n" };

/** The window heights that are needed for 50 messages and for the complete help text. */
const tall = { list: 56, help: 300 };

const muttrc = `set folder=. spoolfile=spool record=/dev/null mbox_type=mbox
set sort=threads sort_aux=last-date-received
`;

/** Returns the sessions in which other mail clients display these messages as threads. */
function peersAt(columns) {
  const size = { rows: tall.list, columns };
  return {
    [`s-nail-${columns}`]: {
      title: `the same list in S-nail, in ${columns} columns`,
      requires: "/usr/bin/s-nail",
      argv: ["s-nail", "-n", "-S", "screen=60", "-f", "spool"],
      size,
      excerpt: true,
      files: { spool: discussionMailbox() },
      steps: [
        { until: "? █" },
        { type: "thread\r", until: "? █" },
        { name: "thread", type: "h\r", until: "? █" },
        { type: "collapse *\r", until: "? █" },
        { name: "collapse *", type: "h\r", until: "? █" },
        { type: "x\r" },
      ],
    },
    [`mutt-${columns}`]: {
      title: `the same list in mutt, in ${columns} columns`,
      requires: "/usr/bin/mutt",
      argv: ["mutt", "-n", "-F", "muttrc", "-R", "-f", "spool"],
      size,
      files: { muttrc, spool: discussionMailbox() },
      steps: [
        { name: "threads", until: /Msgs:50[^\n]*$/ },
        { name: "all threads collapsed", type: "\x1bV", until: /█[^\n]*\n(?:[^\n]*\n){0,60}[^\n]*Msgs:50[^\n]*$/ },
        { type: "x" },
      ],
    },
  };
}

/** Returns the sessions that show lists, threads and help in a window of a given width. */
function sessionsAt(columns) {
  return {
    [`list-${columns}`]: {
      title: `a list of 50 messages, in threads and collapsed, in ${columns} columns`,
      size: { rows: tall.list, columns },
      excerpt: true,
      files: { ".mailrc": mailrc, spool: discussionMailbox() },
      steps: [
        { name: "mail", until: "& █" },
        { name: "thread", type: "thread\r", until: "& █" },
        { name: "collapse *", type: "collapse *\r", until: "& █" },
        { type: "x\r" },
      ],
    },
    ...(columns > 80 ? {} : peersAt(columns)),
    [`help-${columns}`]: {
      title: `help in ${columns} columns`,
      size: { rows: tall.help, columns },
      excerpt: true,
      files: { ".mailrc": mailrc, spool: hola },
      steps: [
        { name: "mail", until: "& █" },
        { name: "?", type: "?\r", until: "& █" },
        { name: "help msglist", type: "help msglist\r", until: "& █" },
        { type: "x\r" },
      ],
    },
  };
}

export const sessions = {
  story: {
    title: "the acceptance test: the list, a message, quit",
    size: wide,
    files: { ".mailrc": mailrc, spool: hola + cron + read },
    steps: [
      { name: "mail", until: "& █" },
      { name: "1", type: "1\r", until: "A line of text.\n\n& █" },
      { name: "an empty line goes to the next", type: "\r", until: "ron.daily\n\nA line of text.\n\n& █" },
      { name: "q", type: "q\r" },
    ],
  },
  narrow: {
    title: "the list, a message and help in 40 columns",
    size: narrow,
    files: { ".mailrc": mailrc, spool: hola + cron + read },
    steps: [
      { name: "mail", until: "& █" },
      { name: "2", type: "2\r", until: "A line of text.\n\n& █" },
      { name: "help save", type: "help save\r", until: "Example: set save\n& █" },
      { name: "x", type: "x\r" },
    ],
  },
  "no-colour": {
    title: "NO_COLOR: the same text, without attributes",
    size: wide,
    env: { NO_COLOR: "1" },
    colours: true,
    files: { ".mailrc": mailrc, spool: discussion + hola },
    steps: [
      { name: "mail", until: "& █" },
      { name: "1", type: "1\r", until: "Plain again.\n\n& █" },
      { name: "delte", type: "delte\r", until: "delete?\n& █" },
      { name: "x", type: "x\r" },
    ],
  },
  colours: {
    title: "the styles of new, current and deleted messages, fields, quotations by depth and links",
    size: wide,
    colours: true,
    files: { ".mailrc": mailrc, spool: discussion + cron + read },
    steps: [
      { name: "mail", until: "& █" },
      { name: "1", type: "1\r", until: "Plain again.\n\n& █" },
      { name: "an unknown command", type: "delte\r", until: "delete?\n& █" },
      { name: "a mistake", type: "save 1 /nowhere/x\r", until: "directory\n& █" },
    ],
  },
  wide: {
    title: "subjects with wide characters, emoji and accents, plain and encoded",
    size: wide,
    files: {
      ".mailrc": mailrc,
      spool: [
        "日本語の件名です。とても長いので途中で切れます。はい、そうです。",
        base64("한국어 제목과 긴 설명이 이어집니다 그리고 더 길게"),
        "🎉 party 🎂 tonight 🍕 at our place, bring your friends and family",
        "=?ISO-8859-1?Q?Se=F1ores_de_a=F1o?=",
        "cafe\u0301 nai\u0308ve",
        base64("Привет, мир: это очень длинная тема письма"),
      ]
        .map((subject, index) => message({ from: `user${index + 1}@例え.jp`, subject }))
        .join(""),
    },
    steps: [
      { name: "mail", until: "& █" },
      { name: "4", type: "4\r", until: "A line of text.\n\n& █" },
      { name: "a line of wide characters", type: "/日本語の件名\x1b[D\x1b[D\x7f", until: "/日本語█件名" },
      { name: "Ctrl-E, Ctrl-U", type: "\x05\x15", until: "& █" },
      { name: "it finds the message", type: "p /件名\r", until: "A line of text.\n\n& █" },
    ],
  },
  resize: {
    title: "the window changes while the list is shown, and while a line is typed",
    size: wide,
    files: { ".mailrc": mailrc, spool: hola + cron + read },
    steps: [
      { name: "mail", until: "& █" },
      { name: "40 columns", resize: narrow, until: "& █" },
      { name: "h", type: "h\r", until: "lunch\n& █" },
      { name: "a long line", type: "save 1 +a-folder-with-a-name-that-needs-room", until: "room█" },
      {
        name: "100 columns",
        resize: { rows: 24, columns: 100 },
        until: "& save 1 +a-folder-with-a-name-that-needs-room█",
      },
      {
        name: "h again",
        type: "\x15h\r",
        until: "anacr…\n    3 ann@example.org          Mon Jan 18 11:00    8/134   lunch\n& █",
      },
    ],
  },
  editing: {
    title: "line editing: history, search, completion, prompt",
    size: wide,
    files: {
      ".mailrc": `${mailrc}set prompt="%f %u> " folder=folders\n`,
      "folders/archive": "",
      "folders/articles": "",
      spool: hola + cron + read,
    },
    steps: [
      { name: "mail", until: "spool 2> █" },
      { name: "two commands", type: "f 1\rsize 2\r", until: "2: 7/202\nspool 2> █" },
      { name: "up, up", type: "\x1b[A\x1b[A", until: "> f 1█" },
      { name: "edited", type: "\x7f3\r", until: "lunch\nspool 2> █" },
      { name: "Ctrl-R si", type: "\x12si", until: "(search) si: █size 2" },
      { name: "Ctrl-E and more", type: "\x05 3", until: "> size 2 3█" },
      { name: "Tab knows a command", type: "\x15sav\t", until: "> save█" },
      { name: "and shows the choice", type: "\t", until: "> save█" },
      { name: "Tab knows folders", type: " 1 +\t\t", until: "+articles\nspool 2> save 1 +ar█" },
      { name: "Tab knows senders", type: "\x15p an\t", until: "> p ann@example.org █" },
      { name: "Ctrl-W and Ctrl-Y", type: "\x17\x01\x19\x05", until: "> ann@example.org p █" },
      { name: "Ctrl-C drops the line", type: "\x03", until: "Interrupt\nspool 2> █" },
      { name: "Ctrl-D ends", type: "\x04" },
    ],
  },
  compose: {
    title: "writing a message: the subject, edited lines, an escape, and Cc with an initial value",
    size: wide,
    files: { ".mailrc": mailrc, ...taking, spool: hola },
    steps: [
      { name: "mail", until: "& █" },
      { name: "m", type: "m ann@example.org\r", until: "Subject: █" },
      { name: "a subject, edited", type: "hullo\x1b[D\x1b[D\x1b[D\x7fo\x05 日本", until: "Subject: hollo 日本█" },
      { name: "the text", type: "\rDear An,\x1b[D\x1bb\x06\x06n\x05\rsecond line", until: "Dear Ann,\nsecond line█" },
      { name: "Ctrl-C once", type: "\x03", until: "(Interrupt -- one more to kill letter)\n█" },
      { name: "Ctrl-Y brings the line back", type: "\x19", until: "letter)\nsecond line█" },
      { name: "on, with copies", type: "\rthird line\r~c bob@example.org\r~p\r", until: "(continue)\n█" },
      { name: "a dot", type: ".\r", until: "Cc: bob@example.org█" },
      { name: "the copy is changed", type: "\x17eve@example.org\r", until: "& █" },
      { name: "what was sent", type: "!grep -v -e ^Date: -e ^Message-ID: sent\r", until: "!\n& █" },
      { name: "x", type: "x\r" },
    ],
  },
  help: {
    title: "help: commands by task through the pager, and a single command",
    size: wide,
    env: { PAGER: "cat" },
    files: { ".mailrc": `${mailrc}set crt\n`, spool: hola },
    steps: [
      { name: "mail", until: "& █" },
      { name: "?", type: "?\r", until: "or msglist.\n& █" },
      { name: "help reply", type: "help reply\r", until: "Example: reply 3\n& █" },
      { name: "unset crtt", type: "unset crtt\r", until: "crt?\n& █" },
      { name: "q", type: "x\r" },
    ],
  },
  folders: {
    title: "choosing a folder and a variable from a list",
    size: wide,
    env: { NO_COLOR: "1" },
    files: {
      ".mailrc": `${mailrc}set folder=folders\n`,
      "folders/archive": read,
      "folders/\u001b[31mred": hola,
      spool: hola + cron,
    },
    steps: [
      { name: "mail", until: "& █" },
      { name: "folder ?", type: "folder ?\r", until: "+archive" },
      { name: "down to the archive", type: "\x1b[B\x1b[B\x1b[B\r", until: "lunch\n& █" },
      { name: "set ?", type: "set ?\r", until: "…" },
      { name: "down to the fifth", type: "\x1b[B\x1b[B\x1b[B\x1b[B\r", until: "(y/█N) ‣ false" },
      { name: "y", type: "y", until: "& █" },
      { name: "it is set", type: "set ?\r", until: "…" },
      { name: "Ctrl-C chooses nothing", type: "\x03", until: "& █" },
      { name: "x", type: "x\r" },
    ],
  },
  parts: {
    title: "attachments are chosen from a list and saved",
    size: wide,
    env: { NO_COLOR: "1" },
    files: { ".mailrc": mailrc, "saved/keep": "", spool: attachments },
    steps: [
      { name: "mail", until: "& █" },
      { name: "save -p ?", type: "save -p ? saved\r", until: "c.bin, application/octet-stream" },
      { name: "two are marked", type: "\x1b[B \x1b[B ", until: "▸ [x] 3 c.bin, application/octet-stream" },
      { name: "Enter saves them", type: "\r", until: "& █" },
      { name: "x", type: "x\r" },
    ],
  },
  mime: {
    title: "a multipart message and a delivery report, decoded and as stored",
    size: wide,
    env: { NO_COLOR: "1" },
    files: { ".mailrc": mailrc, spool: mime + bounce },
    steps: [
      { name: "mail", until: "& █" },
      { name: "1", type: "1\r", until: "5 B]\n\n& █" },
      { name: "parts", type: "parts\r", until: "año.pdf\n& █" },
      { name: "2", type: "2\r", until: "Subject: backup\n\n& █" },
      { name: "the first as it is stored", type: "set nodecode\rtop 1\r", until: "boundary=b\n& █" },
      { name: "x", type: "x\r" },
    ],
  },
  hostile: {
    title: "a message cannot control the terminal",
    size: wide,
    files: { ".mailrc": mailrc, spool: hostile + hola },
    steps: [
      { name: "mail", until: "& █" },
      { name: "1", type: "1\r", until: "\n\n& █" },
      { name: "r, given up", type: "r\r~x\r", until: "~x\n& █" },
    ],
  },
  job: {
    title: "Ctrl-Z suspends the session and restores the terminal, and fg continues with the line",
    size: wide,
    argv: ["/bin/bash", "--norc", "--noprofile", "-i"],
    env: { PS1: "$ ", HISTFILE: "" },
    files: { ".mailrc": mailrc, spool: hola },
    steps: [
      { name: "a shell", until: "$ █" },
      { name: "mail", type: "mail -n\r", until: "& █" },
      { name: "half a line, Ctrl-Z", type: "size\x1a", until: "mail -n\n$ █" },
      {
        name: "the shell's own terminal modes are back",
        type: "stty -a | grep -c -e -icanon; echo done\r",
        until: "done\n$ █",
      },
      { name: "fg", type: "fg\r", until: "& size█" },
      { name: "the line is still there", type: " 1\r", until: "1: 8/143\n& █" },
      { name: "x", type: "x\r", until: "$ █" },
    ],
  },
  ...sessionsAt(40),
  ...sessionsAt(80),
  ...sessionsAt(200),
};
