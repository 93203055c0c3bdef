/**
 * Checks the IMAP servers that are named in variables: the connection, TLS, the login, the server's capabilities, the
 * folders and the quotas. Nothing is changed.
 */
import { accessServer } from "../account/access-server.ts";
import type { Logins } from "../account/logins.ts";
import type { Config } from "../config/config.ts";
import type { VariableName } from "../config/variables.ts";
import { MailError } from "../errors.ts";
import type { ImapConnection, ListedFolder, Quota } from "../mailbox/imap/imap-connection.ts";
import { openConnection } from "../mailbox/imap/open-connection.ts";
import type { ServerAddress } from "../mailbox/server-access.ts";
import { parseServerAddress } from "../mailbox/server-address.ts";
import { pushAll } from "../message/lists.ts";
import { isServerAddress } from "../message/server-name.ts";
import { findFailedStep, findUsualRemedy } from "../reasons.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

/** The maximum time in milliseconds to wait for the connection and for each response. */
const patience = 10_000;

interface Context {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly logins: () => Promise<Logins>;
}

/** A server, and those of its folders that are named in variables. */
interface NamedFolders {
  readonly address: ServerAddress;
  readonly folders: readonly { readonly variable: VariableName; readonly folder: string }[];
}

/** Returns the findings for every IMAP server that is named in a variable; empty if there is no such server. */
export async function checkMailboxServers(context: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const named of groupByServer(context.config)) pushAll(findings, await checkMailboxServer(context, named));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    findings.push(fail("mailbox", error.message, findUsualRemedy(error.reason)));
  }
  return findings;
}

/** @throws MailError if an address is invalid */
function groupByServer({ settings }: Config): NamedFolders[] {
  const servers = new Map<string, NamedFolders>();
  for (const variable of ["MAIL", "folder", "MBOX", "record"] as const) {
    const value = settings.text(variable);
    if (value === undefined || !isServerAddress(value)) continue;
    const address = parseServerAddress(value);
    const { protocol, user, host, port, folder } = address;
    const key = JSON.stringify([protocol, user, host, port]);
    const { folders = [] } = servers.get(key) ?? {};
    servers.set(key, { address, folders: [...folders, { variable, folder }] });
  }
  return [...servers.values()];
}

async function checkMailboxServer(
  { config, terminal, logins }: Context,
  { address, folders }: NamedFolders,
): Promise<Finding[]> {
  const { access, user } = await accessServer(config, terminal, await logins(), address);
  const timeouts = {
    connect: Math.min(patience, access.timeouts.connect),
    silence: Math.min(patience, access.timeouts.silence),
  };
  let connection: ImapConnection | undefined;
  try {
    connection = await openConnection(
      { ...address, user },
      { ...access, timeouts, acceptCertificate: async () => false },
    );
    const listed = await connection.list();
    return [
      pass("mailbox", `${address.host} port ${address.port}: connected`),
      describeEncryption(connection),
      pass("login", `as ${user}`),
      describeAbilities(connection),
      pass("folders", `${listed.length}: ${describeSpecialFolders(listed)}`),
      ...folders.flatMap(({ variable, folder }) => checkFolder(variable, folder, listed)),
      ...(await connection.readQuotas("INBOX")).map(describeQuota),
    ];
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return [fail(findFailedStep(error.reason) ?? "mailbox", error.message, findUsualRemedy(error.reason))];
  } finally {
    await connection?.logout();
  }
}

function describeEncryption({ encryption }: ImapConnection): Finding {
  if (encryption === undefined) {
    return warn("TLS", "the connection is not encrypted", "use imaps://, or set starttls=required");
  }
  const { version, untrustedFor } = encryption;
  if (untrustedFor === undefined) return pass("TLS", `${version}; the certificate is trusted`);
  return warn("TLS", `${version}; the certificate is not checked (${untrustedFor})`, "set certcheck=yes");
}

/** The optional capabilities, each with the consequence of its absence. */
const abilities: readonly (readonly [string, string])[] = [
  ["UIDPLUS", "deleted messages stay marked as deleted"],
  ["MOVE", "mail copies messages and then deletes the originals"],
  ["CONDSTORE", "the state of all messages is loaded each time a folder is opened"],
  ["IDLE", "new mail is noticed only at the prompt"],
];

function describeAbilities(connection: ImapConnection): Finding {
  const missing = abilities.filter(([name]) => !connection.can(name));
  const text = `${connection.capabilities.join(" ")}`;
  if (missing.length === 0) return pass("capabilities", text);
  const effects = missing.map(([name, effect]) => `without ${name}, ${effect}`).join("; ");
  return missing[0]?.[0] === "UIDPLUS"
    ? warn("capabilities", `${text}; ${effects}`, "ask the administrator for a server with UIDPLUS (RFC 4315)")
    : pass("capabilities", `${text}; ${effects}`);
}

/** Returns a list of the folders that have a special use (RFC 6154), such as "Bin (trash)". */
function describeSpecialFolders(listed: readonly ListedFolder[]): string {
  const uses = /^\\(?:all|archive|drafts|flagged|junk|sent|trash)$/;
  const special = listed.flatMap(({ name, attributes }) =>
    attributes.filter((each) => uses.test(each)).map((each) => `${name} (${each.slice(1)})`),
  );
  return special.length === 0 ? "none has a special use" : special.sort().join(", ");
}

function checkFolder(variable: VariableName, folder: string, listed: readonly ListedFolder[]): Finding[] {
  const name = folder.replace(/\/+$/, "");
  if (name === "" || (variable === "folder" && listed.some((each) => each.name.startsWith(name)))) return [];
  const isFound = listed.some((each) => each.name === name || `${each.name}${name}`.toUpperCase() === "INBOXINBOX");
  if (isFound) return [pass("folder", `${variable}: ${name} exists`)];
  return [fail("folder", `${variable}: ${name} does not exist`, `run folder +NAME in mail, or set ${variable}`)];
}

function describeQuota({ root, resource, used, limit }: Quota): Finding {
  const amount = resource === "STORAGE" ? `${used} of ${limit} KiB` : `${used} of ${limit}`;
  const text = `${root === "" ? "" : `${root}, `}${resource.toLowerCase()}: ${amount} used`;
  return used < limit * 0.9 ? pass("quota", text) : warn("quota", text, "delete messages, or ask for more space");
}
