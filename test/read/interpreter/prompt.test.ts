import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { promptOf } from "../../../src/read/interpreter/prompt.ts";
import { bench, message } from "../support/session.ts";

test.each([
  ["bsd-mailx's if none is set", undefined, true, "& "],
  ["the number of unread messages without deleted ones", "(%u unread) ", true, "(1 unread) "],
  ["every % sequence", "%f: %c/%m, %n new, %d deleted, 100%% %x> ", true, "spool: 1/3, 1 new, 1 deleted, 100% %x> "],
  ["bsd-mailx's in a pipe and on a terminal that cannot move its cursor", "%u> ", false, "& "],
])("the prompt: %s", async (_rule, text, rich, shown) => {
  const session = await bench(
    message("ann@x", "one") + message("bob@x", "two", "RO") + message("eve@x", "three"),
    text === undefined ? {} : { prompt: text },
  );
  session.folder.mailbox.mark(3, Flag.Deleted);
  const terminal = { ...session.terminal, rich };
  expect(promptOf({ ...session, terminal })).toBe(shown);
  await session.remove();
});
