import { describe, expect, test } from "@jest/globals";
import { kinds } from "./support/boxes.ts";
import { playRounds } from "./support/race.ts";

const rounds = Number(process.env["MAIL_TEST_ROUNDS"] ?? 500);

describe.each(kinds)("for a mailbox in %s format", (kind) => {
  test("an action by ID never affects a different message, even while mail is being delivered", async () => {
    expect(await playRounds(kind, "deliver", rounds)).toEqual({ done: rounds, gone: 0, refused: 0 });
  }, 900_000);

  test("an action by ID never affects a different message, even while messages are being expunged", async () => {
    const { done, gone, refused } = await playRounds(kind, "expunge", rounds);
    expect(done).toBeGreaterThan(rounds / 4);
    expect(gone).toBeGreaterThan(rounds / 20);
    expect(refused).toBeLessThan(rounds / 10);
  }, 900_000);
});
