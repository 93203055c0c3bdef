import { describe, expect, test } from "@jest/globals";
import { kinds } from "./support/boxes.ts";
import { playRounds } from "./support/race.ts";

describe.each(kinds)("in a mailbox of the format %s", (kind) => {
  test.each(["deliver", "expunge"] as const)(
    "an act by id never affects another message while another program does this: %s",
    async (other) => {
      const { done, gone, refused } = await playRounds(kind, other, 6);
      expect(done + gone + refused).toBe(6);
    },
    60_000,
  );
});
