/** Runs the acceptance test with a real Postfix, as two users, and then types the SMTP dialogue by hand. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openDialogue } from "../maild/dialogue.ts";
import { content, Office, patience, queuedAs, type } from "./people.ts";

let office: Office;

beforeAll(async () => {
  office = await Office.open();
});

afterAll(() => office?.close());

test("a message that one user sends from a pipe is read by the other user, and quit moves it to mbox", async () => {
  const sent = office.pipe(
    office.sender,
    ["-v", "-s", "From a pipe", `root@${office.postfix.domain}`],
    "the first line\nFrom here on\n",
  );
  expect(sent).toMatchObject({ status: 0 });
  expect(sent.said).toMatch(queuedAs);
  const id = queuedAs.exec(sent.said)?.[1] as string;
  await office.delivered(id);
  expect(office.postfix.readLog()).toMatch(
    new RegExp(`local\\[\\d+\\]: ${id}: to=<root@.*status=sent \\(delivered to mailbox\\)`),
  );

  const { exit } = await office.onTerminal(office.admin, [], async (pty) => {
    await pty.expect(/"[^"]*root": 1 message 1 new/, patience);
    await pty.expect(/>[NU] {2}1 games@dominio\..*From a pipe/, patience);
    await pty.expect("& ", patience);
    pty.send("1\r");
    await pty.expect("the first line", patience);
    await pty.expect("& ", patience);
    pty.send("q\r");
  });
  expect(exit).toBe(0);
  const mbox = content(join(office.admin.home, "mbox"));
  expect(mbox).toMatch(/^From games@dominio\.test /);
  expect(mbox).toMatch(/^Delivered-To: root@dominio\.test$/m);
  expect(mbox).toContain("\n\nthe first line\n>From here on\n");
  expect(content(office.admin.env["MAIL"] as string)).toBe("");
});

test("a reply that is typed on a terminal is delivered to the sender of the original message", async () => {
  let id = "";
  const { exit } = await office.onTerminal(office.admin, ["-v", `games@${office.postfix.domain}`], async (pty) => {
    await pty.expect("Subject: ", patience);
    await type(pty, "Typed");
    await type(pty, "by hand");
    pty.send("\u0004");
    await pty.expect("Cc: ", patience);
    pty.send("\r");
    await pty.expect(queuedAs, patience);
    id = queuedAs.exec(pty.transcript())?.[1] as string;
  });
  expect(exit).toBe(0);
  await office.delivered(id);
  const { exit: read } = await office.onTerminal(office.sender, ["-N"], async (pty) => {
    await pty.expect("& ", patience);
    pty.send("1\r");
    await pty.expect("by hand", patience);
    await pty.expect("& ", patience);
    pty.send("q\r");
  });
  expect(read).toBe(0);
  expect(content(join(office.sender.home, "mbox"))).toContain("\n\nby hand\n");
  expect(content(office.sender.env["MAIL"] as string)).toBe("");
});

test("a message to an unknown user is refused and kept in dead.letter", () => {
  const sent = office.pipe(office.sender, ["-s", "To nobody", `no-such-user@${office.postfix.domain}`], "kept\n");
  expect(sent.status).not.toBe(0);
  expect(sent.said).toContain("User unknown in local recipient table");
  expect(content(join(office.sender.home, "dead.letter"))).toContain("kept\n");
});

test("a dialogue typed by hand completes all SMTP phases", async () => {
  const dialogue = openDialogue(office.postfix.port);
  expect(await dialogue.say()).toMatch(/^220 dominio\.test ESMTP Postfix/);
  expect(await dialogue.say("helo here")).toBe("250 dominio.test");
  expect(await dialogue.say("EHLO here")).toMatch(/^250-dominio\.test\r\n[\s\S]*^250 /m);
  expect(await dialogue.say("mail from:<games@dominio.test>")).toBe("250 2.1.0 Ok");
  expect(await dialogue.say("RCPT TO:<no-such-user@dominio.test>")).toMatch(/^550 5\.1\.1 .*User unknown/);
  expect(await dialogue.say("RCPT TO:<root@dominio.test>")).toBe("250 2.1.5 Ok");
  expect(await dialogue.say("DATA")).toBe("354 End data with <CR><LF>.<CR><LF>");
  const answer = await dialogue.say(
    ["From: games@dominio.test", "Subject: By hand", "", "..one dot", "."].join("\r\n"),
  );
  expect(answer).toMatch(queuedAs);
  expect(await dialogue.say("QUIT")).toBe("221 2.0.0 Bye");
  await office.delivered(queuedAs.exec(answer)?.[1] as string);
  expect(content(office.admin.env["MAIL"] as string)).toContain("\n\n.one dot\n");

  const headers = office.pipe(office.admin, ["-H"], "");
  expect(headers).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^>[NU] {2}1 games@dominio\.tes .*By hand/),
  });
});
