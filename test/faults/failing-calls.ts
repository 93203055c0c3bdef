/** Makes each write call fail: in one run only once, and in another run permanently. */
import { type Call, playWithFault, traceSession, writes } from "./calls.ts";
import { type Campaign, inLab, roundOf } from "./campaign.ts";
import { judgeEnd, plans } from "./lab.ts";

/** The client may ignore a failure to acquire a lock or to write a cache, if no message is lost. */
const mayFail = /\.lock|\/\.lk|\/\.cache\//;

function concernsMessages({ text }: Call): boolean {
  const [file = ""] = text.split(",");
  return !mayFail.test(file);
}

function failingCalls(name: string, error: string): Campaign {
  return {
    name,
    does: `makes each call that writes or syncs a file fail with ${error}: in one run only once, and in another run permanently`,
    needs: ["strace"],
    async rounds(client) {
      const all = plans.map(async (plan) => {
        const { calls } = await inLab(client, plan.name, (lab) => traceSession(lab, plan.commands(lab), writes));
        const points = new Map(calls.map((call) => [`${call.name} ${call.ordinal}`, call]));
        return [...points].flatMap(([title, call]) =>
          [false, true].map((isLasting) =>
            roundOf(client, plan, `${error} at ${title}${isLasting ? " and later" : ""}`, async (lab) => {
              const { ended, hit } = await playWithFault(lab, plan.commands(lab), call, `error=${error}`, isLasting);
              const broken = judgeEnd(ended);
              if (broken.length === 0 && hit.some(concernsMessages)) {
                if (ended.exit === 0)
                  broken.push(`exit code 0, though this failed: ${hit[0]?.text.replaceAll(lab.root, "")}`);
                // A permanent failure may also prevent output on standard error.
                if (ended.err === "" && !isLasting) broken.push("nothing on standard error");
              }
              return [...broken, ...(await lab.accountAfterRestart(plan.fates(lab)))];
            }),
          ),
        );
      });
      return (await Promise.all(all)).flat();
    },
  };
}

export const enospc = failingCalls("enospc", "ENOSPC");
export const eio = failingCalls("eio", "EIO");
