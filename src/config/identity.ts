import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";

/** Who am I: the user, their names and this host's. */
export interface Identity {
  /** Whose mail this is; with -u somebody else's. */
  readonly user: string;
  /** Who writes. */
  readonly login: string;
  /** Of who writes, from the passwd entry's GECOS field; empty where there is none. */
  readonly fullName: string;
  readonly home: string;
  /** The name mail from here carries: /etc/mailname, else the fully qualified host name. */
  readonly mailName: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the line of a user in the passwd file, as its seven fields. */
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

/** What could end a header field, a From_ line or an envelope address is nobody's name. */
function isLoginName(name: string | undefined): name is string {
  return name !== undefined && /^[^\0- \u007f<>]+$/.test(name);
}

/** In a container a user may be a number and nothing else. */
function systemName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "nobody");
  }
}

/** @param as the user of -u, whose mail is read and who is left out of answers */
export function whoAmI(environment: Environment, as?: string): Identity {
  const login = [environment["USER"], environment["LOGNAME"]].find(isLoginName) ?? systemName();
  const entry = passwdEntry(login, readIfThere("/etc/passwd"));
  const [gecos = ""] = (entry?.[4] ?? "").split(",");
  return {
    user: as ?? login,
    login,
    // passwd(5): an ampersand stands for the login name, capitalised.
    fullName: gecos.replaceAll("&", login.charAt(0).toUpperCase() + login.slice(1)),
    home: environment["HOME"] || entry?.[5] || "/",
    mailName: mailNameOf(readIfThere("/etc/mailname"), readIfThere("/etc/hosts"), hostname()),
  };
}
