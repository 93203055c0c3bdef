/** Tests the program `sendmail`, called as other programs call it, with a server. */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMail, runProgram, sendmailPath } from "../run-mail.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";

let home: string;
let server: ScriptedServer;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-sendmail-"));
  await serve();
});
afterEach(async () => {
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

const environment = () => ({
  HOME: home,
  PATH: process.env["PATH"] ?? "",
  MAIL_QUEUE_SPOOL: join(home, "no-spool"),
});

/** Starts a server, and writes a start-up file that names the server and also contains the given lines. */
async function serve(script: Script = {}, ...lines: string[]): Promise<void> {
  await closeServers();
  server = await scriptedServer(script, home === undefined ? 0 : (ports.get(home) ?? 0));
  ports.set(home, server.port);
  settings(`set mta=smtp://127.0.0.1:${server.port}`, ...lines);
}
const ports = new Map<string, number>();

const settings = (...lines: string[]) => writeFileSync(join(home, ".mailrc"), `${lines.join("\n")}\n`, { mode: 0o600 });

const sendmail = (argv: readonly string[], input: string | Uint8Array = "", env: Record<string, string> = {}) =>
  runProgram(sendmailPath, argv, { ...environment(), ...env }, input);

const envelope = () => server.commands.filter((command) => /^(?:MAIL|RCPT)/.test(command));
const queued = () => {
  const directory = join(home, ".local/state/mail/queue");
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".message")) : [];
};

test("a message with recipients in its header is sent without its Bcc field, and missing fields are added", async () => {
  const text = "To: Ann <ann@x.org>\nCc: bob@x.org\nBcc: carl@x.org\nSubject: s\n\nbody\n..\n";
  expect(await sendmail(["-t", "-i", "-f", "me@x.org", "-F", "Me Myself"], text)).toEqual({
    exit: 0,
    out: "",
    err: "",
  });
  expect(envelope()).toEqual([
    "MAIL FROM:<me@x.org>",
    ...["ann", "bob", "carl"].map((name) => `RCPT TO:<${name}@x.org>`),
  ]);
  expect(server.messages).toEqual([
    expect.stringMatching(
      /^To: Ann <ann@x\.org>\nCc: bob@x\.org\nSubject: s\nMessage-Id: <\S+>\nDate: \w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4}\nFrom: Me Myself <me@x\.org>\n\nbody\n\.\.\n$/,
    ),
  ]);
});

test("the hostname variable sets the host in the sender address, the Message-Id and EHLO", async () => {
  await serve({}, "set hostname=host.example");
  await sendmail(["ann"], "Subject: s\n\nbody\n");
  expect(server.commands[0]).toBe("EHLO host.example");
  expect(envelope()).toEqual([expect.stringMatching(/^MAIL FROM:<\S+@host\.example>/), "RCPT TO:<ann@host.example>"]);
  expect(server.messages[0]).toMatch(/^Message-Id: <\S+@host\.example>$/m);
});

test("each recipient on the command line and in the header receives one copy", async () => {
  await sendmail(["-t", "ann@x.org", "bob@x.org, carl@x.org"], "To: carl@x.org, dora@x.org\n\n");
  expect(envelope().slice(1)).toEqual(["ann", "bob", "carl", "dora"].map((name) => `RCPT TO:<${name}@x.org>`));
});

test("without -t, the header's recipients receive nothing, and Bcc is removed", async () => {
  await sendmail(["ann@x.org"], "To: bob@x.org\nBcc: carl@x.org\nFrom: f@x.org\n\n");
  expect(envelope().slice(1)).toEqual(["RCPT TO:<ann@x.org>"]);
  expect(server.messages[0]).not.toContain("carl");
});

test("the body's bytes are not changed, with or without 8BITMIME", async () => {
  const body = Buffer.concat([Buffer.from("From x\n.\n\n"), Buffer.from([0xff, 0xe9, 0x80]), Buffer.from("\tend  \n")]);
  const message = Buffer.concat([Buffer.from("Subject: \xe9\n\n", "latin1"), body]);
  await serve({ EHLO: "250-here\r\n250 8BITMIME" });
  await sendmail(["-i", "ann@x.org"], message);
  expect(server.commands).toContainEqual(expect.stringMatching(/^MAIL FROM:<.*> BODY=8BITMIME/));
  const [eight] = server.messages;
  await serve({ EHLO: "250 here" });
  await sendmail(["-i", "ann@x.org"], message);
  expect(server.commands).toContainEqual(expect.stringMatching(/^MAIL FROM:<[^>]*>$/));
  for (const sent of [eight, server.messages[0]]) {
    expect(sent).toMatch(/^Subject: \xe9\n/);
    expect(sent?.slice(sent.indexOf("\n\n") + 2)).toBe(body.toString("latin1"));
  }
});

