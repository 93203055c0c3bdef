/** The front of a line in a system log: `Jan 16 18:22:03 host program[7]: text`, or with the time as RFC 3339. */
export interface SyslogLine {
  readonly time: string;
  readonly program: string;
  readonly text: string;
}

const form =
  /^(\w{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-][\d:]+)?) \S+ ([\w./-]+)(?:\[\d+\])?: (.*)$/;

export function syslogLine(line: string): SyslogLine | undefined {
  const [, time, program, text] = form.exec(line) ?? [];
  return time === undefined || program === undefined || text === undefined ? undefined : { time, program, text };
}
