/**
 * Kills the real program during a quit or a save, before each write call in turn. Before the next start, the mailbox is
 * renamed, the user or the environment changes, or another program writes to the mailbox. No message may be lost,
 * duplicated or damaged.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { testAsRoot } from "../conditions.ts";
import { type Home, makeHome, type Ran } from "./support/program.ts";

const home: Home = makeHome();
afterAll(() => home.remove());
const at = (name: string) => join(home.path, name);
const nobody = 65534;
/** A call number that no session reaches. */
const mostCalls = 80;

const message = (id: string, lines: number) =>
  `From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: ${id}\n\n${`text of ${id}\n`.repeat(lines)}\n`;

/** Returns the subjects in an mbox, in order. Checks that each message is complete. */
function subjects(path: string, whole: ReadonlyMap<string, string>): string[] {
  const text = existsSync(path) ? readFileSync(path, "latin1") : "";
  return text
    .split(/^(?=From )/m)
    .filter((each) => each !== "")
    .map((each) => {
      const subject = /\nSubject: (.*)\n/.exec(each)?.[1] ?? "none";
      expect(each.replace(/^Status: .*\n/m, "")).toBe(whole.get(subject));
      return subject;
    });
}

/**
 * Repeats a session and kills it before its first write call, then before its second, and so on, until a session exits
 * without being killed.
 */
function killAtEachCall(session: (call: number) => Ran, check: (call: number) => void): void {
  for (let call = 1; call < mostCalls; call++) {
    const { signal, status, err } = session(call);
    check(call);
    if (signal !== null) continue;
    expect([status, err]).toEqual([0, ""]);
    return;
  }
  throw new Error("the session has more calls than expected");
}

beforeEach(() => {
  for (const name of ["spool", "link", "mbox", "folder", ".local", "state", "home"])
    rmSync(at(name), { recursive: true, force: true });
  mkdirSync(at("spool"));
  chmodSync(home.path, 0o755);
});

describe("an interrupted quit that rewrites 3 MB is completed", () => {
  const ids = Array.from({ length: 1500 }, (_, number) => `m${number + 1}`);
  const whole = new Map(ids.map((id) => [id, message(id, 150)]));
  const spool = at("spool/user");
  const box = [...whole.values()].join("");
  // All messages after the first changed one are rewritten.
  const commands = ["touch 2-20", "d 21", "hold 2-20", "d 1", "mbox 3", "q"];
  const kept = ids.filter((id) => !["m1", "m3", "m21"].includes(id));

  function allAreThere(call: number): number {
    const [inSpool, inMbox] = [subjects(spool, whole), subjects(at("mbox"), whole)];
    const isDone = inSpool.length !== ids.length;
    expect([call, inSpool, inMbox]).toEqual([call, isDone ? kept : ids, isDone ? ["m3"] : []]);
    return isDone ? 1 : 0;
  }

  test.each<[string, Record<string, string>, string]>([
    ["through a symbolic link to its directory", {}, "link/user"],
    ["with another XDG_STATE_HOME", { XDG_STATE_HOME: at("state") }, "spool/user"],
  ])("%s", (_how, environment, name) => {
    symlinkSync(at("spool"), at("link"));
    let finished = 0;
    killAtEachCall(
      (call) => {
        writeFileSync(spool, box);
        rmSync(at("mbox"), { force: true });
        return home.mailKilledAt(call, commands, { MAIL: spool, MBOX: at("mbox") });
      },
      (call) => {
        const next = home.mail([], ["x"], { MAIL: at(name), MBOX: at("mbox"), ...environment });
        expect([call, next.status, next.err]).toEqual([call, 0, ""]);
        finished += allAreThere(call);
      },
    );
    expect(finished).toBeGreaterThan(4);
  });

  test("the quit is completed if the rewrite begins within a page", () => {
    const longer = new Map(ids.map((id) => [id, message(id, 600)]));
    // All messages were listed in an earlier session, so the quit neither changes nor moves the first message.
    const listed = [...longer.values()].join("").replace(/^Subject: .*\n/gm, "$&Status: O\n");
    const rest = ids.filter((id) => id !== "m2");
    let half = 0;
    killAtEachCall(
      (call) => {
        writeFileSync(spool, listed);
        return home.mailKilledAt(call, ["d 2", "q"], { MAIL: spool, MBOX: at("mbox") });
      },
      (call) => {
        const left = readFileSync(spool, "latin1");
        if (left !== listed && left.includes("\nSubject: m1500\n") && left.length === listed.length) half++;
        const next = home.mail([], ["x"], { MAIL: spool, MBOX: at("mbox") });
        expect([call, next.status, next.err]).toEqual([call, 0, ""]);
        const inSpool = subjects(spool, longer);
        expect([call, inSpool]).toEqual([call, inSpool.length === ids.length ? ids : rest]);
      },
    );
    expect(half).toBeGreaterThan(2);
  });

  testAsRoot("by the mailbox's owner, if root's session was killed", () => {
    mkdirSync(at("home"));
    for (const path of [at("spool"), at("home")]) chownSync(path, nobody, nobody);
    const dropped = commands.filter((command) => command !== "mbox 3");
    let finished = 0;
    killAtEachCall(
      (call) => {
        writeFileSync(spool, box);
        chownSync(spool, nobody, nobody);
        return home.mailKilledAt(call, dropped, { MAIL: spool, MBOX: at("mbox") });
      },
      (call) => {
        const next = home.mailAs(nobody, [], ["x"], { HOME: at("home"), MAIL: spool, MBOX: at("home/mbox") });
        expect([call, next.status, next.err]).toEqual([call, 0, ""]);
        const inSpool = subjects(spool, whole);
        const isDone = inSpool.length !== ids.length;
        expect([call, inSpool]).toEqual([call, isDone ? ids.filter((id) => id !== "m1" && id !== "m21") : ids]);
        if (isDone) finished++;
      },
    );
    expect(finished).toBeGreaterThan(4);
  });
});

