import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { kinds, letter, makePlace } from "./support/boxes.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

const program = join(place.home, "mta");
const sentPath = join(place.home, "sent");
/** Returns the arguments and the message that the sendmail program received. */
const sent = () => (existsSync(sentPath) ? readFileSync(sentPath, "utf8") : undefined);

const original = letter("hola", {
  from: "Ann <ann@x.org>",
  fields: "Cc: bob@x.org\nReferences: <0@x.org>\n",
  body: "first line\nsecond line",
});

describe.each(kinds)("for a mailbox in %s format", (kind) => {
  let id: string;

  beforeEach(() => {
    for (const name of ["box", "sent", "dead.letter"]) rmSync(join(place.home, name), { recursive: true, force: true });
    writeFileSync(program, `#!/bin/sh\n{ echo "$*"; cat; } >>'${sentPath}'\n`, { mode: 0o755 });
    writeFileSync(join(place.home, ".mailrc"), `set mta=${program}\n`);
    place.create(kind, "box", [original, letter("other")]);
    id = place.ids("box")["hola"] as string;
  });

  const flags = () => place.json("message", ["-f", "box", `id:${id}`]).values[0]?.["flags"];

  test("--reply sends the text from standard input to the author and all recipients", () => {
    const { status, values, problems } = place.json("act", ["--reply", id, "-f", "box"], "thanks\n");
    expect({ status, problems }).toEqual({ status: 0, problems: [] });
    const recipients = ["ann@x.org", "root@x.org", "bob@x.org"];
    const submission = expect.objectContaining({ sent: true, reason: null, accepted: recipients });
    const result = { version: 1, act: "reply", id, done: true, reason: null, to: null, recipients, submission };
    expect(values).toEqual([result]);
    expect(sent()).toMatch(/^To: .*ann@x\.org/m);
    expect(sent()).toMatch(/^Cc: bob@x\.org$/m);
    expect(sent()).toMatch(/^Subject: Re: hola$/m);
    expect(sent()).toMatch(/^In-Reply-To: <hola@x\.org>$/m);
    expect(sent()).toMatch(/^References: <0@x\.org>\n <hola@x\.org>$/m);
    expect(sent()).toMatch(/\n\nthanks\n$/);
    // As with the reply command, the flag is always set in a Maildir, but in an mbox only if markanswered is set.
    expect(flags()).toEqual(kind === "Maildir" ? ["answered"] : []);
    expect(place.ids("box")["hola"]).toBe(id);
  });

  test("--reply --sender --quote replies to the author and inserts the quoted message before the text", () => {
    const argv = ["--reply", `id:${id}`, "--sender", "--quote", "-f", "box", "-s", "other", "-c", "zoe@x.org"];
    const { values } = place.json("act", argv, "thanks\n");
    expect(values[0]?.["recipients"]).toEqual(["ann@x.org", "zoe@x.org"]);
    expect(sent()).toMatch(/^Subject: other$/m);
    expect(sent()).toMatch(/^\tfirst line\n\tsecond line\n(?:\t\n)*thanks$/m);
    expect(sent()).not.toMatch(/bob@x\.org, /);
  });

  test("--forward sends the text from standard input, followed by the message", () => {
    const { status, values } = place.json("act", ["--forward", id, "zoe@x.org", "-f", "box"], "see below\n");
    expect({ status, values }).toMatchObject({ status: 0, values: [{ done: true, recipients: ["zoe@x.org"] }] });
    expect(sent()).toMatch(/^Subject: Fwd: hola$/m);
    expect(sent()).toMatch(/\n\nsee below\n\n-+ Forwarded message -+\nFrom: Ann <ann@x\.org>\n(?:.*\n)*\nfirst line\n/);
    expect(flags()).toEqual([]);
  });

  test("--resend sends messages unchanged except for added Resent- fields", () => {
    const { status, values } = place.json("act", ["--resend", "zoe@x.org", "-f", "box", "subject:hola"]);
    expect({ status, values }).toMatchObject({ status: 0, values: [{ id, done: true, recipients: ["zoe@x.org"] }] });
    expect(sent()).toMatch(/^Resent-To: zoe@x\.org$/m);
    expect(sent()).toMatch(/^Subject: hola$/m);
    expect(flags()).toEqual([]);
  });

  test.each([
    ["--reply", "ID"],
    ["--forward", "ID", "zoe@x.org"],
    ["--resend", "zoe@x.org", "ID"],
  ])("%s --dry-run sends nothing", (...argv) => {
    const given = argv.map((word) => (word === "ID" ? `id:${id}` : word));
    const { status, values } = place.json("act", [...given, "--dry-run", "-f", "box"], "text\n");
    expect({ status, values }).toMatchObject({ status: 0, values: [{ done: false, reason: "dry run" }] });
    expect(values[0]?.["recipients"]).not.toEqual([]);
    expect(values[0]).not.toHaveProperty("submission");
    expect(sent()).toBeUndefined();
  });

  test("if a message is not sent, this is reported with the reason, and the original is not marked", () => {
    writeFileSync(program, "#!/bin/sh\ncat >/dev/null\nexit 75\n", { mode: 0o755 });
    const { status, values, problems } = place.json("act", ["--reply", id, "-f", "box"], "thanks\n");
    expect({ status, values }).toMatchObject({ status: 75, values: [{ done: false, reason: "program failed" }] });
    expect(problems.length).toBeGreaterThan(0);
    expect(readFileSync(join(place.home, "dead.letter"), "utf8")).toContain("thanks");
    expect(flags()).toEqual([]);
  });

  test("nothing is sent if the message is gone", () => {
    const gone = kind === "mbox" ? "m-00000000000000000000000000000000" : "1.M1P1.host";
    for (const argv of [
      ["--reply", gone],
      ["--forward", gone, "zoe@x.org"],
      ["--resend", "zoe@x.org", `id:${gone}`],
    ])
      expect(place.json("act", [...argv, "-f", "box"], "text\n")).toMatchObject({
        status: 1,
        values: [{ done: false, reason: "gone" }],
        problems: [{ error: { reason: "gone" } }],
      });
    expect(sent()).toBeUndefined();
  });
});
