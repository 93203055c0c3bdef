/**
 * Runs of `mail` while it is built: what they load settles the parts of the program, and what they compile gets into the
 * code cache. A message sent to a server here, and a header list. The text is on standard input, output leads nowhere;
 * HOME is a directory that is removed again.
 *
 * node scripts/warm-up.cjs DIRECTORY PROGRAM --list-modules|--write-code-cache TASK...
 */
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");

/** Says yes to all. */
function server() {
  return net.createServer((socket) => {
    let data = false;
    socket.write("220 here ESMTP\r\n");
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      const text = piece.toString("latin1");
      if (data) {
        if (!text.endsWith(".\r\n")) return;
        data = false;
        socket.write("250 2.0.0 queued as 1\r\n");
        return;
      }
      for (const line of text.split("\r\n").filter((each) => each !== "")) {
        data = line === "DATA";
        socket.write(
          /^EHLO/.test(line)
            ? "250-here\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            : data
              ? "354 go on\r\n"
              : "250 2.0.0 Ok\r\n",
        );
      }
    });
  });
}

const mailbox = "From a@x Sat Jan 16 18:22:03 2021\nFrom: A <a@x>\nTo: b@x\nSubject: s\n\ntext\n\n";

const tasks = {
  version: ({ main }) => main(["-V"]),
  send: async ({ main }) => {
    const listening = server().listen(0, "127.0.0.1");
    await new Promise((resolve) => listening.once("listening", resolve));
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

// What has run is compiled, and so in the cache; what a task loads belongs to its part.
const [, , directory, program, wanted, ...names] = process.argv;
const { parts, modules, program: startOf } = require("../bin/mail.js")(directory);
void warmUp(startOf(program), names).then(() => {
  if (wanted === "--list-modules") fs.writeSync(1, `\n${JSON.stringify([...modules.keys()])}`);
  else {
    for (const [name, { script }] of parts) {
      fs.writeFileSync(`${directory}/${name}.cjs.cache`, script.createCachedData());
    }
  }
  process.exit();
});
