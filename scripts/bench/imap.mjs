/**
 * Measures sessions that use folders on an IMAP server. The server is a private Dovecot with Maildir folders on the
 * loopback interface.
 *
 * All clients connect without TLS, through a proxy that counts the bytes from the server.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { writeMaildir } from "./corpus.mjs";
import { openedOnScreen, right } from "./works.mjs";

const user = "ann";
const password = "secret";

/** Functions that return the command line with which a client opens a folder. Messages are decoded, as on a terminal. */
const openings = {
  mail: (client, folder) => {
    const settings = ["decode", "starttls=none", `password-${user}@127.0.0.1=${password}`];
    return [...startOf(client, settings), "-f", `imap://${user}@${folder}`];
  },
  "s-nail": (client, folder) => [
    ...startOf(client, ["v15-compat", "imap-auth=login"]),
    ...["-f", `imap://${user}:${password}@${folder}`],
  ],
  "GNU mail": (client, folder) => [...startOf(client, []), "-f", `imap://${user}:${password}@${folder}`],
};

/** Returns a client's command line, including -S options for the given settings. */
function startOf({ program, options }, settings) {
  return [...program, ...options, ...settings.flatMap((setting) => ["-S", setting])];
}

/** The commands that search for a subject. S-nail's command has a form that makes the server do the search. */
const searches = { "s-nail": (subject) => `from '(subject "${subject}")'` };

/** Forwards connections to the server, and counts the bytes that the server sends. */
async function startProxy(port) {
  let received = 0;
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("data", (piece) => (received += piece.length));
    client.pipe(upstream).pipe(client);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, received: () => received, stop: () => server.close() };
}

/** Writes a folder that contains one message with a large attachment. Returns the message's size in bytes. */
function writeAttachment(path, size) {
  for (const place of ["tmp", "new", "cur"]) mkdirSync(`${path}/${place}`, { recursive: true });
  const content = [
    "From: Somebody <ann@host.example>\nTo: root@host.example\nSubject: the report\nMIME-Version: 1.0\n",
    'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nThe report is attached.\n',
    "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n",
    'Content-Disposition: attachment; filename="report.bin"\n\n',
    `${"QUJD".repeat(19)}\n`.repeat(Math.ceil(size / 77)),
    "--b--\n",
  ].join("");
  writeFileSync(`${path}/cur/1700000000.M000000P1.host.example:2,S`, content);
  return content.length;
}

/**
 * Adds the rows.
 *
 * @param count the number of messages in the large folder
 * @param attached the size of the attachment in bytes
 */
