/** Looks up this machine's users by ID in passwd(5). */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** Returns the home directory of a user; undefined if the user has no account. */
export function homeOfUser(uid: number): string | undefined {
  // The C library knows the users of every name service, but Node's interface returns only the current user.
  if (uid === process.geteuid?.()) return ownHome();
  return accountOf(uid)?.[5] || undefined;
}

/** Returns the name of a user, or the ID as text if the user has no account. */
export function nameOfUser(uid: number): string {
  return accountOf(uid)?.[0] || String(uid);
}

function ownHome(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

function accountOf(uid: number): string[] | undefined {
  try {
    const accounts = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"));
    return accounts.find((fields) => fields[2] === String(uid));
  } catch {
    return undefined;
  }
}
