import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { runMail } from "../run-mail.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";
import { letter, makePlace } from "./support/boxes.ts";
import { parseLines, parseProblems } from "./support/schemas.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));
afterEach(closeServers);

const at = (name: string) => join(place.home, name);

beforeEach(() => {
  for (const name of readdirSync(place.home)) rmSync(at(name), { recursive: true, force: true });
});

async function start(script: Script = {}, settings = ""): Promise<ScriptedServer> {
  const server = await scriptedServer(script);
  writeFileSync(at(".mailrc"), `set mta=smtp://127.0.0.1:${server.port}\nset hostname=here.example\n${settings}`);
  return server;
}

const environment = () => ({ PATH: process.env["PATH"], HOME: place.home, MAIL: at("spool"), TZ: "UTC" });

async function send(argv: readonly string[], input = "text\n", form = "submission") {
  const { exit, out, err } = await runMail(["-n", "--json", ...argv], environment(), input);
  const [value, ...others] = parseLines(form, out);
  expect(others).toEqual([]);
  return { exit, value, problems: parseProblems(err) };
}

const refusing: Script = { RCPT: (line) => (/nobody/.test(line) ? "550 5.1.1 no such user" : "250 ok") };
const toDraft = (draft: object) => send(["--from-json"], JSON.stringify(draft));

describe("mail --json reports the result of sending a message", () => {
  test("for an accepted message, the queue ID and the recipients are reported", async () => {
    const { messages } = await start();
    const { exit, value, problems } = await send(["-s", "hola", "ann@x.org", "bob@x.org"]);
    const [, messageId] = /^Message-ID: (.*)$/m.exec(messages[0] ?? "") ?? [];
    expect({ exit, problems }).toEqual({ exit: 0, problems: [] });
    expect(value).toEqual({
      version: 1,
      sent: true,
      reason: null,
      messageId,
      queueId: "TEST42",
      accepted: ["ann@x.org", "bob@x.org"],
      refused: [],
      queued: null,
      deadLetter: null,
      copies: [],
      warnings: [],
      draft: null,
    });
  });

  test("for a refused recipient, the server's reply, the exit code and the file that contains the text are reported", async () => {
    await start(refusing);
    const { exit, value, problems } = await send(["-s", "hola", "ann@x.org", "nobody@x.org"]);
    const refused = [{ recipient: "nobody@x.org", reply: expect.stringMatching(/^550 .*no such user/), exit }];
    expect(value).toMatchObject({ sent: true, reason: "recipient refused", accepted: ["ann@x.org"], refused });
    expect(value).toMatchObject({ deadLetter: at("dead.letter") });
    expect(exit).toBe(67);
    expect(problems[0]).toMatchObject({
      error: { code: 67, reason: "recipient refused", remedy: expect.stringContaining("getent passwd") },
    });
    expect(readFileSync(at("dead.letter"), "utf8")).toContain("text");
  });

  test("if the server cannot be reached, the report says that the message was not sent, and why", async () => {
    const { close } = await start();
    await close();
    const { exit, value, problems } = await send(["-s", "hola", "ann@x.org"]);
    expect({ exit, value }).toMatchObject({ exit: 75, value: { sent: false, reason: "no connection", accepted: [] } });
    expect(problems[0]).toMatchObject({
      error: { code: 75, reason: "no connection", remedy: expect.stringContaining("mta=") },
    });
  });

  test("if the connection is lost after the message has been transferred, the outcome is unknown", async () => {
    await start({ dot: "close" });
    const { exit, value, problems } = await send(["-s", "hola", "ann@x.org"]);
    expect(value).toMatchObject({ sent: false, reason: "outcome unknown", accepted: [] });
    expect(problems[0]).toMatchObject({ error: { remedy: expect.stringContaining("deliver it twice") } });
    expect(exit).not.toBe(0);
  });

  test.each<[reason: string, remedy: string, script: Script, settings: string]>([
    ["refused", "later", { greeting: "421 busy" }, ""],
    ["not SMTP", "no mail server", { greeting: "HTTP/1.1 400 Bad Request" }, ""],
    ["no TLS on this port", "starttls=none", {}, "set starttls=required\n"],
    ["recipient refused", "later", { RCPT: "451 4.7.1 later" }, ""],
    ["recipient refused", "relay mail from this machine", { RCPT: "554 5.7.1 Relay access denied" }, ""],
  ])('a remedy is suggested for the error "%s"', async (reason, remedy, script, settings) => {
    await start(script, settings);
    const { problems } = await send(["-s", "hola", "ann@x.org"]);
    expect(problems[0]).toMatchObject({ error: { reason, remedy: expect.stringContaining(remedy) } });
  });

  test("if a file cannot be written, no remedy for addresses is suggested", async () => {
    await start({}, "set expandaddr\n");
    const { problems } = await send(["-s", "hola", "ann@x.org", "/nowhere/file"]);
    expect(problems[0]).toMatchObject({
      error: { reason: "recipient refused", remedy: expect.stringContaining("file can be written") },
    });
  });

  test("if a message was sent but its copy could not be stored, the exit code is 0 and a warning is printed", async () => {
    await start({}, "set record=nowhere/sent\n");
    const { exit, value, problems } = await send(["-s", "hola", "ann@x.org"]);
    const error = expect.stringMatching(/No such file/);
    expect(value).toMatchObject({
      sent: true,
      copies: [{ to: "nowhere/sent", done: false, error }],
      warnings: [error],
    });
    expect({ exit, problems }).toEqual({ exit: 0, problems: [{ warning: { message: error } }] });
  });

  test("a queued message is reported as neither accepted nor refused", async () => {
    await start({ RCPT: "451 4.7.1 later" }, "set queue\n");
    const { exit, value } = await send(["-s", "hola", "ann@x.org"]);
    expect(value).toMatchObject({ sent: false, reason: "queued", accepted: [], refused: [] });
    expect(value?.["queued"]).toMatchObject({ id: expect.any(String), recipients: [{ recipient: "ann@x.org" }] });
    expect(exit).toBe(0);
  });

  test("--dry-run sends nothing and shows the message; the output is valid even if the message is empty", async () => {
    const { messages } = await start();
    const { exit, value } = await send(["--dry-run", "-s", "hola", "ann@x.org"], "");
    expect({ exit, value }).toMatchObject({ exit: 0, value: { sent: false, reason: "dry run", accepted: [] } });
    expect(value?.["preview"]).toMatch(/RCPT TO:<ann@x\.org>(?:.*\n)*Subject: hola\n/);
    expect(messages).toEqual([]);
  });

  test("if an attachment cannot be read, nothing is sent", async () => {
    const { messages } = await start();
    const { exit, value } = await send(["-s", "hola", "-A", "./none", "ann@x.org"]);
    expect({ exit, value }).toMatchObject({ exit: 66, value: { sent: false, reason: "ENOENT" } });
    expect(messages).toEqual([]);
  });
});

