/** The parts of a system log line: `Jan 16 18:22:03 host program[7]: text`, or with an RFC 3339 time. */
export interface SyslogLine {
  /** The time as in the log, but without fractions of a second or a time zone (`2026-01-16 18:22:03`), so that a line
   * fits on the screen. */
  readonly time: string;
  readonly program: string;
  readonly text: string;
}

const form =
  /^(\w{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-][\d:]+)?) \S+ ([\w./-]+)(?:\[\d+\])?: (.*)$/;

/** Parses the start of a log line; undefined if it has another form. */
export function syslogLine(line: string): SyslogLine | undefined {
  const [, time, program, text] = form.exec(line) ?? [];
  if (time === undefined || program === undefined || text === undefined) return undefined;
  return { time: time.replace(/^([\d-]{10})T([\d:]{8}).*/, "$1 $2"), program, text };
}
