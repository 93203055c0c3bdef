/** Runs Dovecot until a test stops it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface DovecotProgram {
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/**
 * Starts Dovecot, and waits until it is ready.
 *
 * @param configuration the path of the configuration file
 * @param options.log the path of the log file that the configuration names
 * @param options.created the files that exist when Dovecot is ready
 * @param options.user the user that Dovecot runs as; by default the current user
 * @throws Error with Dovecot's own messages if it does not start
 */
export async function runDovecot(
  configuration: string,
  {
    program = "/usr/sbin/dovecot",
    log,
    created,
    user = {},
  }: {
    readonly program?: string;
    readonly log: string;
    readonly created: readonly string[];
    readonly user?: { readonly uid?: number; readonly gid?: number };
  },
): Promise<DovecotProgram> {
  const directory = dirname(configuration);
  // Errors in the configuration are not logged, but only printed.
  const errors = join(directory, "errors");
  const stderr = openSync(errors, "w");
  const stdio = ["ignore", "ignore", stderr] as const;
  const dovecot = spawn(program, ["-F", "-c", configuration], { ...user, stdio: [...stdio], cwd: directory });
  closeSync(stderr);
  const until = Date.now() + 50_000;
  while (!created.every((path) => existsSync(path))) {
    if (dovecot.exitCode !== null || Date.now() > until)
      throw new Error(`Dovecot does not start: ${readIfPresent(errors)}${readIfPresent(log)}`);
    await sleep(20);
  }
  return {
    pid: dovecot.pid,
    stop: async () => {
      if (dovecot.exitCode !== null || dovecot.signalCode !== null) return;
      const ended = once(dovecot, "exit");
      dovecot.kill("SIGTERM");
      await ended;
    },
  };
}

/** Returns a file's text; an empty text if the file or the process that it describes does not exist. */
export function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
