/** Describes an invitation: its title, time, place, organizer and attendees (RFC 5545, RFC 5546). */
import { format } from "date-fns/format";

interface Property {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

type Component = ReadonlyMap<string, readonly Property[]>;

const mostEvents = 5;
const mostNames = 10;

const methods: Record<string, string> = {
  REQUEST: "Invitation",
  CANCEL: "Cancelled",
  REPLY: "Reply",
  COUNTER: "New time proposed",
  DECLINECOUNTER: "Proposed time declined",
  REFRESH: "Update requested",
  PUBLISH: "Event",
  ADD: "Additional dates",
};
const answers: Record<string, string> = {
  ACCEPTED: "accepts",
  DECLINED: "declines",
  TENTATIVE: "may come",
  DELEGATED: "sends a representative",
  "NEEDS-ACTION": "has not replied",
};
const rhythms: Record<string, string> = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };

/** Returns the lines of a description; empty if the text contains no event. */
export function calendarSummary(text: string): string {
  const { method, components, more } = parseCalendar(text);
  const events = components.map((event) => describeEvent(event, method));
  if (more > 0) events.push(`... and ${more} more\n`);
  return events.join("\n");
}

function describeEvent(event: Component, method: string): string {
  const first = (name: string) => event.get(name)?.[0];
  const attendees = event.get("ATTENDEE") ?? [];
  const organizer = first("ORGANIZER");
  const title = `${methods[method] ?? "Event"}: ${unescapeText(first("SUMMARY")?.value ?? "(no title)")}`;
  const rows: [string, string][] = [
    ["When", formatTimeSpan(first("DTSTART"), first("DTEND") ?? first("DUE"), first("RRULE")?.value)],
    ["Where", unescapeText(first("LOCATION")?.value ?? "")],
    ["Organizer", organizer === undefined ? "" : formatAttendee(organizer)],
    ["Invited", attendees.slice(0, mostNames).map(attendeeInWords).join(", ")],
    ["Status", first("STATUS")?.value.toLowerCase() ?? ""],
    [
      "About",
      unescapeText(first("DESCRIPTION")?.value ?? "")
        .trim()
        .replaceAll("\n", "\n           "),
    ],
  ];
  if (attendees.length > mostNames) (rows[3] as [string, string])[1] += ` and ${attendees.length - mostNames} more`;
  const told = rows.filter(([, value]) => value !== "").map(([name, value]) => `${`${name}:`.padEnd(10)} ${value}\n`);
  return `${title}\n${told.join("")}`;
}

function attendeeInWords(attendee: Property): string {
  const answer = answers[attendee.parameters.get("PARTSTAT")?.toUpperCase() ?? ""];
  return answer === undefined ? formatAttendee(attendee) : `${formatAttendee(attendee)} (${answer})`;
}

function formatAttendee({ value, parameters }: Property): string {
  const address = value.replace(/^mailto:/i, "");
  const name = parameters.get("CN") ?? "";
  return name === "" || name === address ? address : `${name} <${address}>`;
}

function formatTimeSpan(start: Property | undefined, end: Property | undefined, rule: string | undefined): string {
  if (start === undefined) return "";
  const from = parseMoment(start);
  const to = end === undefined ? undefined : parseMoment(end);
  const sameDay = to?.day === from.day;
  const until = to === undefined || to.time === "" ? "" : ` to ${sameDay ? "" : `${to.day} `}${to.time}`;
  const zone = from.zone === "" ? "" : ` (${from.zone})`;
  return `${from.day}${from.time === "" ? ", all day" : ` ${from.time}${until}`}${zone}${describeRecurrence(rule)}`;
}

/** Returns a time and its time zone. UTC is converted to local time; other times keep their named zone. */
function parseMoment({ value, parameters }: Property): { day: string; time: string; zone: string } {
  const [, year, month, date, hours, minutes, utc] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z)?)?$/.exec(value) ?? [];
  if (year === undefined || month === undefined || date === undefined) return { day: value, time: "", zone: "" };
  const numbers = [Number(year), Number(month) - 1, Number(date), Number(hours ?? 0), Number(minutes ?? 0)] as const;
  const at = utc === undefined ? new Date(...numbers) : new Date(Date.UTC(...numbers));
  if (Number.isNaN(at.getTime())) return { day: value, time: "", zone: "" };
  const zone = utc === undefined ? (parameters.get("TZID") ?? "") : format(at, "xx");
  return { day: format(at, "EEE d MMM yyyy"), time: hours === undefined ? "" : format(at, "HH:mm"), zone };
}

function describeRecurrence(rule: string | undefined): string {
  if (rule === undefined) return "";
  const parts = new Map(rule.split(";").map((part) => part.split("=") as [string, string]));
  const unit = rhythms[parts.get("FREQ") ?? ""];
  if (unit === undefined) return ", repeated";
  const every = Number.parseInt(parts.get("INTERVAL") ?? "1", 10);
  const count = parts.get("COUNT");
  return `, every ${every > 1 ? `${every} ${unit}s` : unit}${count === undefined ? "" : `, ${count} times`}`;
}

function unescapeText(text: string): string {
  return text.replace(/\\([nN,;\\])/g, (_all, character: string) => (/n/i.test(character) ? "\n" : character));
}

function parseCalendar(text: string): { method: string; components: Component[]; more: number } {
  const components: Component[] = [];
  let more = 0;
  let method = "";
  let open: Map<string, Property[]> | undefined;
  // An alarm inside an event has properties with the same names.
  let inner = 0;
  for (const line of text
    .replace(/\r\n/g, "\n")
    .replace(/\n[ \t]/g, "")
    .split("\n")) {
    const [, name = "", parameters = "", value = ""] =
      /^([A-Za-z0-9-]+)((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)$/.exec(line) ?? [];
    const key = name.toUpperCase();
    if (key === "METHOD") method = value.trim().toUpperCase();
    else if (key === "BEGIN" && open !== undefined) inner++;
    else if (key === "BEGIN" && /^V(?:EVENT|TODO|JOURNAL)$/i.test(value.trim())) open = new Map();
    else if (key === "END" && inner > 0) inner--;
    else if (key === "END" && open !== undefined) {
      if (components.length < mostEvents) components.push(open);
      else more++;
      open = undefined;
    } else if (open !== undefined && inner === 0 && key !== "") {
      open.set(key, [
        ...(open.get(key) ?? []).slice(0, 500),
        { value: value.trim(), parameters: parametersOf(parameters) },
      ]);
    }
  }
  return { method, components, more };
}

function parametersOf(text: string): Map<string, string> {
  const found = text.matchAll(/;([A-Za-z0-9-]+)=("[^"]*"|[^;"]*)/g);
  return new Map(Array.from(found, ([, name = "", value = ""]) => [name.toUpperCase(), value.replace(/^"|"$/g, "")]));
}
