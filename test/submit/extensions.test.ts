/**
 * Tests SMTP beyond single messages: many recipients, reused connections, time limits, notifications, non-ASCII
 * addresses and logins.
 */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { parseServerUrl } from "../../src/account/named-servers.ts";
import { chooseMechanism } from "../../src/submit/authentication.ts";
import { programArguments } from "../../src/submit/program.ts";
import type { SmtpTransport } from "../../src/submit/smtp.ts";
import type { Outgoing } from "../../src/submit/transport.ts";
import { parseWay, wayName } from "../../src/submit/transport-settings.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";
import { transportTo } from "./transport-to.ts";

let server: ScriptedServer;
let transport: SmtpTransport | undefined;
afterEach(async () => {
  await transport?.close();
  transport = undefined;
  await closeServers();
});

const text = "Subject: s\n\nbody\n";
const outgoing: Outgoing = { size: text.length, open: () => Readable.from([Buffer.from(text)]) };

async function open(script: Script, options: Parameters<typeof transportTo>[1] = {}): Promise<SmtpTransport> {
  server = await scriptedServer(script);
  transport = transportTo(server.port, options);
  return transport;
}

const people = (count: number) => Array.from({ length: count }, (_, at) => `p${at}@x.org`);
const commands = (verb: string) => server.commands.filter((line) => line.startsWith(verb));

test("two messages are sent over one connection", async () => {
  const smtp = await open({});
  for (const to of ["one@x.org", "two@x.org"]) await smtp.submit({ from: "me@x.org", to: [to] }, outgoing);
  expect(server.messages).toHaveLength(2);
  expect(commands("EHLO")).toHaveLength(1);
});

test("a connection that the server has closed is reopened for the next message", async () => {
  let mails = 0;
  const smtp = await open({ MAIL: () => (++mails === 2 ? "close" : "250 ok") });
  await smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing);
  const { accepted } = await smtp.submit({ from: "me@x.org", to: ["two@x.org"] }, outgoing);
  expect(accepted).toEqual(["two@x.org"]);
  expect(commands("EHLO")).toHaveLength(2);
});

test("a message to thousands of recipients is sent in transactions of the size that LIMITS announces", async () => {
  const smtp = await open({ EHLO: "250-test\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=1000 MAILMAX=9" });
  const { accepted, refused } = await smtp.submit({ from: "me@x.org", to: people(2500) }, outgoing);
  expect(accepted).toEqual(people(2500));
  expect(refused).toEqual([]);
  expect(server.messages).toHaveLength(3);
});

test("if the server reports too many recipients, further transactions serve the remaining ones; an unknown recipient is still reported", async () => {
  let taken = 0;
  const smtp = await open({
    MAIL: () => {
      taken = 0;
      return "250 ok";
    },
    RCPT: (line) =>
      line.includes("<p3@") ? "550 5.1.1 who" : ++taken > 4 ? "452 4.5.3 Too many recipients" : "250 ok",
  });
  const { accepted, refused } = await smtp.submit({ from: "me@x.org", to: people(10) }, outgoing);
  expect([...accepted].sort()).toEqual(people(10).filter((each) => each !== "p3@x.org"));
  expect(refused).toMatchObject([{ recipient: "p3@x.org", exit: 67 }]);
});

test("a submission fails if it takes longer than smtptotaltimeout", async () => {
  const smtp = await open({ DATA: "silent" }, { timeouts: { total: 200 } });
  await expect(smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing)).rejects.toMatchObject({
    exit: 75,
    message: expect.stringContaining("smtptotaltimeout"),
  });
});

test("delivery status notifications are requested if the server supports them", async () => {
  const smtp = await open({ EHLO: "250-test\r\n250 DSN" }, { notify: ["failure", "delay"] });
  await smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing);
  expect(commands("RCPT")).toEqual(["RCPT TO:<one@x.org> NOTIFY=FAILURE,DELAY"]);
});

test("without SMTPUTF8, a domain is converted to ASCII, and a non-ASCII local part is refused", async () => {
  const smtp = await open({});
  const to = ["info@b\u00fccher.example", "j\u00f6rg@x.org"];
  const { accepted, refused } = await smtp.submit({ from: "me@x.org", to }, outgoing);
  expect(accepted).toEqual(["info@xn--bcher-kva.example"]);
  expect(refused).toMatchObject([{ recipient: "j\u00f6rg@x.org", exit: 65 }]);
});

