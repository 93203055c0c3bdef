/** Runs the tasks that programs typically perform, with folders on a Dovecot server. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { letter, makePlace } from "../act/support/boxes.ts";
import { parseLines } from "../act/support/schemas.ts";
import { describeIf } from "../conditions.ts";
import { type Desk, makeDesk } from "../tasks/desk.ts";
import { tasks } from "../tasks/tasks.ts";
import { connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, forbiddenCommands, prepareHome, startDovecot } from "./dovecot.ts";

describeIf(dovecotProgram !== undefined)("a program uses folders on Dovecot", () => {
  let dovecot: Dovecot;
  let desk: Desk;
  let desks = 0;

  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
  });
  afterAll(async () => {
    expect(forbiddenCommands(dovecot.readRawLogs())).toEqual([]);
    await dovecot.stop();
  });
  afterEach(() => rmSync(desk.home, { recursive: true, force: true }));

  const makeServerDesk = (): Desk => {
    const place = makePlace();
    const prefix = `d${++desks}`;
    const server = `imaps://ann@localhost:${dovecot.imapsPort}`;
    const append = async (name: string, letters: readonly string[]) => {
      const client = await connectTo(dovecot);
      for (const text of letters) {
        const bytes = Buffer.from(text.replaceAll("\n", "\r\n"));
        await client.append(`${prefix}${name}`, bytes, { flags: [], received: new Date(0) });
      }
      await client.logout();
    };
    return makeDesk(place, `set ${prepareHome(place.home)}\n`, {
      box: (name) => `${server}/${prefix}${name}`,
      create: async (name, letters) => {
        const client = await connectTo(dovecot);
        await client.create(`${prefix}${name}`);
        await client.logout();
        await append(name, letters);
      },
      deliver: (name, text) => append(name, [text]),
    });
  };

  test("with --present, a message that arrives at any moment ends the wait", async () => {
    desk = makeServerDesk();
    await desk.create("inbox", []);
    for (let round = 0; round < 12; round++) {
      const argv = ["--wait", "20", "--present", "--json", "-f", desk.box("inbox"), `subject:code${round}`];
      const waiting = desk.start(argv);
      await sleep(round * 50);
      await desk.deliver("inbox", letter(`code${round}`));
      const { exit, out } = await waiting;
      expect({ round, exit, subject: parseLines("message", out)[0]?.["subject"] }).toEqual({
        round,
        exit: 0,
        subject: `code${round}`,
      });
    }
    expect(desk.run(["--wait", "0.5", "-f", desk.box("inbox"), "subject:code1"]).status).toBe(75);
  });

  test.each(Object.entries(tasks))("to %s", async (_title, perform) => {
    desk = makeServerDesk();
    await perform(desk);
  });
});
