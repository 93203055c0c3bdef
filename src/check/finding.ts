/** The result of a check, and its remedy. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  /** The subject of the check in one word: "spool", "server". */
  readonly about: string;
  readonly text: string;
  /** The remedy; a command if possible. */
  readonly remedy?: string;
}

/** Returns a finding about something that works. */
export function pass(about: string, text: string): Finding {
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
