/** The settings of a dialogue with a server, from the variables. */
import type { Config } from "../config/config.ts";
import { alternatives, Exit, MailError } from "../errors.ts";
import type { Chunking, Notice, ServerSettings, StartTls } from "../submit/server-settings.ts";

/** Returns the settings. @throws MailError for an invalid value */
export function serverSettings({ identity, settings }: Config): ServerSettings {
  return {
    mailName: identity.mailName,
    timeouts: serverTimeouts(settings),
    starttls: startTls(settings.text("starttls")),
    caFile: unlessEmpty(settings.text("cafile")),
    checkCertificate: settings.text("certcheck") !== "no",
    mechanism: unlessEmpty(settings.text("smtpauth")),
    notify: notices(settings.text("dsn")),
    chunking: chunking(settings.text("chunking")),
  };
}

/** Returns the time limits. The variables are in seconds, everything else is in milliseconds. */
export function serverTimeouts(settings: Config["settings"]): ServerSettings["timeouts"] {
  const silence = Math.max(1, settings.get("smtptimeout") * 1000);
  const connect = settings.get("smtpconnecttimeout");
  return {
    connect: connect === undefined ? silence : Math.max(1, connect * 1000),
    silence,
    total: settings.get("smtptotaltimeout") * 1000,
  };
}

function unlessEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function startTls(value: string | undefined): StartTls | undefined {
  if (value === undefined) return undefined;
  if (value === "required" || value === "opportunistic" || value === "none") return value;
  throw new MailError(
    `starttls: "${value}" is invalid; use ${alternatives(["required", "opportunistic", "none"])}`,
    Exit.Config,
  );
}

function chunking(value: string | undefined): Chunking {
  if (value === undefined || value === "large") return "large";
  if (value === "" || value === "always") return "always";
  if (value === "never") return value;
  throw new MailError(
    `chunking: "${value}" is invalid; use ${alternatives(["always", "large", "never"])}`,
    Exit.Config,
  );
}

function notices(value: string | undefined): Notice[] {
  if (value === undefined || value === "") return [];
  const words = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !["never", "success", "failure", "delay"].includes(word));
  if (wrong !== undefined || (words.includes("never") && words.length > 1)) {
    throw new MailError(
      `dsn: "${value}" is invalid; use never, or one or more of success, failure and delay`,
      Exit.Config,
    );
  }
  return words as Notice[];
}
