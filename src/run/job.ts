/** The options of `mail --run`. */
import { Exit, joinAlternatives, MailError } from "../errors.ts";

const conditions = ["failed", "output", "always", "changed"] as const;
export type Condition = (typeof conditions)[number];

export interface Job {
  /** A single word is run by the shell; several words are a program and its arguments. */
  readonly command: readonly string[];
  /** The condition for sending a message. */
  readonly when: Condition;
  /** The minimum number of seconds between two messages; undefined if there is no limit. */
  readonly throttle: number | undefined;
  /** Whether the next message includes the output of the runs that the throttle suppressed. */
  readonly digest: boolean;
}

/**
 * Returns the job that the options describe.
 *
 * @throws MailError if a condition or a time is invalid
 */
export function parseJob(said: {
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
}): Job {
  if (said.run[0]?.trim() === "") throw new MailError("--run: the command is empty; nothing was run", Exit.Usage);
  const when = conditions.find((condition) => condition === (said.if ?? "always"));
  if (when === undefined) {
    throw new MailError(
      `--if: "${said.if}" is invalid; use ${joinAlternatives(conditions)}; nothing was run`,
      Exit.Usage,
    );
  }
  if (said.digest && said.throttle === undefined) {
    throw new MailError("--digest requires --throttle; nothing was run", Exit.Usage);
  }
  return {
    command: said.run,
    when,
    throttle: said.throttle === undefined ? undefined : secondsOf(said.throttle),
    digest: said.digest,
  };
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Returns the number of seconds in `90`, `90s`, `30m`, `1h`, `2d` or `1w`. */
function secondsOf(text: string): number {
  const [, number, unit = "s"] = /^(\d{1,6})([smhdw])?$/.exec(text) ?? [];
  if (number === undefined) {
    throw new MailError(
      `--throttle: "${text}" is invalid; use a number followed by s, m, h, d or w; nothing was run`,
      Exit.Usage,
    );
  }
  return Number(number) * (units[unit] ?? 1);
}

/** Returns the command as it would be typed. */
export function formatCommand(command: readonly string[]): string {
  if (command.length === 1) return command[0] ?? "";
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
