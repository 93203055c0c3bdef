/** Interprets a server's replies. */
import { Exit, type ExitCode } from "../errors.ts";

/** Returns a multi-line reply as one line with a single code, without characters that could control a terminal. */
export function replyOnOneLine(reply: string): string {
  const lines = reply.split(/\r?\n/).filter((line) => line !== "");
  const joined = lines
    .map((line, at) => (at === 0 ? line.replace(/^(\d{3})-/, "$1 ") : line.replace(/^\d{3}[ -]/, "")))
    .join(" ");
  const harmless = /^[ -~]*$/.test(joined);
  return (harmless ? joined : joined.replace(/[\p{Cc}\p{Cf}\p{Cs}\ufffd]/gu, "?")).slice(0, 500);
}

/** Returns the exit code (sysexits.h) for a refusal (RFC 5321, section 4.2.1, and the enhanced codes of RFC 3463). */
export function exitCodeForRefusal(reply: string): ExitCode {
  const [, code = "", enhanced = ""] = /^(\d{3})[ -]?(\d\.\d+\.\d+)?/.exec(reply) ?? [];
  if (code.startsWith("4")) return Exit.TempFail;
  if (!code.startsWith("5")) return Exit.Protocol;
  if (enhanced === "5.1.2") return Exit.NoHost;
  if (enhanced.startsWith("5.1.")) return Exit.NoUser;
  if (enhanced.startsWith("5.6.")) return Exit.DataErr;
  if (enhanced === "" && (code === "550" || code === "551" || code === "553")) return Exit.NoUser;
  return Exit.Unavailable;
}

/**
 * Returns the queue ID in a reply: `queued as DE3232C16A` (Postfix), `id=1xVyyZ-0004DM-2h` (Exim), `1a2b3c4d Message
 * accepted` (OpenSMTPD and Sendmail).
 */
export function queueIdOf(reply: string): string | undefined {
  const [, named, first] = /\b(?:queued as|id=)\s*([\w.-]+)|\b(\w{8,20}) Message accepted\b/i.exec(reply) ?? [];
  return named ?? first;
}
