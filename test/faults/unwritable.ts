/** Tests full disks and missing permissions. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Campaign, roundOf } from "./campaign.ts";
import { type Ended, judgeEnd, type Lab, type Plan, plans } from "./lab.ts";

const isRoot = process.getuid?.() === 0;

/**
 * Returns the problems with a session's exit code and error messages, and the problems that judgeEnd finds.
 *
 * @param isDone whether the session did its work despite the fault
 */
function judgeReport(ended: Ended, isDone: boolean): string[] {
  const broken = judgeEnd(ended);
  if (broken.length > 0 || isDone) return broken;
  if (ended.exit === 0) broken.push("exit code 0, though not everything was done");
  if (ended.err === "") broken.push("nothing on standard error");
  return broken;
}

function isDone(lab: Lab, plan: Plan): boolean {
  return lab.account(plan.fates(lab), true).length === 0;
}

const pageSize = 4096;

/**
 * Replaces a directory with a small file system that contains its files and has a few free pages.
 *
 * @returns the directory
 */
function fillDisk(lab: Lab, directory: string, pages: number): string {
  const aside = join(lab.root, "aside");
  mkdirSync(aside);
  cpSync(directory, aside, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=755", "none", directory]);
  cpSync(aside, directory, { recursive: true });
  rmSync(aside, { recursive: true });
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(join(directory, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - pages * pageSize)));
  return directory;
}

const fullPlaces: readonly (readonly string[])[] = [["home"], ["spool"], ["home", "spool"]];

export const fullDisk: Campaign = {
  name: "full-disk",
  does: "fills the disk of the home, of the spool, or of both but for a few pages",
  needs: ["root"],
  async rounds(client) {
    return plans.flatMap((plan) =>
      fullPlaces.flatMap((names) =>
        [0, 1, 2, 3, 4, 6, 8, 12].map((pages) =>
          roundOf(client, plan, `${names.join(" and ")} full but for ${pages} pages`, async (lab) => {
            const mounted: string[] = [];
            try {
              for (const name of names) mounted.push(fillDisk(lab, join(lab.root, name), pages));
              const broken = judgeReport(await lab.play(plan.commands(lab)), isDone(lab, plan));
              for (const directory of mounted) rmSync(join(directory, "ballast"));
              return [...broken, ...(await lab.accountAfterRestart(plan.fates(lab)))];
            } finally {
              for (const directory of mounted) execFileSync("umount", ["-l", directory]);
            }
          }),
        ),
      ),
    );
  },
};

const nobody = "65534";

/**
 * Changes the owner of all files to an unprivileged user.
 *
 * @returns the command prefix that runs a program as this user
 */
function leaveRoot({ root }: Lab): string[] {
  if (!isRoot) return [];
  execFileSync("chown", ["-R", `${nobody}:${nobody}`, root]);
  chmodSync(root, 0o755);
  return ["setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", "--"];
}

interface Denial {
  readonly name: string;
  readonly modes: (lab: Lab) => readonly (readonly [path: string, mode: number])[];
  readonly keepsSpool: boolean;
}

const denials: readonly Denial[] = [
  { name: "a read-only mailbox", modes: ({ spool }) => [[spool, 0o400]], keepsSpool: true },
  { name: "an unreadable mailbox", modes: ({ spool }) => [[spool, 0]], keepsSpool: true },
  { name: "a read-only spool directory", modes: ({ root }) => [[join(root, "spool"), 0o555]], keepsSpool: false },
  { name: "a read-only home", modes: ({ home }) => [[home, 0o555]], keepsSpool: false },
  { name: "a read-only mbox", modes: ({ mbox }) => [[mbox, 0o400]], keepsSpool: false },
  {
    name: "nothing writable",
    modes: ({ root, home, mbox, spool }) => [
      [spool, 0o400],
      [join(root, "spool"), 0o555],
      [mbox, 0o400],
      [home, 0o555],
    ],
    keepsSpool: true,
  },
];

async function playDenied(lab: Lab, plan: Plan, { modes, keepsSpool }: Denial): Promise<string[]> {
  const prefix = leaveRoot(lab);
  const before = readFileSync(lab.spool);
  for (const [path, mode] of modes(lab)) chmodSync(path, mode);
  const ended = await lab.play(plan.commands(lab), { prefix });
  for (const [path] of modes(lab)) chmodSync(path, path === lab.spool || path === lab.mbox ? 0o600 : 0o755);
  const isKept = before.equals(readFileSync(lab.spool));
  return [
    ...(keepsSpool && !isKept ? ["the mailbox was changed"] : []),
    ...judgeReport(ended, !isKept && isDone(lab, plan)),
    ...(await lab.accountAfterRestart(plan.fates(lab), { prefix })),
  ];
}

async function playReadOnlyMount(lab: Lab, plan: Plan): Promise<string[]> {
  const directory = join(lab.root, "spool");
  execFileSync("mount", ["--bind", directory, directory]);
  let ended: Ended;
  try {
    execFileSync("mount", ["-o", "remount,ro,bind", directory]);
    ended = await lab.play(plan.commands(lab));
  } finally {
    execFileSync("umount", ["-l", directory]);
  }
  return [...judgeReport(ended, false), ...(await lab.accountAfterRestart(plan.fates(lab)))];
}

export const unwritable: Campaign = {
  name: "unwritable",
  does: "takes away the rights to mailbox, directories and mbox; mounts the spool read-only (as root)",
  needs: [],
  async rounds(client) {
    return plans.flatMap((plan) => [
      ...denials.map((denial) => roundOf(client, plan, denial.name, (lab) => playDenied(lab, plan, denial))),
      ...(isRoot ? [roundOf(client, plan, "a read-only mount", (lab) => playReadOnlyMount(lab, plan))] : []),
    ]);
  },
};