test("an empty message is sent without an empty line, as Postfix's sendmail sends it", async () => {
  await sendmail(["ann@x.org"], "");
  expect(server.messages).toEqual([expect.stringMatching(/\nFrom: [^\n]*\n$/)]);
});

test("a message of several megabytes is sent completely", async () => {
  const body = Array.from(
    { length: 100_000 },
    (_, at) => `${at % 7 === 0 ? "." : ""}line ${at} ${"x".repeat(50)}\n`,
  ).join("");
  expect(await sendmail(["-i", "ann@x.org"], `Subject: s\n\n${body}`)).toMatchObject({ exit: 0 });
  const [sent = ""] = server.messages;
  expect(sent.slice(sent.indexOf("\n\n") + 2) === body).toBe(true);
});

test("-N, -R and -V request notifications", async () => {
  await serve({ EHLO: "250-here\r\n250 DSN" });
  await sendmail(["-N", "success,failure", "-R", "hdrs", "-V", "id=1", "ann@x.org"], "\n");
  expect(envelope()).toEqual([
    expect.stringMatching(/RET=HDRS ENVID=id\+3D1$/),
    "RCPT TO:<ann@x.org> NOTIFY=SUCCESS,FAILURE",
  ]);
});

test("the null sender is sent as <>", async () => {
  await sendmail(["-f", "<>", "ann@x.org"], "\n");
  expect(envelope()[0]).toBe("MAIL FROM:<>");
  expect(server.messages[0]).toContain("From: Mail Delivery System <MAILER-DAEMON@");
});

test("the sender is taken from the system account, not from USER or LOGNAME; the from variable overrides it", async () => {
  await sendmail(["ann@x.org"], "\n", { USER: "somebody", LOGNAME: "somebody" });
  expect(envelope()[0]).not.toContain("somebody");
  await serve({}, 'set from="Office <office@x.org>"');
  await sendmail(["ann@x.org"], "\n");
  expect(envelope()[0]).toBe("MAIL FROM:<office@x.org>");
  expect(server.messages[0]).toContain("From: Office <office@x.org>\n");
});

test.each<[string, string[], string, number]>([
  ["no recipients", [], "Subject: s\n\n", 64],
  ["no recipients in the header", ["-t"], "Subject: s\n\n", 64],
  ["another configuration file", ["-C", "/tmp/cf", "ann@x.org"], "\n", 64],
  ["a sender that is not an address", ["-f", "a b <", "ann@x.org"], "\n", 65],
  ["a recipient that is not an address", ["<a b@x>"], "\n", 65],
])(
  "%s: nothing is sent, and the exit code is the appropriate one from sysexits.h",
  async (_what, argv, input, exit) => {
    expect(await sendmail(argv, input)).toMatchObject({
      exit,
      out: "",
      err: expect.stringMatching(/^sendmail: .*\n$/),
    });
    expect(server.messages).toEqual([]);
  },
);

test("permanently refused recipients are reported and determine the exit code, and the others receive the message", async () => {
  await serve({ RCPT: (line) => (line.includes("bob") ? "550 5.1.1 no bob here" : "250 2.1.5 Ok") });
  expect(await sendmail(["ann@x.org", "bob@x.org"], "\n")).toEqual({
    exit: 67,
    out: "",
    err: "sendmail: bob@x.org: 550 5.1.1 no bob here\n",
  });
  expect(server.messages).toHaveLength(1);
  expect(queued()).toEqual([]);
});

