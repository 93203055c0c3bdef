/** Parses the Date field (RFC 5322, sections 3.3 and 4.3) and the date of a From_ line (asctime). */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** RFC 5322, section 3.3. */
const earliestYear = 1900;
/** The form of most fields. Any other date is parsed item by item. */
const field =
  /^\s*(?:[a-z]+\.?\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s-]+(\d{2,4})[\s,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([+-]\d{4}|(?![ap]m\b)[a-z]+)?\s*$/i;
const asctime =
  /^\s*(?:[a-z]{3},?\s+)?([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([a-z]{3,5}|[+-]\d{4})\s+)?(\d{4})(?:\s+([+-]\d{4}))?/i;
/** A time of day, such as `10:05`, `10:05:15.25`, `10.05.15` or `10:05:15 PM`. */
const timeOfDay =
  /(?<![\d.])(\d{1,2})(?:(?::(\d{2})(?::(\d{2}))?)|\.(\d{2})\.(\d{2}))(?:[.,]\d+)?(?!\d)(?:\s*([ap])\.?m\b\.?)?/i;
const monthName =
  /(?<![a-z])(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|tember|ober|ember)?(?![a-z])/i;
const yearFirst = /(?<!\d)(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:\s*T(?=\d))?/i;
/** A date in digits. The month is first, as in `12/31/2021`, or the day is first, as in `31/12/2021` and `31.12.2021`. */
const inDigits = /(?<![\d.:])(\d{1,2})(?:\.(\d{1,2})\.(\d{4})|([-/])(\d{1,2})\4(\d{4}|\d{2}))(?![\d.:])/;
const offset = /(?<![\w-])(?:GMT|UTC|UT)?\s*([+-])(?:(\d{1,2})[:-](\d{2})|(\d{1,4}))(?!\d)/i;
/** A time zone of the United States as Windows names it. */
const longZone = /\b([ECMP])(?:astern|entral|ountain|acific) ([SD])(?:tandard|aylight) Time\b/i;
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
  MET: 60,
  MEST: 120,
  MEZ: 60,
  MESZ: 120,
  BST: 60,
  WEST: 60,
  EET: 120,
  EEST: 180,
  MSK: 180,
  JST: 540,
  KST: 540,
};

/** Returns the date in a Date field, or undefined if the text is not a date. A date without a zone is in UTC. */
export function parseDateField(text: string): Date | undefined {
  const found = field.exec(text.includes("(") ? text.replace(/\([^()]*\)/g, " ") : text);
  if (found === null) return parseItems(text, "UTC");
  const [, day = "", month = "", year = "", hour = "", minute = "", second = "0", zone] = found;
  return pointInTime([fullYear(year), month, day, hour, minute, second], zone ?? "UTC");
}

/** The number of each month by its name's three letters in lower case, as a number in base 256. */
const monthsByLetters = new Map(
  months.map((name, index) => [joinLetters(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)), index]),
);

function joinLetters(first: number, second: number, third: number): number {
  return (first << 16) | (second << 8) | third;
}

/**
 * Reads a date of the most common form, `Thu, 01 Jan 2026 00:01:00 +0000 (UTC)`, without converting the bytes to a
 * string.
 *
 * @returns milliseconds since 1970, as parseDateField would return them; undefined if the date has any other form
 */
