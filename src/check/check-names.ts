/** Checks the domain in the addresses of mail from this machine, and the forwarding of the user's mail. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { isSystemError } from "../system-error.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

const hostName = /^(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?)(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i;

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}

/** Checks the mail name. @param path /etc/mailname, or another file in a test */
export function checkMailName({ identity }: Config, path = "/etc/mailname"): Finding {
  const about = "mail name";
  const repair = `echo host.example.org > ${path}, with the full name of this machine`;
  const content = contentOf(path);
  const { mailName } = identity;
  if (content === undefined) {
    const text = `${path} is missing; ${mailName} is used`;
    return mailName.includes(".") ? pass(about, text) : warn(about, `${text}, which is not a full name`, repair);
  }
  const [name = "", ...more] = content.trim().split(/\s+/);
  if (name === "") return fail(about, `${path} is empty`, repair);
  if (more.length > 0)
    return warn(about, `${path}: more than one name; ${name} is used`, `write only one name to ${path}`);
  if (!hostName.test(name)) return fail(about, `${path}: "${name}" is not a host name`, repair);
  if (name === "localhost" || name.startsWith("localhost.")) {
    return warn(about, `${path}: "${name}"; replies from other machines will not arrive`, repair);
  }
  if (!name.includes("."))
    return warn(about, `${path}: "${name}" has no domain; it is valid only on this machine`, repair);
  return pass(about, `mail from this machine is sent as ${identity.login}@${name}`);
}

/** Checks .forward, which forwards the user's mail. An MTA ignores the file if other users can write to it. */
export function checkForward({ identity }: Config): Finding {
  const about = ".forward";
  const path = join(identity.home, ".forward");
  const content = contentOf(path);
  if (content === undefined) return pass(about, `${path}: missing; mail stays on this machine`);
  if ((statSync(path).mode & 0o022) !== 0) {
    return fail(about, `${path}: other users can write to it, so it has no effect on delivery`, `chmod go-w ${path}`);
  }
  const [first = ""] = content.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return warn(
    about,
    `${path} forwards mail to ${first.trim() || "not an address"}`,
    `rm ${path} if mail should stay on this machine`,
  );
}

/** Checks /etc/aliases, which may also forward the user's mail. */
export function checkSystemAlias({ identity }: Config, path = "/etc/aliases"): Finding | undefined {
  const line = contentOf(path)
    ?.split("\n")
    .find((each) => each.toLowerCase().startsWith(`${identity.user.toLowerCase()}:`));
  if (line === undefined) return undefined;
  return pass(
    "aliases",
    `${path}: mail for ${identity.user} is forwarded to ${line.slice(line.indexOf(":") + 1).trim()}`,
  );
}
