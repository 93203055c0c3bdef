/** Parses the Date field (RFC 5322, sections 3.3 and 4.3) and the date of a From_ line (asctime). */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const field =
  /^\s*(?:[a-z]+\.?\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s-]+(\d{2,4})[\s,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([+-]\d{4}|[a-z]+)?/i;
const asctime =
  /^\s*(?:[a-z]{3},?\s+)?([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([a-z]{3,5}|[+-]\d{4})\s+)?(\d{4})(?:\s+([+-]\d{4}))?/i;
/** Offsets from UTC in minutes. Other zone names are interpreted as UTC (RFC 5322, section 4.3). */
const zones: Readonly<Record<string, number>> = {
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  CET: 60,
  CEST: 120,
};

/** Returns the date in a Date field, or undefined if the text is not a date. */
export function parseDateField(text: string): Date | undefined {
  const found = field.exec(text.replace(/\([^()]*\)/g, " "));
  if (found === null) return undefined;
  const [, day = "", month = "", year = "", hour = "", minute = "", second = "0", zone] = found;
  return pointInTime([fullYear(year), month, day, hour, minute, second], zone ?? "UTC");
}

/**
 * Parses a date such as `Sat Jan 16 18:22:03 2021`. A date without a zone is in local time. Returns undefined if the
 * text is not a date.
 */
export function parseAsctime(text: string): Date | undefined {
  const found = asctime.exec(text);
  if (found === null) return undefined;
  const [, month = "", day = "", hour = "", minute = "", second = "0", before, year = "", behind] = found;
  return pointInTime([Number(year), month, day, hour, minute, second], behind ?? before);
}

/**
 * Returns the full year for a year of two digits (2000 to 2049 or 1950 to 1999) or three digits (added to 1900), as in
 * RFC 5322, section 4.3.
 */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}

type Written = readonly [year: number, month: string, day: string, hour: string, minute: string, second: string];

function pointInTime([year, name, day, hour, minute, second]: Written, zone: string | undefined): Date | undefined {
  const month = months.indexOf(name.toLowerCase());
  const [days, hours, minutes, seconds] = [Number(day), Number(hour), Number(minute), Number(second)];
  if (month < 0 || days < 1 || days > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const date =
    zone === undefined
      ? new Date(year, month, days, hours, minutes, seconds)
      : new Date(Date.UTC(year, month, days, hours, minutes, seconds) - parseZone(zone) * 60_000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function parseZone(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return zones[zone.toUpperCase()] ?? 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
