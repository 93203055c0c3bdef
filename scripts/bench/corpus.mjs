/** Creates mailboxes for measurements. The same parameters produce the same bytes on any machine. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";

/**
 * Returns a generator of pseudo-random numbers from 0 (inclusive) to 1 (exclusive), by linear congruence. Math.random()
 * would produce different bytes each time.
 */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const names = ["ann", "ben", "carla", "debian", "eve", "root", "cron", "www-data"];
const subjects = [
  "Backup finished",
  "Re: hola",
  "Cron <root@host> run-parts",
  "Weekly report",
  "Disk space",
  "[list] patch",
];
const line = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod te\n";
const text = Buffer.from(line.repeat(2000));
const base64 = Buffer.from(
  `${"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5emFi"}\n`.repeat(3000),
);

function header(number, next, size, unread) {
  const sender = `${names[Math.floor(next() * names.length)]}@host${Math.floor(next() * 50)}.example`;
  const date = new Date(Date.UTC(2026, 0, 1) + number * 60_000);
  const [day, month] = [date.toUTCString().slice(0, 3), date.toUTCString().slice(8, 11)];
  const subject = subjects[Math.floor(next() * subjects.length)];
  const answered = subject.startsWith("Re:") ? `In-Reply-To: <${number - 1}.bench@host.example>\n` : "";
  const asctime = `${day} ${month} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)} 2026`;
  return Buffer.from(
    `From ${sender} ${asctime}\nReturn-Path: <${sender}>\nX-Original-To: root@host.example\nDelivered-To: root@host.example\n` +
      `Received: by mail.host.example (Postfix, from userid 1000)\n\tid ${(number + 0x100000).toString(16).toUpperCase()}; ${date.toUTCString()}\n` +
      `Date: ${date.toUTCString().replace("GMT", "+0000")}\nFrom: Somebody <${sender}>\nTo: root@host.example\n` +
      `Subject: ${subject} ${number}\nMessage-Id: <${number}.bench@host.example>\n${answered}` +
      `MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n${unread ? "" : "Status: RO\n"}X-Bench-Size: ${size}\n\n`,
  );
}

/**
 * Writes an mbox of `count` messages with an average size of `average` bytes: many small messages and a few large ones.
 * All messages except the last are marked as read.
 *
 * @returns the mailbox's size in bytes, and the number of subjects that contain hola
 */
export function writeMbox(path, { count, average, seed = 1 }) {
  const next = numbers(seed);
  const descriptor = openSync(path, "w");
  let pieces = [];
  let pending = 0;
  let total = 0;
  let hola = 0;
  const flush = () => {
    const bytes = Buffer.concat(pieces);
    writeSync(descriptor, bytes);
    total += bytes.length;
    pieces = [];
    pending = 0;
  };
  for (let number = 1; number <= count; number++) {
    const large = next() < 0.08;
    const size = Math.max(64, Math.floor(average * (large ? 8 * next() + 3 : 0.8 * next())));
    const source = large ? base64 : text;
    const head = header(number, next, size, number === count);
    if (head.includes("\nSubject: Re: hola ")) hola++;
    pieces.push(head);
    pending += head.length;
    for (let left = Math.max(0, size - head.length); left > 0; ) {
      const lines = source.subarray(0, Math.min(source.length, Math.ceil(left / 75) * 75));
      const whole = lines.subarray(0, lines.lastIndexOf(10) + 1);
      pieces.push(whole);
      pending += whole.length;
      left -= whole.length;
    }
    pieces.push(Buffer.from("\n"));
    pending++;
    if (pending > 8 << 20) flush();
  }
  flush();
  closeSync(descriptor);
  return { bytes: total, hola };
}

/**
 * Writes the messages to files in a Maildir, without their From_ lines. All messages except the last are marked as
 * read.
 *
 * @returns the messages' total size in bytes
 */
export function writeMaildir(path, { count, average, seed = 1 }) {
  const next = numbers(seed);
  let bytes = 0;
  for (const place of ["tmp", "new", "cur"]) mkdirSync(`${path}/${place}`, { recursive: true });
  for (let number = 1; number <= count; number++) {
    const size = Math.max(64, Math.floor(average * 2 * next()));
    const head = header(number, next, size, true);
    const name = `cur/${1_700_000_000 + number}.M000000P1.host.example:2,${number === count ? "" : "S"}`;
    const body = line.repeat(Math.max(1, Math.floor((size - head.length) / line.length)));
    const content = Buffer.concat([head.subarray(head.indexOf(10) + 1), Buffer.from(body)]);
    writeFileSync(`${path}/${name}`, content);
    bytes += content.length;
  }
  return { bytes };
}

/** Returns another message, in the form in which a delivery agent would append it. */
export function oneMessage(number) {
  return Buffer.concat([header(number, numbers(number), 400, true), Buffer.from(`${line}\n`)]);
}