export function readUsualDate(bytes: Uint8Array, start: number, end: number): number | undefined {
  const byteAt = (at: number) => (at < end ? (bytes[at] as number) : 0);
  let at = start;
  while (byteAt(at) === 32) at++;
  const [first, second, third] = [byteAt(at) | 32, byteAt(at + 1) | 32, byteAt(at + 2) | 32];
  if (!isLetter(first) || !isLetter(second) || !isLetter(third)) return undefined;
  if (byteAt(at + 3) !== 44 || byteAt(at + 4) !== 32) return undefined;
  at += 5;
  const hasTwoDigits = byteAt(at + 1) !== 32;
  const day = hasTwoDigits ? readDigits(bytes, at, 2) : readDigits(bytes, at, 1);
  // All other items have a fixed length.
  at += hasTwoDigits ? 2 : 1;
  if (end < at + 24) return undefined;
  const month = monthsByLetters.get(joinLetters(byteAt(at + 1) | 32, byteAt(at + 2) | 32, byteAt(at + 3) | 32));
  const year = readDigits(bytes, at + 5, 4);
  const hours = readDigits(bytes, at + 10, 2);
  const minutes = readDigits(bytes, at + 13, 2);
  const seconds = readDigits(bytes, at + 16, 2);
  const zoneHours = readDigits(bytes, at + 20, 2);
  const zoneMinutes = readDigits(bytes, at + 22, 2);
  const hasSpaces = bytes[at] === 32 && bytes[at + 4] === 32 && bytes[at + 9] === 32 && bytes[at + 18] === 32;
  if (!hasSpaces || bytes[at + 12] !== 58 || bytes[at + 15] !== 58) return undefined;
  const sign = bytes[at + 19] === 43 ? 1 : bytes[at + 19] === 45 ? -1 : 0;
  const isNumber = day + year + hours + minutes + seconds + zoneHours + zoneMinutes >= 0;
  if (sign === 0 || month === undefined || !isNumber || !isEndOfDate(bytes, at + 24, end)) return undefined;
  if (year < earliestYear || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  return Date.UTC(year, month, day, hours, minutes, seconds) - sign * (zoneHours * 60 + zoneMinutes) * 60_000;
}

/** Returns the value of decimal digits, or NaN if any of the bytes is not a digit. */
function readDigits(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const digit = (bytes[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Returns whether only spaces and at most one comment follow a date. */
function isEndOfDate(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] === 32) at++;
  if (at === end) return true;
  if (at === start || bytes[at] !== 40) return false;
  for (at++; at < end && isLetter((bytes[at] as number) | 32); ) at++;
  return at === end - 1 && bytes[at] === 41;
}

function isLetter(lowerCase: number): boolean {
  return lowerCase >= 97 && lowerCase <= 122;
}

/** The maximum length, in characters, of a text that is searched for the items of a date. */
const longestDate = 200;

/**
 * Parses a date whose items are in another order, as in asctime(3), JavaScript's Date.toString() and ISO 8601. The text
 * must contain a day, a month and a year. Without a time of day, the year must have four digits, and the date is
 * midnight.
 *
 * @param defaultZone the zone to use if the date has none; if undefined, local time
 */
function parseItems(written: string, defaultZone: string | undefined): Date | undefined {
  let left = written
    .slice(0, longestDate)
    .replace(/\([^()]*\)?/g, " ")
    .replace(/(?<=\d)\s*:\s*(?=\d)/g, ":")
    // ISO 8601 without separators, and the time of RFC 733, as in `1430-EST`
    .replace(/(?<!\d)(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?!\d)/, "$1-$2-$3T$4:$5:$6")
    .replace(/(?<=^[^:]*\d[ ,]+)(\d\d)(\d\d)[ -](?=(?:[ECMP][SD]T|GMT|UTC?|Z)\b)/, "$1:$2 ");
  const remove = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(left);
    if (found !== null) left = `${left.slice(0, found.index)} ; ${left.slice(found.index + found[0].length)}`;
    return found;
  };
  const digits = toDay(remove(yearFirst)) ?? toDay(remove(inDigits));
  const time = remove(timeOfDay);
  const [, hour = "0", minute, second, dottedMinute = "0", dottedSecond = "0", half] = time ?? [];
  const behindTime = left.slice(time?.index ?? left.length);
  const zone = offset.exec(behindTime);
  if (zone !== null) left = left.replace(zone[0], " ");
  const month = digits?.month ?? remove(monthName)?.[1]?.slice(0, 3);
  const numbers: string[] = left.match(/(?<![\w+-])\d{1,4}(?!\d)/g) ?? [];
  const longYear = numbers.find((number) => number.length === 4);
  const day = digits?.day ?? numbers.find((number) => number.length <= 2);
  const shortYear = time === null ? undefined : numbers.find((number) => number !== day && number.length > 1);
  const year = digits?.year ?? longYear ?? shortYear;
  if (month === undefined || day === undefined || year === undefined) return undefined;
  const name = zoneNameIn(behindTime);
  const written24 = half === undefined ? hour : String((Number(hour) % 12) + (/p/i.test(half) ? 12 : 0));
  return pointInTime(
    [fullYear(year), month, day, written24, minute ?? dottedMinute, second ?? dottedSecond],
    zone === null ? (name ?? defaultZone) : fullOffset(zone),
  );
}

/** Returns the day in a match of yearFirst or inDigits. */
function toDay(found: RegExpExecArray | null): { year: string; month: string | undefined; day: string } | undefined {
  if (found === null) return undefined;
  const [, first = "", second = "", third = "", separator, other = "", year = ""] = found;
  if (first.length === 4) return { year: first, month: months[Number(second) - 1], day: third };
  if (separator === undefined) return { year: third, month: months[Number(second) - 1], day: first };
  const isDayFirst = Number(first) > 12;
  return { year, month: months[Number(isDayFirst ? other : first) - 1], day: isDayFirst ? first : other };
}

function zoneNameIn(text: string): string | undefined {
  const [, zone, half] = longZone.exec(text) ?? [];
  if (zone !== undefined && half !== undefined) return `${zone}${half}T`;
  const name = /(?<![a-z])([a-z]{3,4}|z)(?![a-z])/i.exec(text.replace(monthName, ""))?.[1];
  // Unix programs of the 1990s wrote the summer time of Central Europe as MET DST.
  return /\bMET DST\b/i.test(text) ? "MEST" : name;
}

/** Returns an offset from UTC with four digits: `-0600` for `-600`, `+0100` for `GMT+1`, `-0330` for `-03:30`. */
function fullOffset([, sign = "+", hours, minutes = "", digits = ""]: RegExpExecArray): string {
  if (hours !== undefined) return sign + hours.padStart(2, "0") + minutes;
  return sign + (digits.length <= 2 ? `${digits.padStart(2, "0")}00` : digits.padStart(4, "0"));
}

/**
 * Parses a date such as `Sat Jan 16 18:22:03 2021`. A date without a zone is in local time. Returns undefined if the
 * text is not a date.
 */
export function parseAsctime(text: string): Date | undefined {
  const found = asctime.exec(text);
  if (found === null) return parseItems(text, undefined);
  const [, month = "", day = "", hour = "", minute = "", second = "0", before, year = "", behind] = found;
  return pointInTime([Number(year), month, day, hour, minute, second], behind ?? before);
}

/**
 * Returns the full year for a two-digit year (2000 to 2049 or 1950 to 1999) or a three-digit year (added to 1900), as
 * in RFC 5322, section 4.3. A year such as 0102 has three digits.
 */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return year >= 100 && year < 1000 ? 1900 + year : year;
}

type Written = readonly [year: number, month: string, day: string, hour: string, minute: string, second: string];

function pointInTime([year, name, day, hour, minute, second]: Written, zone: string | undefined): Date | undefined {
  const month = months.indexOf(name.toLowerCase());
  const days = Number(day);
  const hours = Number(hour);
  const minutes = Number(minute);
  const seconds = Number(second);
  if (month < 0 || year < earliestYear || days < 1 || days > 31 || hours > 23 || minutes > 59 || seconds > 60)
    return undefined;
  const date =
    zone === undefined
      ? new Date(year, month, days, hours, minutes, seconds)
      : new Date(Date.UTC(year, month, days, hours, minutes, seconds) - parseZone(zone) * 60_000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function parseZone(zone: string): number {
  const sign = zone.startsWith("-") ? -1 : zone.startsWith("+") ? 1 : 0;
  if (sign === 0) return zones[zone.toUpperCase()] ?? 0;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)));
}
