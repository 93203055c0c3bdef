/** Lists the messages in mailboxes by the numbers in their subjects, without using the code under test. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { filesOf } from "./maildir.ts";

/** Returns the subjects in an mbox, in order. */
export function subjectsInMbox(path: string): string[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "latin1");
  return [...text.matchAll(/(?:^|\n\n)From [^\n]+\n(?:[^\n]+\n)*?Subject: ([^\n]*)\n/g)].map(
    ([, subject]) => subject ?? "",
  );
}

export function subjectsInMaildir(path: string): string[] {
  return [...filesOf(path).values()].map((content) => /^Subject: (.*)$/m.exec(content)?.[1] ?? "");
}

export function subjectsIn(path: string): string[] {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? subjectsInMaildir(path)
    : subjectsInMbox(path);
}
