import { describe, expect, test } from "@jest/globals";
import { kinds } from "./support/boxes.ts";
import { playRounds } from "./support/race.ts";

describe.each(kinds)("for a mailbox in %s format", (kind) => {
  test.each(["deliver", "expunge"] as const)(
    "an action by ID never affects a different message, even during a concurrent operation (%s)",
    async (other) => {
      const { done, gone, refused } = await playRounds(kind, other, 6);
      expect(done + gone + refused).toBe(6);
    },
    60_000,
  );
});