const hmac = (key: Buffer, data: string) => createHmac("sha256", key).update(data).digest();
const unbase64 = (line: string) => Buffer.from(line, "base64").toString("utf8");
const base64 = (data: string) => Buffer.from(data).toString("base64");

/** Returns the server's side of SCRAM-SHA-256. The client uses the password "pencil". */
function scramServer(password: string): Script {
  let bare = "";
  let first = "";
  let step = 0;
  return {
    EHLO: "250-test\r\n250 AUTH PLAIN SCRAM-SHA-256",
    AUTH: (line) => {
      bare = unbase64(line.replace("AUTH SCRAM-SHA-256 ", "")).replace(/^n,,/, "");
      first = `r=${/r=(.*)/.exec(bare)?.[1]}server,s=${base64("salt")},i=4096`;
      return `334 ${base64(first)}`;
    },
    other: (line) => {
      if (++step === 2) return "235 2.7.0 ok";
      const [, unproved = "", proof = ""] = /^(.*),p=(.*)$/.exec(unbase64(line)) ?? [];
      const salted = pbkdf2Sync(password, "salt", 4096, 32, "sha256");
      const all = `${bare},${first},${unproved}`;
      const key = hmac(salted, "Client Key");
      const signature = hmac(createHash("sha256").update(key).digest(), all);
      const given = Buffer.from(proof, "base64").map((byte, at) => byte ^ (signature[at] as number));
      if (!key.equals(given)) return "535 5.7.8 wrong";
      return `334 ${base64(`v=${hmac(hmac(salted, "Server Key"), all).toString("base64")}`)}`;
    },
  };
}

test("with SCRAM-SHA-256, both sides prove that they know the password without sending it", async () => {
  const heard: string[] = [];
  const smtp = await open(scramServer("pencil"), { user: "me", witness: (_side, line) => heard.push(line) });
  await smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing);
  expect(server.messages).toHaveLength(1);
  expect(heard).toContain("AUTH SCRAM-SHA-256 ********");
  expect(heard.join("\n")).not.toMatch(new RegExp(base64("c=biws").slice(0, 6)));
});

test.each([
  ["accepts the login without a proof", "235 2.7.0 ok", "the server did not prove that it knows the password"],
  ["sends a wrong proof", `334 ${base64("v=AAAA")}`, "the server could not prove that it knows the password"],
])("a server that %s receives no message", async (_, reply, problem) => {
  const { other: _other, ...script } = scramServer("pencil");
  const smtp = await open({ ...script, other: (line) => (line === "*" ? "501 cancelled" : reply) }, { user: "me" });
  await expect(smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing)).rejects.toThrow(problem);
  expect(server.messages).toHaveLength(0);
});

test("a wrong password is reported with the server's reply", async () => {
  const smtp = await open(scramServer("another"), { user: "me" });
  await expect(smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing)).rejects.toMatchObject({
    exit: 77,
    message: expect.stringContaining("535 5.7.8 wrong"),
  });
});

test.each([
  ["oauthbearer", "OAUTHBEARER", "n,a=me,\u0001auth=Bearer pencil\u0001\u0001"],
  ["xoauth2", "XOAUTH2", "user=me\u0001auth=Bearer pencil\u0001\u0001"],
])("%s sends the token in the mechanism's format", async (mechanism, name, wanted) => {
  const smtp = await open({ EHLO: `250-test\r\n250 AUTH ${name}`, AUTH: "235 2.7.0 ok" }, { user: "me", mechanism });
  await smtp.submit({ from: "me@x.org", to: ["one@x.org"] }, outgoing);
  expect(unbase64(commands("AUTH")[0]?.replace(`AUTH ${name} `, "") ?? "")).toBe(wanted);
});

test.each([
  ["PLAIN LOGIN CRAM-MD5", true, "CRAM-MD5"],
  ["PLAIN LOGIN", true, "PLAIN"],
  ["PLAIN CRAM-MD5 SCRAM-SHA-256", false, "SCRAM-SHA-256"],
])("mechanisms offered: %s; safe connection: %s; mechanism chosen: %s", (offered, isSafe, chosen) => {
  expect(chooseMechanism(offered, undefined, { isSafe, allowsClearLogin: true, usesToken: false, server: "x" })).toBe(
    chosen,
  );
});

