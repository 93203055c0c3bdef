/** Tests the marks that are shared with other mail clients: in X-Status in an mbox, and in the names of Maildir files. */
import { expect, test } from "@jest/globals";
import { ours, run } from "./support/peer.ts";
import { mail } from "./support/sandbox.ts";

const letter = mail({ status: "RO" }).replace("Status: RO\n", "X-Status: A\nStatus: RO\n");

async function edit(files: Record<string, string>, input: string, folder: string, mailrc = "") {
  return run(ours, { argv: ["-N", "-f", folder], mailrc: `set quiet\n${mailrc}`, input: `${input}\n`, files });
}

test.each([
  ["flag 1\nq", "X-Status: AF"],
  ["unanswered 1\nq", undefined],
  ["draft 1\nflag 1\nunflag 1\nq", "X-Status: AT"],
  ["undraft 1\nq", "X-Status: A"],
  ["flag 1\nundo\nq", "X-Status: A"],
  ["flag 1\nx", "X-Status: A"],
])("in an mbox, %j stores %s", async (commands, wanted) => {
  const { box = "", errors } = await edit({ box: letter }, commands, "box");
  expect([errors, /^X-Status.*/m.exec(box)?.[0]]).toEqual(["", wanted]);
  expect(box.replace(/^X-Status.*\n/m, "")).toBe(letter.replace("X-Status: A\n", ""));
});

test("the seen command marks messages as read, and queries find new marks immediately", async () => {
  const box = mail() + mail({ subject: "lunch" });
  const { output, box: after = "" } = await edit({ box }, "seen 2\nflag 2\nf is:flagged\nq", "box");
  expect(output).toContain(">   2 ann@example.org");
  expect(after.match(/^(?:X-)?Status.*/gm)).toEqual(["Status: O", "Status: RO", "X-Status: F"]);
});

test("messages keep their marks when they move to mbox; in a message with CRLF newlines, the header field of a mark ends with CRLF", async () => {
  const spool = mail({ status: "RO" });
  const session = { argv: ["-N"], mailrc: "set quiet\n", input: "flag 1\ntouch 1\nq\n", files: { spool } };
  expect((await run(ours, session))["mbox"]).toContain("\nX-Status: F\n");
  const { box = "" } = await edit({ box: mail().replaceAll("\n", "\r\n") }, "flag 1\nq", "box");
  expect(box).toContain("\r\nX-Status: F\r\n");
});

test("the commands for marks cannot be abbreviated, and list does not print them", async () => {
  const { output = "", errors = "" } = await edit({ box: letter }, "fla 1\nlist\nx", "box");
  expect(output + errors).toContain('Unknown command: "fla"');
  expect(output).not.toMatch(/flag|seen|answered|draft|resend|forward|followup|Save|Copy/);
});

const base = "1610821323.M1P1.host";

test.each([
  ["flag 1\nq", "RSF"],
  ["unanswered 1\nq", "S"],
  ["draft 1\nq", "DRS"],
])("in a Maildir, %j stores %s", async (commands, letters) => {
  const file = `box/cur/${base}:2,RS`;
  const files = { [file]: "From: a@x\nSubject: s\n\nhi\n", "box/new/.keep": "", "box/tmp/.keep": "" };
  const result = await edit(files, commands, "box");
  const [name] = Object.keys(result).filter((each) => each.startsWith(`box/cur/${base}`));
  expect(name).toBe(`box/cur/${base}:2,${[...letters].sort().join("")}`);
});

test("a reply marks a message as answered in a Maildir, and in an mbox only with markanswered", async () => {
  const files = { [`box/cur/${base}:2,S`]: "From: a@x\n\nhi\n", "box/new/.keep": "", "box/tmp/.keep": "" };
  const result = await edit(files, "r 1\ntext\n.\nq", "box");
  expect(result["sent"]).toContain("To: a@x");
  const reply = "r 1\ntext";
  const names = Object.keys(await edit(files, reply, "box"));
  expect(names).toContain(`box/cur/${base}:2,RS`);
  const box = mail({ status: "RO" });
  expect((await edit({ box }, reply, "box"))["box"]).toBe(box);
  expect((await edit({ box }, reply, "box", "set markanswered\n"))["box"]).toContain("\nX-Status: A\n");
});

test("the forward command marks a message as forwarded (P) in a Maildir, and leaves an mbox unchanged", async () => {
  const files = { [`box/cur/${base}:2,S`]: "From: a@x\n\nhi\n", "box/new/.keep": "", "box/tmp/.keep": "" };
  const forward = "forward 1 b@x\ntext";
  const result = await edit(files, forward, "box");
  expect(result["sent"]).toContain("To: b@x");
  expect(Object.keys(result)).toContain(`box/cur/${base}:2,PS`);
  const box = mail({ status: "RO" });
  expect((await edit({ box }, forward, "box"))["box"]).toBe(box);
});