describe("an error before the submission is reported with its reason and a remedy, and nothing is sent", () => {
  test.each<[reason: string, exit: number, argv: readonly string[], settings: string]>([
    ["invalid configuration", 78, ["-s", "x", "ann@x.org"], "set mta=gopher://x\n"],
    ["invalid configuration", 78, ["-s", "x", "ann@x.org"], "set starttls=perhaps\n"],
    ["invalid configuration", 78, ["-s", "x", "ann@x.org"], "set encoding=morse\n"],
    ["invalid configuration", 78, ["--account", "none", "-s", "x", "ann@x.org"], ""],
    ["no password", 77, ["-s", "x", "ann@x.org"], "set user=me starttls=none\n"],
    ["password command failed", 77, ["-s", "x", "ann@x.org"], "set user=me starttls=none passwordcommand=true\n"],
    ["ENOENT", 66, ["-s", "x", "-A", "./none", "ann@x.org"], ""],
    ["EISDIR", 66, ["-s", "x", "-A", ".", "ann@x.org"], ""],
    ["usage", 1, ["-s", "x"], ""],
    ["usage", 64, ["-s", "x", "--quote", "ann@x.org"], ""],
    ["no recipients", 1, ["-t"], ""],
    ["invalid address", 65, ["-s", "x", "ann@x.org\nBcc: eve@x.org"], ""],
    ["invalid address", 65, ["-s", "x", "-r", "me\nBcc: eve@x.org", "ann@x.org"], ""],
    ["invalid draft", 65, ["--from-json"], ""],
  ])("%s: exit code %i with %j and the start-up file %j", async (reason, exit, argv, settings) => {
    const { messages } = await start({ EHLO: "250-test\r\n250 AUTH PLAIN" }, settings);
    const found = await runMail(["-n", "--json", ...argv], environment(), "X-Job: 1\n\ntext\n");
    const [problem] = parseProblems(found.err).filter((each) => "error" in each);
    expect(problem).toEqual({
      error: { code: exit, reason, message: expect.any(String), remedy: expect.stringMatching(/\S/) },
    });
    expect({ exit: found.exit, messages }).toEqual({ exit, messages: [] });
  });
});

