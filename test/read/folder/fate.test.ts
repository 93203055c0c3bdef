import { expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { fateOf } from "../../../src/read/folder/fate.ts";

const none = { hold: false, keepsave: false };
const read = Flag.Read | Flag.Touched;

test.each([
  ["a deleted message is removed", read | Flag.Deleted, none, "drop"],
  ["a held message is kept even if it was read", read | Flag.Preserved, none, "keep"],
  [
    "a message marked for mbox is moved there even with hold",
    Flag.Touched | Flag.ToMbox,
    { ...none, hold: true },
    "mbox",
  ],
  ["a message that was not touched is kept", Flag.New, none, "keep"],
  ["a message read in an earlier session is kept", Flag.Read, none, "keep"],
  ["a saved message is removed", read | Flag.Saved, none, "drop"],
  ["a saved message is moved to mbox with keepsave", read | Flag.Saved, { ...none, keepsave: true }, "mbox"],
  ["a read message is moved to mbox", read, none, "mbox"],
  ["a read message is kept with hold", read, { ...none, hold: true }, "keep"],
])("%s", (_shows, flags, variables, fate) => {
  expect(fateOf(flags, variables)).toBe(fate);
});