test.each([
  ["at the end", "set append"],
  ["at the start", "unset append"],
])("an interrupted quit of mbox is completed before messages are moved to it, %s", (_where, setting) => {
  const ids = Array.from({ length: 1500 }, (_, number) => `m${number + 1}`);
  const whole = new Map([...ids, "new"].map((id) => [id, message(id, 150)]));
  const old = ids.map((id) => whole.get(id)).join("");
  const mbox = at("mbox");
  const spool = at("spool/user");
  let finished = 0;
  killAtEachCall(
    (call) => {
      writeFileSync(mbox, old);
      writeFileSync(spool, whole.get("new") ?? "");
      return home.mailKilledAt(call, ["file mbox", "d 1", "touch 2-30", "q"], { MAIL: spool, MBOX: mbox });
    },
    (call) => {
      const next = home.mail([], [setting, "p 1", "q"], { MAIL: spool, MBOX: mbox });
      expect([call, next.status, next.err]).toEqual([call, 0, ""]);
      const inMbox = subjects(mbox, whole);
      const isDone = !inMbox.includes("m1");
      const rest = isDone ? ids.slice(1) : ids;
      expect([call, inMbox]).toEqual([call, setting === "set append" ? [...rest, "new"] : ["new", ...rest]]);
      expect(existsSync(spool) ? readFileSync(spool, "latin1") : "").toBe("");
      if (isDone) finished++;
    },
  );
  expect(finished).toBeGreaterThan(4);
});

describe("a save that was killed", () => {
  const ids = ["one", "two", "old", "own"];
  const whole = new Map(ids.map((id) => [id, message(id, 400)]));
  // This message has the length, the sender and most of the text of the saved message.
  const others = message("two", 400).replace("Subject: two", "Subject: TWO");
  whole.set("TWO", others);
  const spool = at("spool/user");
  const folder = at("folder");
  const environment = { MAIL: spool, MBOX: at("mbox") };
  const torn = ["", "1"];

  test.each(torn)("a killed save never removes another program's message of the same length%s", (isTorn) => {
    killAtEachCall(
      (call) => {
        writeFileSync(spool, `${whole.get("one")}${whole.get("two")}`);
        writeFileSync(folder, whole.get("old") ?? "");
        return home.mailKilledAt(call, ["s 2 folder", "x"], {
          ...environment,
          ...(isTorn ? { MAIL_KILL_TORN: "1" } : {}),
        });
      },
      (call) => {
        const left = readFileSync(folder, "latin1").slice(whole.get("old")?.length);
        const isWhole = left === "" || left.replace(/^Status: .*\n/m, "") === whole.get("two");
        writeFileSync(folder, others, { flag: "a" });
        const next = home.mail([], ["x"], environment);
        expect([call, next.status]).toEqual([call, 0]);
        const text = readFileSync(folder, "latin1");
        expect([call, text.startsWith(whole.get("old") ?? "-"), text.endsWith(others)]).toEqual([call, true, true]);
        // A partial message to which another program has appended is reported but not removed.
        if (isWhole) expect([call, text]).toEqual([call, `${whole.get("old")}${left}${others}`]);
        else expect(next.err).toContain("nothing was removed");
        expect(subjects(spool, whole)).toEqual(["one", "two"]);
      },
    );
  });

  test("a completely saved message stays, even if another program has deleted the original", () => {
    let kept = 0;
    killAtEachCall(
      (call) => {
        writeFileSync(spool, `${whole.get("one")}${whole.get("two")}`);
        writeFileSync(folder, whole.get("old") ?? "");
        return home.mailKilledAt(call, ["s 2 folder", "x"], environment);
      },
      (call) => {
        const isSaved = readFileSync(folder, "latin1").length > 1.5 * (whole.get("old")?.length ?? 0);
        if (isSaved) writeFileSync(spool, whole.get("one") ?? "");
        const next = home.mail([], ["x"], environment);
        expect([call, next.status]).toEqual([call, 0]);
        expect([call, subjects(folder, whole)]).toEqual([call, isSaved ? ["old", "two"] : ["old"]]);
        expect([call, subjects(spool, whole)]).toEqual([call, isSaved ? ["one"] : ["one", "two"]]);
        if (/the saved messages were kept/.test(next.err)) kept++;
      },
    );
    expect(kept).toBeGreaterThan(0);
  });
});
