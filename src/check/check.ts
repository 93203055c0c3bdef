/**
 * Implements `mail --check [ADDRESS]`, which checks whether local mail works on this machine. The command prints one
 * line per finding, with the remedy.
 *
 * The checks send no mail and change no mailbox.
 */
import type { Logins } from "../account/logins.ts";
import type { Config } from "../config/config.ts";
import { systemMailbox } from "../config/paths.ts";
import { Exit, type ExitCode } from "../errors.ts";
import { formatJson } from "../message/safe-text.ts";
import { isServerAddress } from "../message/server-name.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkLog, checkQueue } from "./check-deliveries.ts";
import { checkForward, checkMailName, checkSystemAlias } from "./check-names.ts";
import { checkServer } from "./check-server.ts";
import { checkSpool } from "./check-spool.ts";
import type { Finding } from "./finding.ts";

export interface CheckOptions {
  /** A recipient's address. The check asks the server whether it would accept mail for this address. */
  readonly address: string | undefined;
  /**
   * Whether to print one JSON object per line, with the fields `status`, `about`, `text` and, for a problem, `remedy`.
   */
  readonly json: boolean;
}

const styles = { ok: "plain", warn: "hint", fail: "error" } as const;

/** Runs all checks and prints the findings. Returns 0 if no check failed (warnings do not count), otherwise 1. */
export async function runChecks(
  { config, terminal, logins }: { config: Config; terminal: Terminal; logins: () => Promise<Logins> },
  { address, json }: CheckOptions,
): Promise<ExitCode> {
  const findings: Finding[] = [
    ...(isServerAddress(systemMailbox(config)) ? [] : await checkSpool({ config })),
    ...(await checkNamedServers({ config, terminal, logins })),
    ...(await checkServer({ config, logins }, address)),
    checkMailName(config),
    ...[checkSystemAlias(config)].filter((finding) => finding !== undefined),
    checkForward(config),
    await checkQueue(),
    checkLog(config.settings.text("maillog") || "/var/log/mail.log", config.identity.user),
    ...checkConfiguration(config),
  ];
  for (const finding of findings) {
    terminal.out(json ? `${formatJson(finding)}\n` : formatFinding(finding), json ? "plain" : styles[finding.status]);
  }
  return findings.some(({ status }) => status === "fail") ? Exit.Failure : Exit.Ok;
}

/**
 * Checks the IMAP servers that are named in variables. The code for these checks is loaded only if there is such a
 * server.
 */
async function checkNamedServers(context: {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly logins: () => Promise<Logins>;
}): Promise<Finding[]> {
  const { settings } = context.config;
  if (!(["MAIL", "folder", "MBOX", "record"] as const).some((name) => isServerAddress(settings.text(name) ?? "")))
    return [];
  const { checkMailboxServers } = await import("./check-mailbox-server.ts");
  return checkMailboxServers(context);
}

function formatFinding({ status, about, text, remedy }: Finding): string {
  const said = `${status.padEnd(4)}  ${about}: ${text}\n`;
  return remedy === undefined ? said : `${said}      -> ${remedy}\n`;
}
