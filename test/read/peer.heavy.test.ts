/**
 * Runs random sessions with bsd-mailx and with this program. The results of the two programs may differ only in
 * documented ways.
 *
 * PEER_SEED and PEER_SESSIONS select the sessions; a failure reports the seed with which the session can be repeated.
 */
import { expect, test } from "@jest/globals";
import { bsdMailx, comparable, hasPeer, ours, run } from "../sessions/support/peer.ts";
import { randomSession } from "../sessions/support/random-session.ts";

const first = Number(process.env["PEER_SEED"] ?? 1);
const sessions = Number(process.env["PEER_SESSIONS"] ?? 200);

(hasPeer ? test : test.skip)("random sessions behave as in bsd-mailx", async () => {
  const differing: unknown[] = [];
  let seed = first;
  const worker = async () => {
    while (seed < first + sessions) {
      const mine = seed++;
      const session = randomSession(mine);
      const [theirs, own] = await Promise.all([run(bsdMailx, session), run(ours, session)]);
      try {
        expect({ seed: mine, ...comparable(own) }).toEqual({ seed: mine, ...comparable(theirs) });
      } catch (error) {
        differing.push(mine);
        if (process.env["PEER_SHOW"] !== undefined) process.stderr.write(`${JSON.stringify(session, null, 1)}\n`);
        if (differing.length <= 8) process.stderr.write(`seed ${mine}: ${(error as Error).message}\n`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  expect(differing).toEqual([]);
});
