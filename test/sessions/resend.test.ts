/** Tests the resend command (RFC 5322, section 3.6.6). */
import { expect, test } from "@jest/globals";
import { ours, run } from "./support/peer.ts";

const stored = [
  "From eve@z.org Sat Jan 16 18:22:03 2021",
  "From: Eve <eve@z.org>",
  "Subject: =?utf-8?q?caf=C3=A9?=",
  "Content-Type: multipart/mixed; boundary=b",
  "Status: RO",
  "X-Status: A",
  "",
  "--b",
  "",
  "caf\xe9",
  "--b--",
  "",
  "",
].join("\n");

async function resend(command: string, mailrc = "", box = stored) {
  return run(ours, {
    argv: ["-N", "-f", "box"],
    mailrc: `set quiet\n${mailrc}`,
    input: `${command}\nx\n`,
    files: { box },
  });
}

test.each([
  ["LF", stored],
  ["CRLF", stored.replaceAll("\n", "\r\n")],
])("a message with %s newlines is sent unchanged after the added Resent- fields", async (_newlines, box) => {
  const { sent = "", errors } = await resend("resend 1 ann@x.org ben", "alias ben ben@y.org\nset from=me@w.org\n", box);
  expect(errors).toBe("");
  const [fields = "", rest = ""] = sent.split(/(?=^From: Eve)/m);
  expect(fields.replace(/(Date|ID): .*/g, "$1: ...")).toBe(
    "Resent-Date: ...\nResent-From: me@w.org\nResent-To: ann@x.org, ben@y.org\nResent-Message-ID: ...\n",
  );
  const body = stored.slice(stored.indexOf("From: Eve")).replace(/^(?:X-)?Status: .*\n/gm, "");
  expect(rest.trimEnd()).toBe(body.trimEnd());
});

test("a sendmail program receives only the new recipients, as arguments", async () => {
  const files = { box: stored, take: 'echo "$@" >arguments\ncat >/dev/null\n' };
  const mailrc = 'set quiet from=me@w.org sendmail="/bin/sh take"\n';
  const result = await run(ours, {
    argv: ["-N", "-f", "box"],
    mailrc,
    input: "resend 1 'Ann <ann@x.org>'\nx\n",
    files,
  });
  expect(result["arguments"]).toBe("-i -f me@w.org -- ann@x.org\n");
});

test.each([
  ["resend 1", "No recipients specified"],
  ["resend 1 ./file", "./file: resend sends only to addresses; nothing was sent"],
])("%s is refused", async (command, message) => {
  const { output = "", errors = "", sent } = await resend(command, "set expandaddr\n");
  expect(output + errors).toContain(message);
  expect(sent).toBeUndefined();
});
