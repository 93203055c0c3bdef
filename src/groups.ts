/** Looks up this machine's groups, and suggests commands that make a file readable by a user. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isSystemError } from "./system-error.ts";

/** Debian's group for users who may read the system's logs. */
const logReaders = "adm";

interface Group {
  readonly name: string;
  readonly gid: number;
}

function groupsOf(text: string): Group[] {
  return text.split("\n").flatMap((line) => {
    const [name, , gid] = line.split(":");
    return name && /^\d+$/.test(gid ?? "") ? [{ name, gid: Number(gid) }] : [];
  });
}

function readGroups(): string {
  try {
    return readFileSync("/etc/group", "utf8");
  } catch {
    return "";
  }
}

/** Debian's group for the spools. */
const spoolGroup = "mail";

function idOf(group: string): number | undefined {
  return groupsOf(readGroups()).find(({ name }) => name === group)?.gid;
}

/** Returns the ID of the group that may read the system's logs; undefined if this machine does not have the group. */
export function logReadersId(): number | undefined {
  return idOf(logReaders);
}

/** Returns the ID of the group that may write to spools; undefined if this machine does not have the group. */
export function spoolGroupId(): number | undefined {
  return idOf(spoolGroup);
}

/**
 * Returns one line of commands that let a user read a file. If the file's directory is not searchable, the commands make
 * the directory accessible instead.
 */
export function adviceToRead(path: string, user: string): string {
  try {
    return adviceFor(path, user, statSync(path), readGroups());
  } catch (error) {
    if (isSystemError(error) && error.code === "EACCES") return adviceToRead(dirname(path), user);
    throw error;
  }
}

/**
 * Returns the commands that let a user read a file or a directory with this group and mode.
 *
 * @param groups the contents of group(5)
 */
export function adviceFor(
  path: string,
  user: string,
  { gid, mode }: { readonly gid: number; readonly mode: number },
  groups: string,
): string {
  const group = groupsOf(groups).find((each) => each.gid === gid && gid !== 0);
  const isDirectory = (mode & 0o170000) === 0o040000;
  const needed = isDirectory ? 0o050 : 0o040;
  if (group !== undefined && (mode & needed) === needed) return `adduser ${user} ${group.name}, then log in again`;
  const right = isDirectory ? "g+rx" : "g+r";
  return `chgrp ${logReaders} ${path}; chmod ${right} ${path}; adduser ${user} ${logReaders}, then log in again`;
}