describe("a sendmail program's output does not mix with the result", () => {
  const sendBy = async (script: string, variable: string, argv: readonly string[] = []) => {
    writeFileSync(at("sendmail"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    writeFileSync(at(".mailrc"), `set ${variable}=${at("sendmail")}\n`);
    return send([...argv, "-s", "hola", "ann@x.org"]);
  };

  test.each([
    ["mta", 69],
    ["sendmail", 1],
  ])("if it fails, its last line is the error's message, and the exit code is that of %s", async (variable, exit) => {
    const script = "cat >/dev/null; echo first; echo 'postdrop: full' >&2; exit 69";
    const { value, problems, ...rest } = await sendBy(script, variable);
    expect(rest.exit).toBe(exit);
    expect(value).toMatchObject({ sent: false, reason: "program failed", deadLetter: at("dead.letter") });
    const remedy = expect.stringContaining("log");
    const [last, message] = [{ warning: { message: "first" } }, `${at("sendmail")}: postdrop: full`];
    expect(problems).toEqual(
      expect.arrayContaining([last, { error: { code: exit, reason: "program failed", message, remedy } }]),
    );
    expect(problems.filter((each) => "error" in each)).toHaveLength(1);
  });

  test("if it fails without printing a line, the error states its exit code", async () => {
    const { problems } = await sendBy("cat >/dev/null; exit 67", "mta");
    const message = `${at("sendmail")}: exited with code 67`;
    expect(problems[0]).toMatchObject({ error: { code: 67, reason: "program failed", message } });
  });

  test("if it succeeds, its lines are warnings, even if the last line has no newline", async () => {
    const { exit, value, problems } = await sendBy("cat >/dev/null; echo one; printf 'two\\033[2J'", "mta");
    expect({ exit, value }).toMatchObject({ exit: 0, value: { sent: true, warnings: [] } });
    expect(problems).toEqual([{ warning: { message: "one" } }, { warning: { message: "two\u001b[2J" } }]);
  });

  test("mail does not wait for a background process that keeps the output open", async () => {
    const { exit, value } = await sendBy(`cat >/dev/null; sleep 600 & echo $! >${at("pid")}; exit 0`, "mta");
    process.kill(Number(readFileSync(at("pid"), "utf8")));
    expect({ exit, value }).toMatchObject({ exit: 0, value: { sent: true } });
  });
});

describe("--reply, --forward and --resend report the outcome as mail --json does", () => {
  const acts: [act: string, argv: readonly string[]][] = [
    ["reply", ["--reply", "ID", "-c", "nobody@x.org"]],
    ["forward", ["--forward", "ID", "ann@x.org", "nobody@x.org"]],
    ["resend", ["--resend", "ann@x.org, nobody@x.org", "ID"]],
  ];
  const run = async (argv: readonly string[]) => {
    place.create("mbox", "box", [letter("hola").replace("To: root@x.org\n", "")]);
    const id = `id:${place.ids("box")["hola"]}`;
    const { value, ...rest } = await send(
      [...argv.map((word) => (word === "ID" ? id : word)), "-f", at("box")],
      "text\n",
      "act",
    );
    return { ...rest, value, submission: value?.["submission"] };
  };

  test.each(acts)("%s: a refused recipient", async (act, argv) => {
    await start(refusing);
    const { exit, value, submission } = await run(argv);
    const reply = expect.stringMatching(/^550 .*no such user/);
    expect({ exit, value }).toMatchObject({ exit: 67, value: { act, done: true, reason: null } });
    expect(submission).toMatchObject({
      sent: true,
      reason: "recipient refused",
      queueId: "TEST42",
      accepted: ["ann@x.org"],
      refused: [{ recipient: "nobody@x.org", reply, exit: 67 }],
      queued: null,
      deadLetter: act === "resend" ? null : at("dead.letter"),
    });
  });

  test.each(acts)("%s: if the server cannot be reached, the reason is reported", async (_act, argv) => {
    const { close } = await start();
    await close();
    const { exit, value, submission } = await run(argv);
    expect({ exit, value }).toMatchObject({ exit: 75, value: { done: false, reason: "no connection" } });
    expect(submission).toMatchObject({ sent: false, reason: "no connection", accepted: [], refused: [] });
  });

  test.each(acts)(
    "%s: if the connection is lost after the message has been transferred, the outcome is unknown",
    async (_act, argv) => {
      await start({ dot: "close" });
      const { value, submission } = await run(argv);
      expect(value).toMatchObject({ done: false, reason: "outcome unknown" });
      expect(submission).toMatchObject({ sent: false, reason: "outcome unknown" });
    },
  );

  test.each(acts)("%s: a queued message", async (_act, argv) => {
    await start({ RCPT: "451 4.7.1 later" }, "set queue\n");
    const { exit, value, submission } = await run(argv);
    const recipients = [{ recipient: "ann@x.org" }, { recipient: "nobody@x.org" }];
    expect({ exit, value }).toMatchObject({ exit: 0, value: { done: true, reason: null } });
    expect(submission).toMatchObject({ sent: false, reason: "queued", queued: { recipients } });
  });

  test.each(acts.slice(0, 2))("%s: a copy that could not be written", async (_act, argv) => {
    await start({}, "set record=nowhere/sent\n");
    const { exit, value, submission } = await run(argv);
    expect({ exit, value }).toMatchObject({ exit: 0, value: { done: true, reason: null } });
    const error = expect.stringMatching(/No such file/);
    expect(submission).toMatchObject({ sent: true, copies: [{ to: "nowhere/sent", done: false, error }] });
  });
});

describe("a dry run describes the message that would be sent", () => {
  const mixed =
    "Content-Type: multipart/mixed; boundary=cut\n\n--cut\n\nhello\n--cut\nContent-Type: application/pdf; name=a.pdf\n\nx\n--cut--";
  const idOfDraft = (value: Record<string, unknown> = {}) => (value["draft"] as { id: string }).id;
  const planOf = (value: Record<string, unknown> = {}) =>
    value["plan"] as { from: string; recipients: string[]; size: number };
  const forms: [form: string, dry: string, argv: readonly string[], plan: object][] = [
    ["reply", "--dry-run", ["--reply", "ID", "-f", at("box")], { subject: "Re: hola", inReplyTo: ["<hola@x.org>"] }],
    ["reply", "-d", ["--reply", "ID", "-f", at("box"), "-r", "me@z.org"], { from: "me@z.org", messageId: null }],
    [
      "forward",
      "--dry-run",
      ["--forward", "ID", "friends", "-b", "eve@x.org", "-f", at("box")],
      { subject: "Fwd: hola", inReplyTo: [], messageId: null, recipients: ["bob@x.org", "zoe@x.org", "eve@x.org"] },
    ],
    [
      "resend",
      "--dry-run",
      ["--resend", "friends", "ID", "-f", at("box")],
      {
        subject: "hola",
        messageId: "<hola@x.org>",
        recipients: ["bob@x.org", "zoe@x.org"],
        attachments: [{ name: "a.pdf", type: "application/pdf" }],
      },
    ],
    [
      "-s",
      "--dry-run",
      ["-s", "caf\u00e9", "-A", at(".mailrc"), "ann@x.org"],
      { subject: "caf\u00e9", attachments: [{ name: ".mailrc" }] },
    ],
    ["-s", "-d", ["-s", "x", "-a", "Message-ID: <mine@x.org>", "ann@x.org"], { messageId: "<mine@x.org>" }],
    ["--send", "--dry-run", ["--send", "DRAFT"], { subject: "plan", recipients: ["ann@x.org", "eve@x.org"] }],
    ["--send", "-d", ["--send", "DRAFT"], { messageId: expect.stringMatching(/^<.*>$/) }],
  ];

  test.each(forms)("%s %s %j", async (form, dry, argv, plan) => {
    const { commands, messages } = await start({}, "alias friends zoe@x.org bob@x.org\n");
    place.create("Maildir", "box", []);
    place.deliver("Maildir", "box", letter("hola", { body: "" }).replace(/\n\n\n$/, `\n${mixed}\n`));
    const id = `id:${place.ids("box")["hola"]}`;
    const stored = await send(["--draft", "-s", "plan", "-b", "eve@x.org", "ann@x.org"]);
    const draft = idOfDraft(stored.value);
    const words = argv.map((word) => (word === "ID" ? id : word === "DRAFT" ? draft : word));
    const schema = form.startsWith("-") ? "submission" : "act";
    const before = [place.run(["--json", "-f", "box"]).stdout, readFileSync(at("drafts"), "utf8")];

    const planned = await send([...words, dry], "text\n", schema);
    expect({ ...planned, commands }).toMatchObject({
      exit: 0,
      problems: [],
      commands: [],
      value: { reason: "dry run" },
    });
    expect([place.run(["--json", "-f", "box"]).stdout, readFileSync(at("drafts"), "utf8")]).toEqual(before);
    expect(planned.value?.["plan"]).toMatchObject({
      folder: null,
      transport: expect.stringMatching(/^smtp:/),
      ...plan,
    });

    expect(await send(words, "text\n", schema)).toMatchObject({ exit: 0 });
    const { from, recipients, size } = planOf(planned.value);
    const envelope = [`MAIL FROM:<${from}>`, ...recipients.map((each) => `RCPT TO:<${each}>`)];
    expect(commands.filter((line) => /^(?:MAIL|RCPT)/.test(line)).map((line) => line.replace(/> .*/, ">"))).toEqual(
      envelope,
    );
    // The random Message-ID has no fixed length.
    expect(Math.abs(size - (messages[0] ?? "").length)).toBeLessThan(100);
  });

  test("without --json, an action prints the description, which does not include the message", async () => {
    await start();
    place.create("mbox", "box", [letter("hola")]);
    const id = place.ids("box")["hola"] as string;
    const { stdout } = place.run(["--forward", id, "zoe@x.org", "--dry-run", "-r", "me@z.org", "-f", "box"], "text\n");
    expect(stdout.replace(/127.*/, "HOST").replace(/\d+ bytes/, "N bytes")).toBe(
      `${id}: would be forwarded to zoe@x.org\n  transport: smtp://HOST\n  from: <me@z.org>\n  recipients: zoe@x.org\n` +
        "  subject: Fwd: hola\n  size: N bytes\n",
    );
  });

  test("--draft --dry-run stores nothing, and describes the draft and its folder", async () => {
    const { value } = await send(["--draft", "--dry-run", "-s", "plan", "-b", "eve@x.org", "ann@x.org"]);
    expect(value).toMatchObject({
      sent: false,
      reason: "dry run",
      draft: null,
      preview: expect.stringMatching(/^Bcc: eve/m),
    });
    const plan = { transport: null, folder: at("drafts"), subject: "plan", recipients: ["ann@x.org", "eve@x.org"] };
    expect(value?.["plan"]).toMatchObject(plan);
    expect(existsSync(at("drafts"))).toBe(false);
  });

  test("a dry run fails for the same reason as the action", async () => {
    await start();
    place.create("mbox", "box", [letter("hola")]);
    const id = `id:${place.ids("box")["hola"]}`;
    for (const dry of [["--dry-run"], []])
      expect(await send(["--resend", "no address@", id, "-f", at("box"), ...dry], "", "act")).toMatchObject({
        exit: 65,
        value: { done: false, reason: "invalid address" },
        problems: [{ error: { reason: "invalid address" } }],
      });
  });

  test("set dryrun has the same effect as --dry-run", async () => {
    await start({}, "set dryrun\n");
    place.create("mbox", "box", [letter("hola")]);
    const id = `id:${place.ids("box")["hola"]}`;
    for (const act of [["--delete"], ["--mark", "read"], ["--copy", at("other")], ["--save-parts", at(".")]])
      expect(await send([...act, id, "-f", at("box")], "", "act")).toMatchObject({
        value: { done: false, reason: "dry run" },
      });
    expect(place.subjects("box")).toEqual(["hola"]);
    expect(readdirSync(place.home).sort()).toEqual([".mailrc", "box"]);
  });

  test("set debug prevents --send from sending the draft", async () => {
    const { commands } = await start();
    const { value } = await send(["--draft", "-s", "plan", "ann@x.org"]);
    const id = idOfDraft(value);
    const draft = readFileSync(at("drafts"));
    expect(await send(["-S", "debug", "--send", id])).toMatchObject({
      exit: 0,
      value: { sent: false, reason: "not sent" },
    });
    expect({ commands, draft: readFileSync(at("drafts")) }).toEqual({ commands: [], draft });
  });

  test("--dry-run --send of a draft that has already been sent does not remove the draft", async () => {
    await start();
    const { value } = await send(["--draft", "-s", "plan", "ann@x.org"]);
    const id = idOfDraft(value);
    const draft = readFileSync(at("drafts"));
    await send(["--send", id]);
    writeFileSync(at("drafts"), draft);
    expect(await send(["--send", id, "--dry-run"])).toMatchObject({ value: { reason: "already sent", draft: { id } } });
    expect(readFileSync(at("drafts"))).toEqual(draft);
  });
});

test.each([
  { argv: ["--json", "-s", "hola", "ann@x.org"] },
  { argv: ["--json", "--from-json"] },
  { argv: ["--draft", "-s", "hola", "ann@x.org"] },
])("$argv neither reads the text from a terminal nor asks questions there", async ({ argv }) => {
  const { commands } = await start();
  const program = join(import.meta.dirname, "../../bin/mail.js");
  const env = { PATH: process.env["PATH"], HOME: place.home, MAIL: at("spool"), TZ: "UTC", TERM: "xterm" };
  const pty = await openPty({ argv: [process.execPath, program, "-n", ...argv], env, cwd: place.home });
  expect(await pty.exited).toBe(64);
  expect(pty.transcript()).toMatch(/standard input is a terminal/);
  await pty.close();
  expect(commands).toEqual([]);
  expect(existsSync(at("drafts"))).toBe(false);
});

const offersLogin: Script = { EHLO: "250-test.example\r\n250 AUTH PLAIN" };

test("a password is not asked for on the terminal from which a script was started", async () => {
  await start(offersLogin, "set user=me starttls=none\n");
  const script = 'echo text | "$0" "$1" -n --json -s hola ann@x.org 2>&1 | cat';
  const argv = ["/bin/sh", "-c", script, process.execPath, join(import.meta.dirname, "../../bin/mail.js")];
  const pty = await openPty({ argv, env: { ...environment(), TERM: "xterm" }, cwd: place.home });
  await pty.exited;
  expect(pty.transcript()).toContain('"reason":"no password"');
  expect(pty.transcript()).not.toContain("Password for");
  await pty.close();
});

test("the lines that a password command prints on standard error are warnings", async () => {
  await start(offersLogin, `set user=me starttls=none passwordcommand="echo no key >&2; exit 2"\n`);
  const { exit, problems } = await send(["-s", "hola", "ann@x.org"]);
  expect(exit).toBe(77);
  expect(problems).toMatchObject(
    expect.arrayContaining([
      { warning: { message: "no key" } },
      { error: expect.objectContaining({ reason: "no password" }) },
    ]),
  );
});

describe("mail --from-json", () => {
  test("a draft that contains every kind of field is sent", async () => {
    const { messages, commands } = await start();
    writeFileSync(at("data.csv"), "1,2\n");
    const { exit } = await toDraft({
      from: { name: 'Zoë "Z" K', address: "zoe@x.org" },
      to: ["Ann <ann@x.org>", { name: "R/D, team", address: "rd@x.org" }],
      cc: "bob@x.org",
      bcc: ["eve@x.org"],
      subject: "¿qué?",
      text: "plain\n",
      html: "<p>rich</p>",
      attachments: [
        { path: at("data.csv") },
        { base64: Buffer.from("hola").toString("base64"), name: "../a.bin", type: "application/x-test" },
      ],
      headers: { "X-One": "1", "X-Two": ["2", "3"], "Reply-To": "list@x.org" },
      inReplyTo: "<0@x.org>",
    });
    expect(exit).toBe(0);
    const recipients = commands.filter((line) => /^RCPT/.test(line)).map((line) => /<(.*)>/.exec(line)?.[1]);
    expect(recipients.sort()).toEqual(["ann@x.org", "bob@x.org", "eve@x.org", "rd@x.org"]);
    expect(commands.find((line) => /^MAIL/.test(line))).toContain("<zoe@x.org>");
    const [message = ""] = messages;
    for (const line of [
      "Cc: bob@x.org",
      "X-One: 1",
      "X-Two: 2",
      "X-Two: 3",
      "Reply-To: list@x.org",
      "In-Reply-To: <0@x.org>",
    ])
      expect(message).toContain(`\n${line}\n`);
    expect(message).toMatch(/^References: <0@x\.org>$/m);
    expect(message).toMatch(/\nplain\n(?:.*\n)*<p>rich<\/p>/);
    expect(message).toMatch(/filename="?data\.csv/);
    expect(message).toMatch(/application\/x-test.*name="?\.\._a\.bin/s);
    expect(message).toContain("aG9sYQ==");
    expect(message).not.toContain("eve@x.org");
  });

  test.each<[what: string, draft: unknown]>([
    ["an unknown key", { to: "ann@x.org", body: "x" }],
    ["no recipients", { subject: "x" }],
    ["a subject that is not a string", { to: "ann@x.org", subject: 5 }],
    ["an array", [{ to: "ann@x.org" }]],
    ["a line break in the subject", { to: "ann@x.org", subject: "x\nBcc: eve@x.org" }],
    ["a line break in a name", { to: { name: "Ann\r\nBcc: eve@x.org", address: "ann@x.org" } }],
    ["a line break in an address", { to: "ann@x.org\nBcc: eve@x.org" }],
    ["a line break in a field", { to: "ann@x.org", headers: { "X-A": "1\nBcc: eve@x.org" } }],
    ["a line break in the name of a field", { to: "ann@x.org", headers: { "X-A: 1\nBcc": "eve@x.org" } }],
    ["recipients in a field", { to: "ann@x.org", headers: { bcc: "eve@x.org" } }],
    ["the structure in a field", { to: "ann@x.org", headers: { "Content-Type": "text/html" } }],
    ["a line break in a message-id", { to: "ann@x.org", inReplyTo: "<a@b>\nBcc: eve@x.org" }],
    ["several addresses in one string", { to: "ann@x.org, eve@x.org" }],
    ["a command as a recipient", { to: "|touch made" }],
    ["a file as a recipient", { to: "./made" }],
    ["an option as a recipient", { to: "-oQ/tmp" }],
    ["a null", { to: null }],
    ["an attachment without content", { to: "ann@x.org", attachments: [{ name: "x" }] }],
    ["invalid base64", { to: "ann@x.org", attachments: [{ name: "x", base64: "a*b=" }] }],
    ["half a character", { to: "ann@x.org", text: "\ud800" }],
  ])("%s is refused, and nothing is sent", async (_what, draft) => {
    const { commands } = await start();
    const { exit, value, problems } = await send(["--from-json"], JSON.stringify(draft));
    expect({ exit, value }).toMatchObject({ exit: 65, value: { sent: false, reason: "invalid draft" } });
    expect(problems).toMatchObject([{ error: { code: 65, reason: "invalid draft" } }]);
    expect(commands).toEqual([]);
    expect(existsSync(at("made"))).toBe(false);
  });

  test("the error for an attachment that cannot be read names the field", async () => {
    const { messages } = await start();
    const { exit, problems } = await toDraft({ to: "ann@x.org", attachments: [{ path: at("none") }] });
    const message = expect.stringMatching(
      /^--from-json: attachments\[0\]\.path: .*none: No such file.*; nothing was sent$/,
    );
    expect({ exit, problems, messages }).toMatchObject({
      exit: 66,
      problems: [{ error: { code: 66, reason: "ENOENT", message } }],
      messages: [],
    });
  });

  test("text that is not JSON is refused", async () => {
    expect(await send(["--from-json"], "To: ann@x.org\n\nx")).toMatchObject({ exit: 65 });
  });
});

describe.each(["mbox", "Maildir"] as const)("drafts in a folder in %s format", (kind) => {
  beforeEach(() => {
    if (kind === "Maildir")
      for (const each of ["new", "cur", "tmp"]) mkdirSync(at(`drafts/${each}`), { recursive: true });
  });

  const store = async () => {
    const { value } = await send(["--draft", "-s", "hola", "-b", "eve@x.org", "ann@x.org"]);
    return String((value?.["draft"] as Record<string, unknown> | undefined)?.["id"]);
  };

  test("--draft stores the message with its Bcc recipients, and --send sends the message without Bcc and removes the draft", async () => {
    const { messages, commands } = await start();
    const id = await store();
    expect(commands).toEqual([]);
    const [draft] = place.json("message", ["-f", "drafts"]).values;
    expect(draft).toMatchObject({ id, subject: "hola", flags: ["read", "draft"] });
    const { exit, value } = await send(["--send", id]);
    expect({ exit, value }).toMatchObject({
      exit: 0,
      value: { sent: true, reason: null, accepted: ["ann@x.org", "eve@x.org"], messageId: draft?.["messageId"] },
    });
    expect(messages).toEqual([expect.not.stringContaining("eve@x.org")]);
    expect(messages[0]).toMatch(/^Date: .*\n(?:.*\n)*\ntext\n$/);
    expect(messages[0]).not.toMatch(/^(?:X-)?Status:/m);
    expect(place.subjects("drafts")).toEqual([]);
    expect(await send(["--send", `id:${id}`])).toMatchObject({ exit: 1, value: { sent: false, reason: "gone" } });
    expect(messages).toHaveLength(1);
  });

  test("an attempt whose outcome is unknown is not repeated without --again", async () => {
    let reply = "close";
    const { messages } = await start({ dot: () => reply });
    const id = await store();
    expect(await send(["--send", id])).toMatchObject({ exit: 75, value: { sent: false, reason: "outcome unknown" } });
    expect(await send(["--send", id])).toMatchObject({ exit: 75, value: { sent: false, reason: "outcome unknown" } });
    expect(messages).toHaveLength(1);
    expect(place.subjects("drafts")).toEqual(["hola"]);
    reply = "250 ok";
    expect(await send(["--send", id, "--again"])).toMatchObject({ exit: 0, value: { sent: true, reason: null } });
    expect(messages).toHaveLength(2);
    expect(place.subjects("drafts")).toEqual([]);
  });

  test("a draft can be sent again if the first attempt definitely did not send it", async () => {
    let reply = "451 4.3.0 later";
    const { messages } = await start({ MAIL: () => reply });
    const id = await store();
    expect(await send(["--send", id])).toMatchObject({ exit: 75, value: { sent: false } });
    reply = "250 ok";
    expect(await send(["--send", id])).toMatchObject({ exit: 0, value: { sent: true } });
    expect(messages).toHaveLength(1);
  });

  test("a recipient that has received the draft does not receive it again", async () => {
    let reply = "550 5.1.1 no";
    const { commands } = await start({ RCPT: (line) => (line.includes("eve@") ? reply : "250 ok") });
    const id = await store();
    expect(await send(["--send", id])).toMatchObject({ exit: 67, value: { sent: true, accepted: ["ann@x.org"] } });
    reply = "250 ok";
    const before = commands.length;
    expect(await send(["--send", id])).toMatchObject({ exit: 0, value: { accepted: ["ann@x.org", "eve@x.org"] } });
    expect(commands.slice(before).filter((line) => /^RCPT/.test(line))).toEqual([expect.stringContaining("eve@x.org")]);
    expect(place.subjects("drafts")).toEqual([]);
  });

  test("if several processes send the same draft at the same time, it is sent only once", async () => {
    const { messages } = await start();
    const id = await store();
    const results = await Promise.all([1, 2, 3].map(() => send(["--send", id])));
    expect(messages).toHaveLength(1);
    expect(results.filter(({ exit }) => exit === 0).length).toBeGreaterThan(0);
  });
});
