/** Formats dates for mail, in local time. date-fns is not used, because loading it takes 1 ms. */

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (number: number) => String(number).padStart(2, "0");
const year = (date: Date) => String(date.getFullYear()).padStart(4, "0");
const time = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** Returns a date as in RFC 5322, section 3.3: `Sat, 16 Jan 2021 18:22:03 +0100`. */
export function formatDateField(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`;
  return `${days[date.getDay()]}, ${date.getDate()} ${months[date.getMonth()]} ${year(date)} ${time(date)} ${zone}`;
}

/** Returns a date in the format of asctime(3) and the From_ line: `Sat Jan 16 18:22:03 2021`. */
export function formatAsctime(date: Date): string {
  const day = String(date.getDate()).padStart(2);
  return `${days[date.getDay()]} ${months[date.getMonth()]} ${day} ${time(date)} ${year(date)}`;
}
