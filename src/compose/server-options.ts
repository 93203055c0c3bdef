/** What the variables say of the dialogue with a server. */
import type { Config } from "../config/config.ts";
import { Exit, MailError } from "../errors.ts";
import type { StartTls } from "../submit/connection.ts";
import type { Chunking, Notice } from "../submit/smtp.ts";

/** @throws MailError for a value that means nothing. @returns times in seconds */
export function serverOptions({ identity, settings }: Config) {
  const silence = settings.get("smtptimeout");
  return {
    mailName: identity.mailName,
    timeouts: {
      connect: settings.get("smtpconnecttimeout") ?? silence,
      silence,
      total: settings.get("smtptotaltimeout"),
    },
    starttls: startTls(settings.text("starttls")),
    caFile: named(settings.text("cafile")),
    checkCertificate: settings.text("certcheck") !== "no",
    mechanism: named(settings.text("smtpauth")),
    notify: notices(settings.text("dsn")),
    chunking: chunking(settings.text("chunking")),
  };
}

function named(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function startTls(value: string | undefined): StartTls | undefined {
  if (value === undefined) return undefined;
  if (value === "required" || value === "opportunistic" || value === "none") return value;
  throw new MailError(`starttls: "${value}" is none of required, opportunistic, none`, Exit.Config);
}

function chunking(value: string | undefined): Chunking {
  if (value === undefined || value === "large") return "large";
  if (value === "" || value === "always") return "always";
  if (value === "never") return value;
  throw new MailError(`chunking: "${value}" is none of always, large, never`, Exit.Config);
}

function notices(value: string | undefined): Notice[] {
  if (value === undefined || value === "") return [];
  const words = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !["never", "success", "failure", "delay"].includes(word));
  if (wrong !== undefined || (words.includes("never") && words.length > 1)) {
    throw new MailError(`dsn: "${value}" is neither never nor some of success, failure, delay`, Exit.Config);
  }
  return words as Notice[];
}
