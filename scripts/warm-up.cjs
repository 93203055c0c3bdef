/**
 * Runs tasks of a program during the build, and creates the code caches of the parts that the tasks load. The caller
 * writes the message body to standard input and discards the output. HOME is a temporary directory.
 *
 * A part's cache contains the functions that V8 had compiled by the end of the first task that loads the part. Sending is
 * the first task, so that it does not load functions that only reading uses.
 *
 * node scripts/warm-up.cjs DIRECTORY PROGRAM TASK...
 */
"use strict";
const { once } = require("node:events");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { SMTPServer } = require("smtp-server");

/** Accepts every message. */
const server = () =>
  new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onData: (stream, _session, done) => stream.on("end", done).resume(),
  });

/** A message with the fields that most messages have, so that the functions that parse them are compiled. */
const message = `From a@x.example Sat Jan 16 18:22:03 2021
Return-Path: <a@x.example>
Received: from x.example (x.example [192.0.2.1]) by y.example; Sat, 16 Jan 2021 18:22:03 +0000
Message-ID: <1@x.example>
In-Reply-To: <0@x.example>
References: <0@x.example>
Date: Sat, 16 Jan 2021 18:22:03 +0000
From: "A, B" <a@x.example>
To: b@x.example, C <c@x.example>
Cc: d@x.example
Subject: =?utf-8?Q?s=C3=A9?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Status: RO

text

`;
/** Large enough for its index to be kept. */
const largeMailbox = message.repeat(Math.ceil((5 << 20) / message.length));
/** The age in milliseconds from which any change to a mailbox visibly changes its timestamps. */
const settled = 3000;

const fields = "From: A <a@x>\r\nTo: b@x\r\nSubject: s\r\n\r\n";
const whole = `${fields}text\r\n`;
const facts = 'UID 1 FLAGS () RFC822.SIZE 50 INTERNALDATE "16-Jan-2021 18:22:03 +0000"';

/**
 * The responses of an IMAP server that has one message. The first pattern that matches a command selects the response.
 */
const responses = [
  [/CAPABILITY/, "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN ENABLE CONDSTORE QRESYNC ESEARCH UIDPLUS"],
  [/ENABLE/, "* ENABLED CONDSTORE QRESYNC"],
  [/SELECT/, "* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 2]\r\n* OK [HIGHESTMODSEQ 1]"],
  [/SEARCH RETURN \(ALL\) (?:ALL|UNSEEN)/, '* ESEARCH (TAG "1") UID ALL 1'],
  [/SEARCH/, '* ESEARCH (TAG "1") UID'],
  [/HEADER\.FIELDS \((.*)\)/, (names) => `* 1 FETCH (${facts} ${literal(`HEADER.FIELDS (${names})`, fields)})`],
  [/BODY\.PEEK/, () => `* 1 FETCH (${facts} ${literal("", whole)})`],
  [/FETCH/, `* 1 FETCH (${facts})`],
];
const literal = (section, bytes) => `BODY[${section}]<0> {${bytes.length}}\r\n${bytes}`;

const imapServer = () =>
  net.createServer((socket) => {
    socket.write("* OK ready\r\n");
    socket.on("data", (piece) => {
      for (const line of piece.toString().trim().split("\r\n")) {
        const [, tag, command] = /^(\S+) (.*)/.exec(line);
        const [pattern, response] = responses.find(([each]) => each.test(command)) ?? [];
        const text = typeof response === "function" ? response(pattern.exec(command)[1]) : response;
        socket.write(`${text === undefined ? "" : `${text}\r\n`}${tag} OK done\r\n`);
      }
    });
  });

/** Runs the built-in start-up commands and those of the user's file, but not those of this machine. */
const startUpFiles = "-:xu";

const tasks = {
  send: async ({ main }) => {
    const listening = server().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const mta = `mta=smtp://127.0.0.1:${listening.address().port}`;
    await main([startUpFiles, "-S", mta, "-s", "subject", "-a", "X-One: 1", "a@x.example"]);
    listening.close();
  },
  read: async ({ main, home }) => {
    const box = path.join(home, "box");
    await main([startUpFiles, "-H", "-f", box]);
    await main([startUpFiles, "-f", box]);
  },
  list: async ({ main, home }) => {
    const box = path.join(home, "large-box");
    fs.writeFileSync(box, largeMailbox);
    await sleep(settled);
    // The first run creates the index, and the second run uses it.
    for (const _ of [1, 2]) await main([startUpFiles, "--json", "--limit", "20", "--newest", "-f", box]);
    await main([startUpFiles, "--json", "-f", path.join(home, "box")]);
  },
  view: async ({ main, home }) => main([startUpFiles, "-S", "decode", "--print", "-f", path.join(home, "box")]),
  imap: async ({ main, home }) => {
    const listening = imapServer().listen(0, "127.0.0.1");
    await once(listening, "listening");
    fs.writeFileSync(path.join(home, ".netrc"), "machine 127.0.0.1 login a password secret\n", { mode: 0o600 });
    const folder = `imap://a@127.0.0.1:${listening.address().port}/INBOX`;
    // The first run fills the cache, and the second run reads it.
    for (const _ of [1, 2]) await main([startUpFiles, "-S", "starttls=none", "-f", folder]);
    listening.close();
  },
};

async function warmUp({ main }, names, storeCaches) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "mail-build-"));
  for (const name of Object.keys(process.env)) if (/^(XDG_|MAIL|MBOX$|DEAD$)/.test(name)) delete process.env[name];
  process.env.HOME = home;
  fs.writeFileSync(path.join(home, ".mailrc"), "set ask askcc append dot save\nignore Received\n");
  fs.writeFileSync(path.join(home, "box"), message);
  try {
    for (const name of names) {
      await tasks[name]({ main, home });
      storeCaches();
    }
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

const [, , directory, program, ...names] = process.argv;
const { modules, program: startOf } = require("../bin/mail.js")(directory);
const stored = new Set();

/** Stores the caches of the parts that have been loaded since the last call. */
function storeCaches() {
  for (const [file, { script }] of modules) {
    if (stored.has(file)) continue;
    if (!/^(maild?|mail-.*|rolldown-runtime)[.]cjs$/.test(file))
      throw new Error(`a task loads ${file}: add its module to parts in scripts/build.mjs`);
    fs.writeFileSync(`${directory}/${file}.cache`, script.createCachedData());
    stored.add(file);
  }
}

void warmUp(startOf(program), names, storeCaches).then(() => {
  storeCaches();
  process.exit();
});
