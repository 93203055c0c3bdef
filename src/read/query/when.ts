/**
 * The dates of `since:`, `before:` and `on:`, in local time.
 *
 *     when = count unit            that long ago: 90min 12h 2d 3w 6m 1y (m are months)
 *          | "now" | "today" | "yesterday"
 *          | weekday               the last such day, which may be today: mon, monday
 *          | YYYY[-MM[-DD[Thh:mm[:ss]]]]
 */
import { addDays } from "date-fns/addDays";
import { addMinutes } from "date-fns/addMinutes";
import { addMonths } from "date-fns/addMonths";
import { addSeconds } from "date-fns/addSeconds";
import { addYears } from "date-fns/addYears";
import { isValid } from "date-fns/isValid";
import { parse } from "date-fns/parse";
import { startOfDay } from "date-fns/startOfDay";
import { sub } from "date-fns/sub";
import { subDays } from "date-fns/subDays";

/**
 * A span of time from `start` (inclusive) to `end` (exclusive). A point in time is a span whose start and end are
 * equal.
 */
export interface Span {
  readonly start: Date;
  readonly end: Date;
}

const units = {
  min: "minutes",
  h: "hours",
  d: "days",
  w: "weeks",
  m: "months",
  y: "years",
} as const;
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const written: readonly [form: string, end: (start: Date) => Date][] = [
  ["yyyy", (start) => addYears(start, 1)],
  ["yyyy-MM", (start) => addMonths(start, 1)],
  ["yyyy-MM-dd", (start) => addDays(start, 1)],
  ["yyyy-MM-dd'T'HH:mm", (start) => addMinutes(start, 1)],
  ["yyyy-MM-dd'T'HH:mm:ss", (start) => addSeconds(start, 1)],
];

/** Parses a date. Returns undefined if the date is invalid. */
export function parseWhen(text: string, now: Date): Span | undefined {
  const lower = text.toLowerCase();
  const [, count, unit] = /^(\d{1,6})(min|[hdwmy])$/.exec(lower) ?? [];
  if (count !== undefined) {
    const start = sub(now, { [units[unit as keyof typeof units]]: Number(count) });
    return isValid(start) ? { start, end: start } : undefined;
  }
  if (lower === "now") return { start: now, end: now };
  const today = startOfDay(now);
  if (lower === "today") return spanOfDay(today);
  if (lower === "yesterday") return spanOfDay(subDays(today, 1));
  const weekday = lower.length < 3 ? -1 : weekdays.findIndex((name) => name.startsWith(lower));
  if (weekday >= 0) return spanOfDay(subDays(today, (today.getDay() - weekday + 7) % 7));
  for (const [form, end] of written) {
    if (form.replaceAll("'", "").length !== text.length) continue;
    const start = parse(text.toUpperCase(), form, today);
    if (isValid(start)) return { start, end: end(start) };
  }
  return undefined;
}

function spanOfDay(start: Date): Span {
  return { start, end: addDays(start, 1) };
}
