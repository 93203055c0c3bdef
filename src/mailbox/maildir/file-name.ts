/**
 * Builds and parses the names of Maildir files: a unique base, which never changes, then `:2,` and the flags.
 *
 * The flags are S (seen), T (trashed), R (replied), F (flagged), P (passed) and D (draft). Lower-case letters are
 * Dovecot's keywords.
 *
 * @see https://cr.yp.to/proto/maildir.html
 */
import { hostname } from "node:os";

const info = ":2,";

/** Returns the part of a file's name that never changes. */
export function baseOf(name: string): string {
  const at = name.lastIndexOf(info);
  return at < 0 ? name : name.slice(0, at);
}

/** Returns the flags in a file's name; empty if it has none. */
export function lettersOf(name: string): string {
  const at = name.lastIndexOf(info);
  return at < 0 ? "" : name.slice(at + info.length);
}

/** Returns a file name with the flags in ASCII order and without duplicates, as the format specifies. */
export function nameWith(base: string, letters: string): string {
  return `${base}${info}${[...new Set(letters)].sort().join("")}`;
}

/**
 * Returns the delivery time that a file's name states, in microseconds since 1970, accurate at least to the second.
 *
 * Recognizes `1700000000.M123456P99.host`, Postfix's `1700000000.Vfd01I5M123456.host` and qmail's `1700000000.99.host`.
 */
export function deliveryTime(name: string): number {
  const [, seconds, micros] = /^(\d{1,10})(?:\.[^.]*?M(\d{1,6})(?!\d))?/.exec(name) ?? [];
  return Number(seconds ?? 0) * 1e6 + Number(micros ?? 0);
}

let last = 0;

/**
 * Returns a name that no other program creates. The name consists of the time, the process ID, a random number and the
 * host. The random number distinguishes containers that share a host name.
 */
export function uniqueName(): string {
  last = Math.max(last + 1, Date.now() * 1000);
  const seconds = Math.floor(last / 1e6);
  const micros = String(last % 1e6).padStart(6, "0");
  const random = Math.floor(Math.random() * 2 ** 32).toString(16);
  const host = hostname().replaceAll("/", "\\057").replaceAll(":", "\\072");
  return `${seconds}.M${micros}P${process.pid}R${random}.${host}`;
}
