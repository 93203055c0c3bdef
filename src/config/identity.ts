import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";

/** The user's login name, full name, home directory and mail name. */
export interface Identity {
  /** The user whose mail is read; with -u, another user. */
  readonly user: string;
  /** The user who writes messages. */
  readonly login: string;
  /** The writer's full name from the GECOS field of the passwd entry; may be empty. */
  readonly fullName: string;
  readonly home: string;
  /** The host name in the addresses of local users: /etc/mailname, or else the fully qualified host name. */
  readonly mailName: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the seven fields of a user's line in the passwd file. */
export function passwdEntry(user: string, passwd: string): readonly string[] | undefined {
  for (const line of passwd.split("\n")) {
    const fields = line.split(":");
    if (fields[0] === user && user !== "") return fields;
  }
  return undefined;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function mailNameOf(mailname: string, hosts: string, host: string): string {
  const named = mailname.trim().split(/\s/)[0];
  if (named !== undefined && named !== "") return named;
  if (host.includes(".")) return host;
  for (const line of hosts.split("\n")) {
    const names = line.replace(/#.*/, "").trim().split(/\s+/).slice(1);
    const full = names.includes(host) ? names.find((name) => name.startsWith(`${host}.`)) : undefined;
    if (full !== undefined) return full;
  }
  return host;
}

/** Returns whether the host has a user with this login name. */
export function isUser(name: string): boolean {
  return passwdEntry(name, readIfThere("/etc/passwd")) !== undefined;
}

/**
 * Returns whether a name can be a login name. Rejects characters that could end a header field, a From_ line or an
 * envelope address.
 */
function isLoginName(name: string | undefined): name is string {
  return name !== undefined && /^[^\0- \u007f<>]+$/.test(name);
}

/** Returns the user's login name, or the numeric ID if the user has no passwd entry, as in some containers. */
function systemName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "nobody");
  }
}

/**
 * Returns the identity of the current user.
 *
 * @param as the user given with -u, whose mail is read and who is omitted from replies
 */
export function findIdentity(environment: Environment, as?: string): Identity {
  const login = [environment["USER"], environment["LOGNAME"]].find(isLoginName) ?? systemName();
  const entry = passwdEntry(login, readIfThere("/etc/passwd"));
  const [gecos = ""] = (entry?.[4] ?? "").split(",");
  return {
    user: as ?? login,
    login,
    // passwd(5): an ampersand stands for the capitalised login name.
    fullName: gecos.replaceAll("&", login.charAt(0).toUpperCase() + login.slice(1)),
    home: environment["HOME"] || entry?.[5] || "/",
    mailName: mailNameOf(readIfThere("/etc/mailname"), readIfThere("/etc/hosts"), hostname()),
  };
}
