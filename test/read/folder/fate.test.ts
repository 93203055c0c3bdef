import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { fateOf } from "../../../src/read/folder/fate.ts";

const none = { hold: false, keepsave: false };
const read = Flag.Read | Flag.Touched;

test.each([
  ["a deleted message goes", read | Flag.Deleted, none, "drop"],
  ["a held message stays though read", read | Flag.Preserved, none, "keep"],
  [
    "a message marked for mbox goes there though hold is set",
    Flag.Touched | Flag.ToMbox,
    { ...none, hold: true },
    "mbox",
  ],
  ["a message nobody looked at stays", Flag.New, none, "keep"],
  ["a message read in an earlier session stays", Flag.Read, none, "keep"],
  ["a saved message goes", read | Flag.Saved, none, "drop"],
  ["a saved message goes to mbox with keepsave", read | Flag.Saved, { ...none, keepsave: true }, "mbox"],
  ["a read message goes to mbox", read, none, "mbox"],
  ["a read message stays with hold", read, { ...none, hold: true }, "keep"],
])("%s", (_shows, flags, variables, fate) => {
  expect(fateOf(flags, variables)).toBe(fate);
});