test("if the server is unavailable, the message is queued, listed by mailq, and sent unchanged by -q", async () => {
  await server.close();
  const text = Buffer.from("To: ann@x.org\nSubject: \xe9\n\n\xff body\n", "latin1");
  expect(await sendmail(["-t", "-f", "me@x.org", "-N", "never"], text)).toMatchObject({
    exit: 0,
    err: expect.stringMatching(
      /^sendmail: ann@x\.org: .*Connection refused.*\nsendmail: queued as Q\w+; .* by sendmail -q\n$/,
    ),
  });
  expect(queued()).toHaveLength(1);
  const link = join(home, "mailq");
  symlinkSync(sendmailPath, link);
  const listed = expect.stringMatching(/^Q\w+ .* from <me@x\.org> by smtp:.* 1 attempt, .*\n {4}ann@x\.org: /);
  expect(await runProgram(link, [], environment())).toMatchObject({ exit: 0, out: listed });
  expect(await sendmail(["-bp"])).toMatchObject({ exit: 0, out: listed });
  expect(await sendmail(["-q"])).toMatchObject({
    exit: 75,
    err: expect.stringMatching(/^sendmail: Q.*still in the queue\n$/),
  });
  await serve({ EHLO: "250-here\r\n250-DSN\r\n250 8BITMIME" });
  expect(await sendmail(["-q"])).toMatchObject({ exit: 0, out: expect.stringMatching(/^Q\w+: sent to ann@x\.org/) });
  expect(envelope()).toEqual(["MAIL FROM:<me@x.org> BODY=8BITMIME", "RCPT TO:<ann@x.org> NOTIFY=NEVER"]);
  expect(server.messages[0]).toMatch(/^To: ann@x\.org\nSubject: \xe9\n[\s\S]*\n\n\xff body\n$/);
  expect(await sendmail(["-bp"])).toMatchObject({ out: "The queue is empty\n" });
});

test("temporarily refused recipients are queued, and the others receive the message once", async () => {
  await serve({ RCPT: (line) => (line.includes("bob") ? "450 4.2.0 later" : "250 2.1.5 Ok") });
  expect(await sendmail(["ann@x.org", "bob@x.org"], "\n")).toMatchObject({ exit: 0 });
  await serve();
  expect(await sendmail(["-q"])).toMatchObject({ exit: 0 });
  expect(envelope().slice(1)).toEqual(["RCPT TO:<bob@x.org>"]);
});

test("sending a message also sends the queued messages that are due for the same server", async () => {
  await server.close();
  await sendmail(["ann@x.org"], "Subject: first\n\n");
  const directory = join(home, ".local/state/mail/queue");
  const entry = join(directory, readdirSync(directory).find((name) => name.endsWith(".json")) as string);
  writeFileSync(entry, readFileSync(entry, "utf8").replace(/"next": ".*?"/, '"next": "2021-01-01T00:00:00Z"'));
  await serve();
  await sendmail(["ann@x.org"], "Subject: second\n\n");
  expect(server.messages.map((message) => /^Subject: (.*)$/m.exec(message)?.[1])).toEqual(["second", "first"]);
});

test("if a message can be neither sent nor queued, the exit code is 75", async () => {
  await server.close();
  writeFileSync(join(home, ".local"), "a file");
  expect(await sendmail(["ann@x.org"], "\n")).toMatchObject({
    exit: 75,
    err: expect.stringMatching(/the message is not queued\n/),
  });
});

test("an abandoned message is saved in ~/dead.letter, regardless of DEAD", async () => {
  await server.close();
  await sendmail(["ann@x.org"], "Subject: s\n\nbody\n");
  await serve({ RCPT: "550 5.1.1 no" }, `set DEAD=${home}/elsewhere record=${home}/record`);
  expect(await sendmail(["-q"], "", { DEAD: `${home}/elsewhere` })).toMatchObject({ exit: 67 });
  expect(readFileSync(join(home, "dead.letter"), "utf8")).toMatch(/^X-Not-Delivered: ann@x\.org: 550 5\.1\.1 no\n/);
  expect(existsSync(join(home, "elsewhere"))).toBe(false);
});

test("a start-up file can only set variables: its commands are not run, and record, DEAD and expandaddr have no effect", async () => {
  await serve(
    {},
    `!touch ${home}/ran`,
    `shell touch ${home}/ran`,
    `set record=${home}/record DEAD=${home}/dead expandaddr dryrun debug verbose`,
    "unknown command",
    "set",
    "set from=office@x.org",
    "if r",
    "set from=reader@x.org",
    "endif",
    `source ${home}/more`,
  );
  writeFileSync(join(home, "more"), "set from=more@x.org\n", { mode: 0o600 });
  expect(await sendmail(["ann@x.org", `${home}/file`], "\n")).toMatchObject({ exit: 0, out: "", err: "" });
  expect(envelope()[0]).toBe("MAIL FROM:<more@x.org>");
  for (const name of ["ran", "record", "dead", "file"]) expect(existsSync(join(home, name))).toBe(false);
});

