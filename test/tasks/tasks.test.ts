import { rmSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { kinds } from "../act/support/boxes.ts";
import { type Desk, makeLocalDesk } from "./desk.ts";
import { tasks } from "./tasks.ts";

test("there are twenty tasks", () => expect(Object.keys(tasks)).toHaveLength(20));

describe.each(kinds)("a program uses mailboxes in %s format", (kind) => {
  let desk: Desk;
  afterEach(() => rmSync(desk.home, { recursive: true, force: true }));

  test.each(Object.entries(tasks))("to %s", async (_title, perform) => {
    desk = makeLocalDesk(kind);
    await perform(desk);
  });
});
