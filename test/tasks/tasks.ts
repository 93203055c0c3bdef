/** Twenty tasks that programs typically perform, each written as a test that runs the real program. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import { letter } from "../act/support/boxes.ts";
import { parseLines } from "../act/support/schemas.ts";
import type { Desk } from "./desk.ts";

type Message = Record<string, unknown> & { readonly id: string; readonly subject: string };

const list = (desk: Desk, box: string, ...argv: readonly string[]) =>
  desk.json("message", ["-f", desk.box(box), ...argv]).values as Message[];
const subjectsIn = (desk: Desk, box: string, ...argv: readonly string[]) =>
  list(desk, box, ...argv).map(({ subject }) => subject);
const idOf = (desk: Desk, box: string, subject: string) => list(desk, box, `subject:${subject}`)[0]?.id ?? "";
const act = (desk: Desk, argv: readonly string[], input?: string) => desk.json("act", argv, input);

const invoice = letter("invoice", {
  from: "shop@x.org",
  fields: "Content-Type: multipart/mixed; boundary=cut\n",
  body: "--cut\n\nsee the file\n--cut\nContent-Type: application/pdf; name=invoice.pdf\nContent-Transfer-Encoding: base64\n\naGkK\n--cut--",
});

/** The tasks, keyed by title. */
export const tasks: Readonly<Record<string, (desk: Desk) => Promise<void>>> = {
  "triage an inbox of 200 messages": async (desk) => {
    const kinds = ["cron", "news", "ann", "boss"];
    await desk.create(
      "inbox",
      Array.from({ length: 200 }, (_, n) => letter(`s${n}`, { from: `${kinds[n % 4]}@x.org` })),
    );
    await desk.create("news", []);
    const by = (name: string) =>
      list(desk, "inbox").filter(({ from }) => (from as { address: string }[])[0]?.address === `${name}@x.org`);
    const ids = (name: string) => by(name).map(({ id }) => `id:${id}`);
    expect(act(desk, ["--delete", "-f", desk.box("inbox"), ...ids("cron")]).values).toHaveLength(50);
    expect(act(desk, ["--move", desk.box("news"), "-f", desk.box("inbox"), ...ids("news")]).status).toBe(0);
    expect(act(desk, ["--mark", "flagged", "-f", desk.box("inbox"), ...ids("boss")]).status).toBe(0);
    expect([list(desk, "inbox").length, list(desk, "news").length]).toEqual([100, 50]);
    expect(list(desk, "inbox", "is:flagged").map(({ id }) => id)).toEqual(by("boss").map(({ id }) => id));
  },
  "answer one message": async (desk) => {
    await desk.create("inbox", [letter("other"), letter("question")]);
    const { status, values } = act(
      desk,
      ["--reply", idOf(desk, "inbox", "question"), "-f", desk.box("inbox")],
      "yes\n",
    );
    expect({ status, values }).toMatchObject({ status: 0, values: [{ done: true }] });
    expect(desk.sent()).toEqual([
      expect.stringMatching(/^Subject: Re: question$(?:.*\n)*^In-Reply-To: <question@x\.org>$/m),
    ]);
  },
  "move a thread": async (desk) => {
    const reply = (subject: string, to: string) =>
      letter(subject, { fields: `In-Reply-To: <${to}@x.org>\nReferences: <${to}@x.org>\n` });
    await desk.create("inbox", [letter("plan"), letter("other"), reply("first", "plan"), reply("second", "first")]);
    await desk.create("done", []);
    const threads = list(desk, "inbox", "--thread") as (Message & { thread: { root: string } })[];
    const root = threads.find(({ subject }) => subject === "plan")?.id;
    const members = threads.filter(({ thread }) => thread.root === root).map(({ id }) => `id:${id}`);
    expect(act(desk, ["--move", desk.box("done"), "-f", desk.box("inbox"), ...members]).status).toBe(0);
    expect(subjectsIn(desk, "done").sort()).toEqual(["first", "plan", "second"]);
    expect(subjectsIn(desk, "inbox")).toEqual(["other"]);
  },
  "wait for a code": async (desk) => {
    await desk.create("inbox", [letter("other")]);
    const waiting = desk.start([
      "--wait",
      "20",
      "--present",
      "--json",
      "--text",
      "-f",
      desk.box("inbox"),
      "subject:code",
    ]);
    await sleep(500);
    await desk.deliver("inbox", letter("more"));
    await desk.deliver("inbox", letter("code", { body: "Your code is 123456." }));
    const { exit, out } = await waiting;
    expect({ exit, code: /\d{6}/.exec(String(parseLines("message", out)[0]?.["text"]))?.[0] }).toEqual({
      exit: 0,
      code: "123456",
    });
  },
  "give up waiting": async (desk) => {
    await desk.create("inbox", [letter("code")]);
    expect(desk.json("message", ["--wait", "0.3", "-f", desk.box("inbox"), "subject:code"])).toMatchObject({
      status: 75,
      values: [],
      problems: [{ error: { reason: "timed out" } }],
    });
  },
  "save the attachments of invoices": async (desk) => {
    await desk.create("inbox", [letter("other"), invoice]);
    mkdirSync(join(desk.home, "invoices"));
    const { values } = act(desk, ["--save-parts", "invoices", "-f", desk.box("inbox"), "has:attachment"]);
    expect(values.map(({ files }) => files)).toEqual([[join(desk.home, "invoices/invoice.pdf")]]);
    expect(readFileSync(join(desk.home, "invoices/invoice.pdf"), "utf8")).toBe("hi\n");
  },
  "pipe one part to a program": async (desk) => {
    await desk.create("inbox", [invoice]);
    const id = idOf(desk, "inbox", "invoice");
    const [message] = list(desk, "inbox", "--parts") as (Message & {
      parts: { number: string; name: string | null }[];
    })[];
    const part = message?.parts.find(({ name }) => name === "invoice.pdf")?.number ?? "";
    expect(desk.run(["--part", part, `id:${id}`, "-f", desk.box("inbox")])).toMatchObject({
      status: 0,
      stdout: "hi\n",
    });
  },
  "forward a message": async (desk) => {
    await desk.create("inbox", [letter("news")]);
    const argv = ["--forward", idOf(desk, "inbox", "news"), "zoe@x.org", "-f", desk.box("inbox")];
    expect(act(desk, argv, "see below\n")).toMatchObject({
      status: 0,
      values: [{ done: true, recipients: ["zoe@x.org"] }],
    });
    expect(desk.sent()).toEqual([expect.stringMatching(/see below(?:.*\n)*body of news/)]);
  },
  "send a message on to its owner": async (desk) => {
    await desk.create("inbox", [letter("misdirected")]);
    expect(act(desk, ["--resend", "zoe@x.org", "-f", desk.box("inbox"), "subject:misdirected"])).toMatchObject({
      status: 0,
    });
    expect(desk.sent()).toEqual([expect.stringMatching(/^Resent-To: zoe@x\.org$(?:.*\n)*^Subject: misdirected$/m)]);
  },
  "write a draft, show it and send it, and try to send it twice": async (desk) => {
    await desk.create("drafts", []);
    const draft = { to: "ann@x.org", bcc: "eve@x.org", subject: "plan", text: "hola\n" };
    const stored = desk.json("submission", ["--draft", "--from-json"], JSON.stringify(draft));
    expect(stored).toMatchObject({ status: 0, values: [{ reason: "stored" }], problems: [] });
    const id = idOf(desk, "drafts", "plan");
    const [shown] = desk.json("message", ["--show", "-f", desk.box("drafts"), `id:${id}`]).values;
    expect(shown).toMatchObject({ subject: "plan", text: "hola\n", to: [{ address: "ann@x.org" }] });
    expect(desk.json("submission", ["--send", id])).toMatchObject({ status: 0, values: [{ sent: true }] });
    expect(desk.json("submission", ["--send", id])).toMatchObject({
      status: 1,
      values: [{ sent: false, reason: "gone" }],
    });
    expect(desk.sent()).toEqual([expect.not.stringContaining("eve@x.org")]);
    expect(list(desk, "drafts")).toEqual([]);
  },
  "send a report with an attachment": async (desk) => {
    writeFileSync(join(desk.home, "data.csv"), "1,2\n");
    const draft = { to: ["ann@x.org"], subject: "report", text: "done\n", attachments: [{ path: "data.csv" }] };
    const { status, values } = desk.json("submission", ["--from-json"], JSON.stringify(draft));
    expect({ status, values }).toMatchObject({ status: 0, values: [{ sent: true, accepted: ["ann@x.org"] }] });
    expect(desk.sent()).toEqual([expect.stringMatching(/filename="?data\.csv/)]);
  },
  "keep a copy of a sent message, even if that fails": async (desk) => {
    await desk.create("archive", []);
    const send = (record: string) =>
      desk.json("submission", ["-S", `record=${record}`, "-s", "kept", "ann@x.org"], "text\n");
    expect(send(desk.box("archive"))).toMatchObject({
      status: 0,
      values: [{ copies: [{ done: true }], warnings: [] }],
    });
    expect(subjectsIn(desk, "archive")).toEqual(["kept"]);
    const failed = send(join(desk.home, "none/archive"));
    expect(failed).toMatchObject({ status: 0, values: [{ sent: true, copies: [{ done: false }] }] });
    expect(failed.problems).toMatchObject([{ warning: {} }]);
  },
  "delete while mail arrives": async (desk) => {
    await desk.create(
      "inbox",
      Array.from({ length: 20 }, (_, n) => letter(`old${n}`)),
    );
    const ids = list(desk, "inbox").map(({ id }) => `id:${id}`);
    const deleting = desk.start(["--delete", "--json", "-f", desk.box("inbox"), ...ids.slice(5)]);
    let isOver = false;
    const ended = deleting.finally(() => {
      isOver = true;
    });
    let arrived = 0;
    do {
      await desk.deliver("inbox", letter(`new${arrived++}`));
      await sleep(20);
    } while (!isOver && arrived < 100);
    const { exit, out } = await ended;
    expect({ exit, done: parseLines("act", out).filter(({ done }) => done === true).length }).toEqual({
      exit: 0,
      done: 15,
    });
    const left = subjectsIn(desk, "inbox");
    expect([
      left.filter((each) => each.startsWith("old")).length,
      left.filter((each) => each.startsWith("new")).length,
    ]).toEqual([5, arrived]);
  },
  "act on a message that is gone": async (desk) => {
    await desk.create("inbox", [letter("one"), letter("two")]);
    const id = `id:${idOf(desk, "inbox", "one")}`;
    expect(act(desk, ["--delete", "-f", desk.box("inbox"), id])).toMatchObject({ status: 0 });
    expect(act(desk, ["--delete", "-f", desk.box("inbox"), id])).toMatchObject({
      status: 1,
      problems: [{ error: { reason: "gone" } }],
    });
    expect(subjectsIn(desk, "inbox")).toEqual(["two"]);
  },
  "rehearse an action": async (desk) => {
    await desk.create("inbox", [letter("one"), letter("two", { from: "cron@x.org" })]);
    const { values } = act(desk, ["--delete", "--dry-run", "-f", desk.box("inbox"), "from:cron"]);
    expect(values).toMatchObject([{ id: idOf(desk, "inbox", "two"), done: false, reason: "dry run" }]);
    expect(subjectsIn(desk, "inbox")).toEqual(["one", "two"]);
  },
  "delete no more messages than expected": async (desk) => {
    await desk.create(
      "inbox",
      Array.from({ length: 101 }, (_, n) => letter(`s${n}`)),
    );
    const argv = ["--delete", "-f", desk.box("inbox"), "from:ann"];
    expect(act(desk, argv)).toMatchObject({
      status: 64,
      values: [],
      problems: [{ error: { reason: "too many matches" } }],
    });
    expect(list(desk, "inbox")).toHaveLength(101);
    expect(act(desk, [...argv, "--at-most", "101"]).values).toHaveLength(101);
    expect(list(desk, "inbox")).toEqual([]);
  },
  "copy messages to an archive": async (desk) => {
    await desk.create("inbox", [letter("one"), letter("two")]);
    await desk.create("archive", []);
    expect(act(desk, ["--copy", desk.box("archive"), "-f", desk.box("inbox"), "subject:two"])).toMatchObject({
      status: 0,
    });
    expect([subjectsIn(desk, "inbox"), subjectsIn(desk, "archive")]).toEqual([["one", "two"], ["two"]]);
    expect(list(desk, "archive").map(({ state }) => state)).not.toContain("read");
  },
  "list the newest messages and count the unread ones": async (desk) => {
    await desk.create(
      "inbox",
      Array.from({ length: 9 }, (_, n) => letter(`s${n}`)),
    );
    expect(subjectsIn(desk, "inbox", "--limit", "3", "--newest")).toEqual(["s8", "s7", "s6"]);
    expect(act(desk, ["--mark", "read", "-f", desk.box("inbox"), "subject:s8"])).toMatchObject({ status: 0 });
    expect(desk.run(["--count", "-f", desk.box("inbox"), "not is:read"]).stdout).toBe("8\n");
  },
  "read a message without marking it": async (desk) => {
    const fields = "Content-Type: text/html; charset=utf-8\n";
    await desk.create("inbox", [letter("page", { fields, body: "<p>Hola <b>Ann</b></p>" })]);
    const show = () => desk.json("message", ["--show", "-f", desk.box("inbox"), "subject:page"]).values[0];
    expect(String(show()?.["text"])).toMatch(/^\s*Hola .*Ann/);
    expect(show()).toMatchObject({ flags: [] });
  },
  "delete one of two identical copies": async (desk) => {
    await desk.create("inbox", [letter("twin"), letter("other"), letter("twin")]);
    expect(act(desk, ["--delete", "-f", desk.box("inbox"), `id:${idOf(desk, "inbox", "twin")}`])).toMatchObject({
      status: 0,
    });
    expect(subjectsIn(desk, "inbox").sort()).toEqual(["other", "twin"]);
    expect(readdirSync(desk.home)).not.toContain("dead.letter");
  },
};
