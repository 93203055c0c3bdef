/** Sends SIGKILL before each call that changes a file, and at random moments. */
import { changes, playWithFault, traceSession } from "./calls.ts";
import { type Campaign, inLab, roundOf } from "./campaign.ts";
import { judgeEnd, pick, plans, seededRandom } from "./lab.ts";

export const killSystematic: Campaign = {
  name: "kill-systematic",
  does: "kills a session before each call that writes, syncs, truncates, renames, links or removes a file",
  needs: ["strace"],
  async rounds(client) {
    const all = plans.map(async (plan) => {
      const { calls } = await inLab(client, plan.name, (lab) => traceSession(lab, plan.commands(lab), changes));
      const points = new Map(calls.map((call) => [`${call.name} ${call.ordinal}`, call]));
      return [...points].map(([title, call]) =>
        roundOf(client, plan, `killed before ${title}`, async (lab) => {
          const { ended } = await playWithFault(lab, plan.commands(lab), call, "signal=KILL");
          return [...(ended.isHung ? ["never ended"] : []), ...(await lab.accountAfterRestart(plan.fates(lab)))];
        }),
      );
    });
    return (await Promise.all(all)).flat();
  },
};

export const killRandom: Campaign = {
  name: "kill-random",
  does: "kills a session at a random moment",
  needs: [],
  async rounds(client) {
    const [, save = plans[0]!] = plans;
    const { took } = await inLab(client, save.name, (lab) => lab.play(save.commands(lab)));
    const random = seededRandom("kill-random");
    return Array.from({ length: 100 }, () => {
      const plan = pick(plans, random);
      const killAfter = Math.round(took * (0.4 + 0.75 * random()));
      return roundOf(client, plan, `killed after ${killAfter} ms`, async (lab) => {
        const ended = await lab.play(plan.commands(lab), { killAfter });
        return [...(ended.exit < 0 ? [] : judgeEnd(ended)), ...(await lab.accountAfterRestart(plan.fates(lab)))];
      });
    });
  },
};
