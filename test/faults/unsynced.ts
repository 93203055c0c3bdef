/** Checks the order of writes and fsyncs in the trace of a session without faults. */
import { type Call, changes, traceSession } from "./calls.ts";
import { type Campaign, roundOf } from "./campaign.ts";
import { type Lab, plans } from "./lab.ts";

/**
 * Returns each change that was made to the spool while another file still had unsynced writes. Also reports a spool
 * that is not synced at the end.
 */
function violationsOf(calls: readonly Call[], { spool, root }: Lab): string[] {
  const unsynced = new Set<string>();
  const violations: string[] = [];
  for (const { name, text } of calls) {
    const path = /^\d+<([^>]*)>/.exec(text)?.[1] ?? "";
    const names = [...text.matchAll(/"([^"]*)"/g)].map(([, each = ""]) => each);
    if (name === "fsync" || name === "fdatasync") unsynced.delete(path);
    const changesSpool = writesInto.has(name) ? path === spool : !/sync$/.test(name) && names.includes(spool);
    if (changesSpool) {
      for (const other of unsynced) {
        if (other !== spool) violations.push(`${name} changes the spool before ${other.replace(root, "")} is synced`);
      }
      unsynced.clear();
      unsynced.add(spool);
    } else if (writesInto.has(name) && !/\.lock|\/\.lk|\/\.cache\/|\/tmp\/|\/trace/.test(path)) unsynced.add(path);
    if (name.startsWith("rename") && unsynced.delete(names[0] ?? "")) unsynced.add(names[1] ?? "");
  }
  return unsynced.has(spool) ? [...violations, "the spool is not synced after its last change"] : violations;
}

const writesInto = new Set(["write", "pwrite64", "writev", "pwritev", "ftruncate", "truncate"]);

export const unsynced: Campaign = {
  name: "unsynced",
  does: "checks in a trace that what receives messages is synced before the spool changes, and the spool afterwards",
  needs: ["strace"],
  async rounds(client) {
    return plans.map((plan) =>
      roundOf(client, plan, "traced", async (lab) => {
        const { ended, calls } = await traceSession(lab, plan.commands(lab), changes);
        return [
          ...(ended.exit === 0 ? [] : [`exit code ${ended.exit}: ${ended.err}`]),
          ...violationsOf(calls, lab),
          ...lab.account(plan.fates(lab), true),
        ];
      }),
    );
  },
};
