/** Creates and reads Maildirs for tests, without using the code under test. */
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const day = new Date(Date.UTC(2021, 0, 16, 18, 22, 3));

export function makeMaildir(path: string, files: Readonly<Record<string, string>> = {}): string {
  for (const place of ["tmp", "new", "cur"]) mkdirSync(join(path, place), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), content);
    utimesSync(join(path, name), day, day);
  }
  return path;
}

/** Returns the contents of all files, keyed by `new/NAME` and `cur/NAME`, in sorted order. */
export function filesOf(path: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const place of ["cur", "new"]) {
    if (!existsSync(join(path, place))) continue;
    for (const name of readdirSync(join(path, place)).sort()) {
      files.set(`${place}/${name}`, readFileSync(join(path, place, name), "latin1"));
    }
  }
  return files;
}

export function letter(sender: string, subject: string, body = `body of ${subject}\n`): string {
  return `Return-Path: <${sender}>\nFrom: ${sender}\nSubject: ${subject}\n\n${body}`;
}
