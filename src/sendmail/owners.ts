/** As root, runs `sendmail` once for each user with queued messages. Each process has only its owner's rights. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { Exit, type ExitCode } from "../errors.ts";
import { withRights } from "../mailbox/rights.ts";
import { ownersInSpool, queueInHome } from "./queue-directories.ts";

/** A user with queued messages. */
interface Owner {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The number of owners whose queues are processed at the same time. */
const mostAtOnce = 16;
/**
 * The maximum time, in milliseconds, to wait until one owner's queue has been processed. A slow server must not delay
 * other owners' messages.
 */
const patience = 10 * 60 * 1000;

/** Returns the other users who may have queued messages. */
export function otherOwners(spool: string): Owner[] {
  const accounts = readAccounts();
  const inSpool = new Set(ownersInSpool(spool));
  const inHomes = accounts.filter((account) => account.uid !== 0 && hasQueueInHome(account));
  const others = [...inSpool].filter((uid) => uid !== 0 && !inHomes.some((account) => account.uid === uid));
  return [...inHomes, ...others.map((uid) => accounts.find((each) => each.uid === uid) ?? withoutAccount(uid))];
}

/**
 * Runs this program for each owner.
 *
 * @param argv the option that selects the task
 * @param report prints a line on standard error
 * @returns the first exit code other than 0 and 75; if there is none, 75 or 0, depending on whether any process exited
 *   with 75
 */
export async function runForOwners(
  owners: readonly Owner[],
  argv: readonly string[],
  { self, spool, report }: { readonly self: string; readonly spool: string; readonly report: (line: string) => void },
): Promise<ExitCode> {
  let exit: ExitCode = Exit.Ok;
  const waiting = [...owners];
  const work = async () => {
    for (let owner = waiting.shift(); owner !== undefined; owner = waiting.shift()) {
      const code = await runAs(owner, [self, ...argv], spool, report);
      if (exit === Exit.Ok || exit === Exit.TempFail) exit = code || exit;
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, work));
  return exit;
}

/**
 * Runs a process as another user. For a child of root, libuv calls setgroups(2), setgid(2) and setuid(2) in this order
 * before the program starts.
 */
async function runAs(
  { name, uid, gid, home }: Owner,
  argv: readonly string[],
  spool: string,
  report: (line: string) => void,
): Promise<ExitCode> {
  const env = { HOME: home, USER: name, LOGNAME: name, PATH: "/usr/bin:/bin", MAIL_QUEUE_SPOOL: spool };
  const child = spawn(process.execPath, argv, { uid, gid, env, cwd: "/", stdio: ["ignore", "inherit", "inherit"] });
  const ended = once(child, "close").then(
    ([code]) => (code ?? Exit.TempFail) as ExitCode,
    (error: unknown) => {
      report(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return Exit.OsErr;
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ExitCode>((resolve) => {
    timer = setTimeout(() => {
      report(`${name}: still sending after ${patience / 60_000} minutes; continues in the background`);
      child.unref();
      resolve(Exit.TempFail);
    }, patience);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

function readAccounts(): Owner[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [name = "", , uid = "", gid = "", , home = "/"] = line.split(":");
      return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
    });
}

/**
 * Returns an owner for a user ID without an account, such as a user in a container. The owner's group has no rights.
 */
function withoutAccount(uid: number): Owner {
  const nogroup = 65_534;
  return { name: String(uid), uid, gid: nogroup, home: "/" };
}

/**
 * Returns whether a user's home directory contains a queue. The check runs with the user's rights, because root must
 * not follow the user's links.
 */
function hasQueueInHome({ uid, gid, home }: Owner): boolean {
  const directory = queueInHome(home);
  return withRights({ uid, gid }, () => {
    try {
      return statSync(directory).uid === uid && readdirSync(directory).length > 0;
    } catch {
      return false;
    }
  });
}