test("a password is sent unencrypted only if the settings allow it; a token is never sent unencrypted", () => {
  const choose = (offered: string | undefined, wanted: string | undefined, allowsClearLogin: boolean) => () =>
    chooseMechanism(offered, wanted, { isSafe: false, allowsClearLogin, usesToken: false, server: "x port 25" });
  expect(choose("PLAIN LOGIN", undefined, false)).toThrow("x port 25: the password would be sent unencrypted");
  expect(choose("SCRAM-SHA-1", "scram-sha-1", false)).toThrow("set starttls=required, or starttls=none to allow it");
  expect(choose("PLAIN", "plain", true)()).toBe("PLAIN");
  expect(choose("PLAIN", undefined, true)()).toBe("PLAIN");
  expect(choose("XOAUTH2", undefined, true)).toThrow("the token would be sent unencrypted; set starttls=required");
  expect(choose("PLAIN XOAUTH2", "xoauth2", true)).toThrow("the token would be sent unencrypted");
});

test("an unusable mechanism is reported", () => {
  const choose = (offered: string | undefined, wanted?: string) => () =>
    chooseMechanism(offered, wanted, { isSafe: true, allowsClearLogin: false, usesToken: false, server: "x port 25" });
  expect(choose("GSSAPI")).toThrow("no supported login mechanism (GSSAPI)");
  expect(choose(undefined)).toThrow("the server does not offer any login mechanism");
  expect(choose("PLAIN", "magic")).toThrow('smtpauth: "magic" is invalid; use none, scram-sha-256, ');
});

test.each([
  ["smtp://localhost", "smtp://localhost:25"],
  ["smtp://[::1]:2525/", "smtp://[::1]:2525"],
  ["submission://me@example.org@mail.example.org", "submission://me%40example.org@mail.example.org:587"],
  ["smtps://me@b\u00fccher.example", "smtps://me@xn--bcher-kva.example:465"],
  ["lmtp://localhost:2424", "lmtp://localhost:2424"],
  ["lmtp:/run/lmtp", "lmtp:/run/lmtp"],
  ["/usr/sbin/sendmail", "/usr/sbin/sendmail"],
  ["local", "local"],
])("%s is %s", (value, name) => {
  expect(wayName(parseWay(value))).toBe(name);
  expect(parseWay(name)).toEqual(parseWay(value));
});

test.each(["smtp://", "smtp://host:0", "smtp://host:70000", "http://host", "lmtp:relative", "smtp://ho st"])(
  "%s is refused",
  (value) => {
    expect(() => parseWay(value)).toThrow(`mta: "${value}" is invalid; use smtp://HOST:PORT, `);
  },
);

test.each([
  ["smtp://me:s%3Acret@host", "s:cret"],
  ["smtps://me@x.org:a:b@c/d@host", "a:b@c/d"],
  ["smtp://me@host", undefined],
  ["submissions://me:@host:465", undefined],
  ["/usr/sbin/x://me:secret@host", undefined],
])("the password in %s is %s, and is not part of the transport's name", (url, password) => {
  expect(parseServerUrl(url)?.password).toBe(password);
  if (password !== undefined) expect(wayName(parseWay(url))).not.toContain(password);
});

test("a password in an invalid URL is not printed", () => {
  expect(() => parseWay("smtps://me:geheim@no host")).toThrow(/^(?!.*geheim).*mta: "smtps:\/\/me:\*\*\*@no host"/s);
});

test.each([
  ["/usr/bin/msmtp -t", "/usr/bin/msmtp", ["-t"], ["-t", "-i"]],
  ["/usr/bin/msmtp -a 'my account' -i", "/usr/bin/msmtp", ["-a", "my account", "-i"], ["-a", "my account", "-i", "-t"]],
  ["sendmail:/usr/lib/sendmail", "/usr/lib/sendmail", [], ["-i", "-t"]],
  ["sendmail:///usr/lib/sendmail", "/usr/lib/sendmail", [], ["-i", "-t"]],
  ["file:///opt/mta", "/opt/mta", [], ["-i", "-t"]],
])("if %s names a program with arguments, mail appends its own arguments only once", (value, path, words, all) => {
  const way = parseWay(value);
  expect(way).toEqual({ kind: "program", path, words });
  expect(parseWay(wayName(way))).toEqual(way);
  expect(programArguments(words, { envelopeSender: undefined, metoo: false, verbose: false })).toEqual(all);
});

test("S-nail's mta=test is refused, because --dry-run serves the same purpose", () => {
  expect(() => parseWay("test:out.txt")).toThrow("use --dry-run");
});
