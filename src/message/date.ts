/** Dates as mail writes them, in local time. */
import { format } from "date-fns/format";

/** RFC 5322, section 3.3: `Sat, 16 Jan 2021 18:22:03 +0100`. */
export function dateField(date: Date): string {
  return format(date, "EEE, d MMM yyyy HH:mm:ss xx");
}

/** asctime(3), as in a From_ line: `Sat Jan 16 18:22:03 2021`. */
export function asctime(date: Date): string {
  const day = String(date.getDate()).padStart(2);
  return format(date, `EEE MMM '${day}' HH:mm:ss yyyy`);
}
