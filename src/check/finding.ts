/** One thing that was looked at, and what to do about it. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  /** What was looked at, in a word: "spool", "server". */
  readonly about: string;
  readonly text: string;
  /** What puts it right; a command where there is one. */
  readonly remedy?: string;
}

/** Returns a finding about something that works. */
export function ok(about: string, text: string): Finding {
  return { status: "ok", about, text };
}

/** Returns a finding about something that may fail, with its remedy. */
export function warn(about: string, text: string, remedy: string): Finding {
  return { status: "warn", about, text, remedy };
}

/** Returns a finding about something that does not work, with its remedy. */
export function fail(about: string, text: string, remedy: string): Finding {
  return { status: "fail", about, text, remedy };
}