test("a start-up file can select an account, whose variables are set, but whose other commands are not run", async () => {
  const { port } = server;
  settings(
    "account work {",
    `set mta=smtp://127.0.0.1:${port} from=work@x.org`,
    `!touch ${home}/ran`,
    "}",
    "account home {",
    "set from=home@x.org",
    "}",
    "account",
    "account work",
  );
  expect(await sendmail(["ann@x.org"], "\n")).toEqual({ exit: 0, out: "", err: "" });
  expect(envelope()[0]).toBe("MAIL FROM:<work@x.org>");
  expect(existsSync(join(home, "ran"))).toBe(false);
});

test("a password in a start-up file is used only if no other user can read the file", async () => {
  await serve(
    { EHLO: "250-here\r\n250 AUTH PLAIN" },
    `set starttls=none mta=smtp://me@127.0.0.1:${server.port} smtp-auth-password=secret`,
  );
  expect(await sendmail(["ann@x.org"], "\n")).toMatchObject({ exit: 0 });
  expect(server.commands).toContain(`AUTH PLAIN ${Buffer.from("\0me\0secret").toString("base64")}`);
  chmodSync(join(home, ".mailrc"), 0o644);
  expect(await sendmail(["ann@x.org"], "\n")).toMatchObject({
    exit: 78,
    err: expect.stringMatching(/other users can read the password/),
  });
  expect(server.messages).toHaveLength(1);
});

test.each<[string, (path: string) => void]>([
  ["others can write to", (path) => chmodSync(path, 0o666)],
  ["its group can write to", (path) => chmodSync(path, 0o660)],
  ["belongs to another user", (path) => (process.geteuid?.() === 0 ? chownSync(path, 1, 1) : chmodSync(path, 0o666))],
])(
  "a start-up file that %s is skipped with a one-line notice, and the message is still sent",
  async (_what, change) => {
    const trusted = join(home, "trusted");
    writeFileSync(trusted, `set mta=smtp://127.0.0.1:${server.port}\nsource ${home}/planted\n`, { mode: 0o600 });
    writeFileSync(join(home, "planted"), "set mta=smtp://127.0.0.1:1 from=planted@x.org\n", { mode: 0o600 });
    change(join(home, "planted"));
    const sent = await sendmail(["ann@x.org"], "\n", { MAILRC: trusted });
    expect(sent).toMatchObject({ exit: 0, err: expect.stringMatching(/^sendmail: .*planted: .*not read.*\n$/) });
    const own = await sendmail(["ann@x.org"], "\n", {
      MAILRC: join(home, "planted"),
      mta: `smtp://127.0.0.1:${server.port}`,
    });
    expect(own).toMatchObject({ exit: 0, err: expect.stringMatching(/^sendmail: .*planted: .*not read.*\n$/) });
    expect(envelope().join(" ")).not.toContain("planted");
    expect(server.messages).toHaveLength(2);
  },
);

test("aliases rewrite local names, and refused members do not prevent delivery to the others", async () => {
  await serve({}, `set aliasfile=${home}/aliases`);
  writeFileSync(join(home, "aliases"), 'root: ann@x.org, "|touch ran"\nloop: pool\npool: loop\n', { mode: 0o644 });
  expect(await sendmail(["root", "root@localhost", "root@x.org"], "\n")).toMatchObject({
    exit: 78,
    err: expect.stringMatching(/^sendmail: root: .*aliases:1: "\|touch ran": an alias cannot run a command\n$/),
  });
  expect(envelope().slice(1)).toEqual(["RCPT TO:<ann@x.org>", "RCPT TO:<root@x.org>"]);
  expect(await sendmail(["loop"], "\n")).toMatchObject({ exit: 78, err: expect.stringContaining("refers to itself") });
  const link = join(home, "newaliases");
  symlinkSync(sendmailPath, link);
  expect(await runProgram(link, [], environment())).toMatchObject({
    exit: 78,
    out: `${home}/aliases: 3 aliases\n`,
    err: expect.stringContaining("cannot run a command"),
  });
});