export async function serverFolders({ bench, report, clients, rounds, count, attached }) {
  // Node 20 cannot run TypeScript directly.
  if (!process.features.typescript) register("../typescript-loader.mjs", import.meta.url);
  const { dovecotProgram, startDovecot } = await import("../../test/servers/dovecot.ts");
  if (dovecotProgram === undefined) {
    report.plain(
      "",
      "## A folder on an IMAP server",
      "",
      "Dovecot is not installed, so these tasks were not measured.",
    );
    return;
  }
  const dovecot = await startDovecot("maildir", { secret: password });
  const proxy = await startProxy(dovecot.imapPort);
  try {
    const home = join(dovecot.directory, user);
    const maildir = join(home, "Maildir");
    rmSync(join(home, "dovecot.rawlog"), { recursive: true });
    const { uid, gid } = statSync(home);
    const give = (path) => spawnSync("chown", ["-R", `${uid}:${gid}`, path]);
    const options = { count, average: 1500 };
    const { bytes } = writeMaildir(maildir, options);
    const doomed = Math.min(1_000, count / 4);
    writeMaildir(join(bench.path("doomed")), { count: 2 * doomed, average: 1500 });
    writeAttachment(join(maildir, ".attached"), attached);
    give(maildir);

    const address = (folder) => `127.0.0.1:${proxy.port}/${folder}`;
    const run = async (client, folder, commands, holds) => {
      const before = proxy.received();
      const figure =
        client.onScreen === undefined
          ? await bench.run(openings[client.name](client, address(folder)), {
              input: bench.input(...commands),
            })
          : await openedOnScreen(bench, client, `imap://${user}@${address(folder)}`, count, muttSettings(bench));
      if (figure === undefined) return undefined;
      const result = { ...figure, received: proxy.received() - before };
      return right(
        `${client.name} opens ${folder} on the server: ${commands.join("; ")}`,
        holds(figure.output),
        result,
      );
    };
    const opens = (output) =>
      new RegExp(`(${count} messages|^.[UNO ] ?${String(count).slice(0, 4)})`, "m").test(output);
    const open = (client) => run(client, "INBOX", ["x"], (output) => client.onScreen !== undefined || opens(output));
    const openFirst = (client) => {
      bench.clean();
      mkdirSync(bench.path("home/.cache/mutt"), { recursive: true });
      return open(client);
    };

    report.section("A folder on an IMAP server", { bytes, count });
    const candidates = clients.filter(({ name }) => name !== "bsd-mailx");
    // Dovecot creates its index during the first sessions. GNU mail would take minutes, because it loads all messages.
    await bench.rounds(
      1,
      openFirst,
      candidates.filter(({ name }) => name !== "GNU mail"),
    );
    const first = await bench.rounds(rounds, openFirst, candidates);
    report.work("first opening: banner, first page, x", first);
    // A client that takes more than a minute to open the folder is excluded from the folder's other tasks.
    const readers = candidates.filter(({ name }) => first.get(name).length > 0);
    for (const client of readers) await openFirst(client);
    const later = await bench.rounds(rounds, open, readers);
    report.work("later opening", later);
    const lines = readers.filter(({ onScreen }) => onScreen === undefined);
    const listed = (output) => output.split("\n").filter((line) => /@host\d|Somebody/.test(line)).length;
    report.work(
      "listing 1,000 messages, including the opening",
      await bench.rounds(
        rounds,
        (client) => run(client, "INBOX", ["f 1-1000", "x"], (output) => listed(output) >= 1_000),
        lines,
      ),
    );
    // The subject contains the message number. GNU mail's list contains only the first four digits of the number.
    const subject = String(count - 23);
    report.work(
      "a search for a subject, including the opening",
      await bench.rounds(
        rounds,
        (client) => {
          const search = searches[client.name] ?? client.query ?? client.search;
          return run(client, "INBOX", [search(subject), "x"], (output) =>
            new RegExp(`^[^\\d\n]{0,4}${subject.slice(0, 4)}`, "m").test(output),
          );
        },
        lines,
      ),
    );
    const peers = candidates.filter(({ onScreen }) => onScreen === undefined);
    report.work(
      `printing a message with an attachment of ${Math.round(attached / 2 ** 20)} MiB, including the opening`,
      await bench.rounds(
        rounds,
        (client) => run(client, "attached", ["p 1", "x"], (output) => output.includes("The report is attached.")),
        peers,
      ),
    );
    report.work(
      `deleting ${doomed} of ${2 * doomed} messages and quitting`,
      await bench.rounds(
        rounds,
        async (client) => {
          const folder = join(maildir, ".doomed");
          rmSync(folder, { recursive: true, force: true });
          cpSync(bench.path("doomed"), folder, { recursive: true });
          give(folder);
          const figure = await run(client, "doomed", [`d 1-${doomed}`, "q"], () => true);
          const left = ["cur", "new"].flatMap((place) => readdirSync(join(folder, place))).length;
          return figure && right(`${client.name} left ${left} messages`, left === doomed, figure);
        },
        peers,
      ),
    );
    // The goals apply to a folder of 100,000 messages.
    if (count >= 100_000) compareGoals({ report, first, later });
  } finally {
    proxy.stop();
    await dovecot.stop();
  }
}

/** Lists the rows that do not meet their goals. */
function compareGoals({ report, first, later }) {
  const mine = later.get("mail");
  const snail = first.get("s-nail") ?? [];
  if (snail.length > 0) {
    report.compare("first opening on a server, compared with s-nail", first.get("mail"), [snail], 0.5);
    report.compare("later opening on a server, compared with s-nail", mine, [later.get("s-nail")], 0.25);
  }
  const memory = Math.max(...[...first.get("mail"), ...mine].map((figure) => figure.memory));
  report.limit("memory to open a folder on a server", memory, 110, "MiB");
  const received = Math.max(...mine.map((figure) => figure.received));
  report.limit("data from the server for a later opening", received / 1000, 200, "kB");
}

/** Returns mutt's settings: a login without TLS, and mutt's cache of header fields. */
function muttSettings(bench) {
  return [
    ...[`set imap_pass=${password}`, "set ssl_starttls=no", "set ssl_force_tls=no", "set imap_check_subscribed=no"],
    `set header_cache=${bench.path("home/.cache/mutt")}`,
  ];
}
