import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Campaign, Client } from "./campaign.ts";

/** Returns those of the campaign's requirements that this machine does not meet. */
export function missingFor({ needs }: Campaign): string[] {
  const has = {
    root: () => process.getuid?.() === 0,
    strace: () => spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0,
  };
  return needs.filter((need) => !has[need]());
}

/**
 * Runs a campaign, several rounds at a time.
 *
 * @param most the maximum number of rounds, which are selected evenly from all rounds of the campaign
 * @returns one line per broken guarantee, with its round
 */
export async function playCampaign({ rounds }: Campaign, client: Client, most: number) {
  const all = await rounds(client);
  const step = Math.max(1, all.length / most);
  const drawn = all.filter((_, at) => Math.floor(at / step) > Math.floor((at - 1) / step));
  const rest = drawn.values();
  const broken: string[] = [];
  const work = async () => {
    for (const { title, play } of rest) {
      const found = await play().catch((error: Error) => [`cannot be played: ${error.message}`]);
      broken.push(...found.map((what) => `${title}: ${what}`));
    }
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));
  return { rounds: drawn.length, broken };
}