test.each<[string, () => string]>([
  ["its own path", () => sendmailPath],
  [
    "a symbolic link to it",
    () => {
      symlinkSync(sendmailPath, join(home, "link"));
      return join(home, "link");
    },
  ],
  [
    "a hard link to it",
    () => {
      const copy = join(home, "own");
      mkdirSync(copy);
      writeFileSync(join(copy, "sendmail.js"), readFileSync(sendmailPath));
      linkSync(join(copy, "sendmail.js"), join(copy, "hard"));
      return join(copy, "hard");
    },
  ],
])("mta=%s is reported as an error and does not cause a loop", async (what, path) => {
  const mta = path();
  settings(`set mta="${mta}"`);
  const self = what.startsWith("a hard") ? join(home, "own/sendmail.js") : sendmailPath;
  if (self !== sendmailPath) {
    for (const name of ["mail.js", "package.json"])
      symlinkSync(join(sendmailPath, "..", name), join(home, "own", name));
    symlinkSync(join(sendmailPath, "../../dist"), join(home, "dist"));
  }
  expect(await runProgram(self, ["ann@x.org"], environment(), "\n")).toMatchObject({
    exit: 78,
    err: expect.stringMatching(/is this program; nothing was sent/),
  });
});

test.each(["mta", "sendmail"])(
  "if the program named by %s calls this program again, an error is reported, and there is no loop",
  async (variable) => {
    const wrapper = join(home, "wrapper");
    const command = `echo once >> '${home}/calls'; exec '${process.execPath}' '${sendmailPath}' "$@"`;
    writeFileSync(wrapper, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    settings(`set ${variable}="${wrapper}"`);
    expect(await sendmail(["ann@x.org"], "\n")).toMatchObject({
      exit: 78,
      err: expect.stringMatching(/was started by .*; nothing was sent/),
    });
    expect(readFileSync(join(home, "calls"), "utf8")).toBe("once\n");
  },
);

test("`mail` reports an error if the sendmail variable in the start-up file names this program", async () => {
  settings(`set sendmail="${sendmailPath}"`);
  const { exit, err } = await runMail(["-n", "ann@x.org"], environment(), "text\n");
  expect(err).toContain("is this program; nothing was sent");
  expect(exit).toBe(1);
});

test("another program receives the envelope in its arguments, and a message that it fails to send is not queued", async () => {
  const program = join(home, "program");
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${home}/args'; cat > '${home}/got'; exit $(cat '${home}/code')\n`,
    {
      mode: 0o755,
    },
  );
  settings(`set mta=${program}`);
  writeFileSync(join(home, "code"), "0");
  expect(await sendmail(["-f", "me@x.org", "-t", "ann@x.org"], "To: b@x.org\nBcc: c@x.org\n\nbody\n")).toMatchObject({
    exit: 0,
  });
  expect(readFileSync(join(home, "args"), "utf8")).toBe("-i\n-f\nme@x.org\n--\nann@x.org\nb@x.org\nc@x.org\n");
  expect(readFileSync(join(home, "got"), "utf8")).not.toContain("c@x.org");
  writeFileSync(join(home, "code"), "75");
  expect(await sendmail(["ann@x.org"], "\n")).toMatchObject({ exit: 75 });
  expect(queued()).toEqual([]);
});

test("a program that a queue entry names is not run", async () => {
  await server.close();
  await sendmail(["ann@x.org"], "\n");
  const directory = join(home, ".local/state/mail/queue");
  const entry = join(directory, readdirSync(directory).find((name) => name.endsWith(".json")) as string);
  const program = join(home, "program");
  writeFileSync(program, `#!/bin/sh\n: >'${home}/ran'\n`, { mode: 0o755 });
  writeFileSync(entry, readFileSync(entry, "utf8").replace(/"way": ".*?"/, `"way": ${JSON.stringify(program)}`));
  expect(await sendmail(["-q"])).toMatchObject({ exit: 78, err: expect.stringContaining("never passed to a program") });
  expect(existsSync(join(home, "ran"))).toBe(false);
  expect(readFileSync(join(home, "dead.letter"), "utf8")).toContain("X-Not-Delivered: ann@x.org");
});

test("the queue's files are private", async () => {
  await server.close();
  await sendmail(["ann@x.org"], "\n");
  const directory = join(home, ".local/state/mail/queue");
  for (const path of [directory, ...readdirSync(directory).map((name) => join(directory, name))])
    expect(statSync(path).mode & 0o077).toBe(0);
});
