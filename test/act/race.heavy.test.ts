import { describe, expect, test } from "@jest/globals";
import { kinds } from "./support/boxes.ts";
import { playRounds } from "./support/race.ts";

const rounds = 500;

describe.each(kinds)("for a mailbox in %s format", (kind) => {
  test("in 500 rounds, an action by ID never affects another message while mail is being delivered", async () => {
    expect(await playRounds(kind, "deliver", rounds)).toEqual({ done: rounds, gone: 0, refused: 0 });
  }, 900_000);

  test("in 500 rounds, an action by ID never affects another message while messages are being expunged", async () => {
    const { done, gone, refused } = await playRounds(kind, "expunge", rounds);
    expect(done).toBeGreaterThan(rounds / 4);
    expect(gone).toBeGreaterThan(rounds / 20);
    expect(refused).toBeLessThan(rounds / 10);
  }, 900_000);
});
