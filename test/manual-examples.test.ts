/** Runs each example of the manual in a shell, as a reader would type it. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openLog } from "../src/maild/log.ts";
import { listen, type Server } from "../src/maild/server.ts";

const root = process.cwd();
const place = mkdtempSync(join(tmpdir(), "mail-examples-"));
const log = join(place, "mail.log");
let server: Server;

const message = (subject: string) =>
  `From ann@example.org Sat Jan 16 18:22:03 2021\nFrom: ann@example.org\nSubject: ${subject}\n\nText of ${subject}\n\n`;

/** Creates everything that the examples need: files, mailboxes, and a server on the port that they use. */
beforeAll(async () => {
  const bin = join(place, "bin");
  for (const name of [
    bin,
    join(place, "spool"),
    ...["", "new", "cur", "tmp"].map((each) => join(place, "Maildir", each)),
  ]) {
    mkdirSync(name, { recursive: true });
  }
  for (const name of ["mail", "maild"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bin", `${name}.js`)}" "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  // make(1) may be missing on this machine.
  writeFileSync(join(bin, "make"), '#!/bin/sh\ntest "$*" = backup && echo done\n', { mode: 0o755 });
  const options = {
    listen: "127.0.0.1",
    port: 0,
    spool: join(place, "spool"),
    domain: "example.org",
    users: ["ann", "bob", "root"],
    clients: 100,
    stateDirectory: join(place, "state"),
  };
  server = await listen(options, openLog(log));
  const mailrc = `set mta=smtp://${address()}\nset maillog=${log}\nset from=ann@example.org\n`;
  writeFileSync(join(place, ".mailrc"), mailrc, { mode: 0o600 });
  const files = {
    "figures.txt": "1\n2\n",
    "report.pdf": "%PDF-1.4\n",
    text: "Some text.\n",
    message: "To: ann@example.org\nSubject: Whole\n\nText.\n",
    dialogue: "EHLO here\nMAIL FROM:<ann@example.org>\nRCPT TO:<root@example.org>\nDATA\nSubject: x\n\nx\n.\nQUIT\n",
    "archive.mbox.gz": gzipSync(message("archived")),
    "Maildir/new/1.host": message("in a Maildir").replace(/^From .*\n/, ""),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content);
});

afterAll(async () => {
  await server.close();
  rmSync(place, { recursive: true, force: true });
});

const address = () => server.address.replace("[::]", "127.0.0.1");

/** Returns the `.Dl` lines of a page's EXAMPLES section. */
function examplesOf(page: string): string[] {
  const source = readFileSync(join(root, "man", page), "utf8");
  const section = source.slice(source.indexOf(".Sh EXAMPLES")).split(/^\.Sh (?!EXAMPLES)/m)[0] ?? "";
  return [...section.matchAll(/^\.Dl (.*)$/gm)].map(([, line = ""]) =>
    line.replaceAll("\\(dq", '"').replaceAll("\\e", "\\").replaceAll("\\-", "-"),
  );
}

async function type(line: string): Promise<{ code: number | null; out: string; err: string }> {
  // Each example begins with the same mailbox.
  writeFileSync(join(place, "mailbox"), message("new") + message("newer"));
  const child = spawn("bash", ["-c", line.replaceAll("localhost:2525", address())], {
    cwd: place,
    env: {
      PATH: `${join(place, "bin")}:${process.env["PATH"]}`,
      HOME: place,
      MAIL: join(place, "mailbox"),
      USER: "root",
      LOGNAME: "root",
      address: "ann@example.org",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (piece: Buffer) => (said.out += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (said.err += piece.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...said };
}

/**
 * The output that an example must produce. An example must also exit with code 0. The result of `mail --check` depends
 * on the machine.
 */
const shows: Readonly<Record<string, RegExp>> = {
  "mail --dry-run -s Hello ann@example.org < text": /^Subject: Hello\r?$/m,
  "echo hello | mail -v -S mta=smtp://localhost:2525 root": /Queued as [0-9A-F]+/,
  "mail --track": /delivered to mailbox/,
  "mail --smtp localhost:2525 < dialogue": /Queued as/,
  mail: /"[^"]*mailbox": 2 messages 2 new/,
  "mail -f archive.mbox.gz": /1 message 1 new \[Read only\](?:.|\n)*archived/,
  "mail -f Maildir/": /1 message 1 new(?:.|\n)*in a Maildir/,
  "mail -e && echo yes": /^yes\n$/,
  "mail --count is:new": /^2\n$/,
  "mail --print 1": /Text of new/,
  "mail --config": /^set append/m,
  "mail help message-lists": /Most commands take a list of messages/,
  "mail --check root": /^ok {4}recipient: mail for root/m,
};

test.each(examplesOf("mail.1"))("the example of mail(1) succeeds: %s", async (line) => {
  const { code, out, err } = await type(line);
  const doctor = line.startsWith("mail --check");
  const nothingFound = line.startsWith("mail --json");
  if (!doctor)
    expect({ code, err }).toEqual({ code: nothingFound ? 1 : 0, err: line === "mail" ? "" : expect.any(String) });
  expect(out).toMatch(shows[line] ?? "");
});

test("every example with an expected output is in the manual", () => {
  expect(examplesOf("mail.1")).toEqual(expect.arrayContaining(Object.keys(shows)));
});

test("the example of mailrc(5) is read without errors", () => {
  const source = readFileSync(join(root, "man/mailrc.5"), "utf8");
  const [, example = ""] = /\.Sh EXAMPLES\n(?:.*\n)*?\.Bd -literal.*\n((?:.*\n)*?)\.Ed/.exec(source) ?? [];
  expect(example).toContain("set ");
  const path = join(place, "example.rc");
  writeFileSync(path, example, { mode: 0o600 });
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, "bin/mail.js"), "-n", "--config"], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: place, MAILRC: path },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(`# ${path}:1`);
  expect(stdout).not.toContain("not a variable of mail");
});

test.each(examplesOf("maild.8").filter((line) => line.startsWith("maild ")))("maild(8) runs: %s", async (line) => {
  const mine = line
    .replace(/--port \d+/, "--port 0")
    .replaceAll("/var/mail", join(place, "spool"))
    .replaceAll("/var/log", place);
  const child = spawn("sh", ["-c", `exec ${mine}`], {
    env: { PATH: `${join(place, "bin")}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line1 = await new Promise<string>((resolve) => child.stdout.once("data", (piece) => resolve(String(piece))));
  child.kill();
  await new Promise((resolve) => child.once("close", resolve));
  expect(line1).toMatch(/^maild: listening on 127\.0\.0\.1:\d+\n$/);
});
