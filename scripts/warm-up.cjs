/**
 * Runs tasks of a program during the build, and stores the functions that V8 compiled for them in the code cache. The
 * caller writes the message body to standard input and discards the output. HOME is a temporary directory.
 *
 * node scripts/warm-up.cjs DIRECTORY PROGRAM TASK...
 */
"use strict";
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { SMTPServer } = require("smtp-server");

/** Accepts every message. */
const server = () =>
  new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onData: (stream, _session, done) => stream.on("end", done).resume(),
  });

const mailbox = "From a@x Sat Jan 16 18:22:03 2021\nFrom: A <a@x>\nTo: b@x\nSubject: s\n\ntext\n\n";

const tasks = {
  version: ({ main }) => main(["-V"]),
  send: async ({ main }) => {
    const listening = server().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const mta = `mta=smtp://127.0.0.1:${listening.address().port}`;
    await main(["-n", "-S", mta, "-s", "subject", "-a", "X-One: 1", "a@x.example"]);
    listening.close();
  },
  read: async ({ main, home }) => {
    const box = path.join(home, "box");
    fs.writeFileSync(box, mailbox);
    await main(["-n", "-H", "-f", box]);
    await main(["-n", "-f", box]);
  },
  list: async ({ main, home }) => main(["-n", "--json", "--limit", "1", "--newest", "-f", path.join(home, "box")]),
};

async function warmUp({ main }, names) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "mail-build-"));
  for (const name of Object.keys(process.env)) if (/^(XDG_|MAIL|MBOX$|DEAD$)/.test(name)) delete process.env[name];
  process.env.HOME = home;
  try {
    for (const name of names) await tasks[name]({ main, home });
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

const [, , directory, program, ...names] = process.argv;
const { modules, program: startOf } = require("../bin/mail.js")(directory);
void warmUp(startOf(program), names).then(() => {
  const other = [...modules.keys()].find((file) => !/^(maild?|mail-.*|rolldown-runtime)[.]cjs$/.test(file));
  if (other !== undefined) throw new Error(`a task loads ${other}: add its module to parts in scripts/build.mjs`);
  for (const [file, { script }] of modules) fs.writeFileSync(`${directory}/${file}.cache`, script.createCachedData());
  process.exit();
});
