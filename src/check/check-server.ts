/**
 * Checks the mail server: whether it is running, whether TLS and login work, and whether it would accept mail for an
 * address. TLS and login are tried in the same way as when a message is sent. No message is sent.
 */
import { accessSync, constants } from "node:fs";
import { findServerAccount } from "../account/find-account.ts";
import type { Logins } from "../account/logins.ts";
import { formatSender } from "../compose/build/encoded-message.ts";
import { envelopeAddresses, findAddressFault } from "../compose/draft/recipients.ts";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../connect/socket.ts";
import { Exit, MailError } from "../errors.ts";
import { findFailedStep, findUsualRemedy } from "../reasons.ts";
import { connect } from "../submit/connection.ts";
import { Dialogue, type Step } from "../submit/dialogue.ts";
import { localRefusal } from "../submit/local.ts";
import { outcomeOfError } from "../submit/nodemailer/outcome-of-error.ts";
import type { SmtpSession } from "../submit/nodemailer/smtp-session.ts";
import { recipientRemedy, senderRemedy, submissionRemedy } from "../submit/remedies.ts";
import { exitCodeForRefusal, replyOnOneLine } from "../submit/replies.ts";
import { type FailureReason, SubmissionFailed } from "../submit/submission-errors.ts";
import {
  readConfiguredWay,
  refuseUnsupported,
  type ServerWay,
  serverName,
  serverSettings,
  wayName,
} from "../submit/transport-settings.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

const about = "server";
/**
 * The time in milliseconds within which the server must respond. Some servers delay their greeting to detect clients
 * that do not wait.
 */
const patience = 10_000;

interface Context {
  readonly config: Config;
  readonly logins: () => Promise<Logins>;
}

/**
 * Connects to the mail server, tests `address` as a recipient, and returns one finding per step. No message is sent.
 */
export async function checkServer(context: Context, address: string | undefined): Promise<Finding[]> {
  try {
    return await checkDialogue(context, address);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return [fail(about, error.message, findUsualRemedy(error.reason))];
  }
}

async function checkDialogue(context: Context, address: string | undefined): Promise<Finding[]> {
  const { identity } = context.config;
  refuseUnsupported(context.config);
  const { way } = readConfiguredWay(context.config);
  const [recipient] = address === undefined ? [] : envelopeAddresses(address, identity.mailName);
  // A program may accept recipients in another form.
  const isChecked = address !== undefined && way.kind !== "program";
  const wrong = isChecked ? findAddressFault(recipient ?? "") : undefined;
  if (wrong !== undefined)
    return [fail("recipient", `${JSON.stringify(address)}: ${wrong}`, "write it as user@host.example")];
  switch (way.kind) {
    case "smtp":
      return holdTrialDialogue(way, context, recipient);
    case "program":
      return [checkProgram(way.path)];
    case "local": {
      const finding = pass(about, `mail is sent by ${wayName(way)}`);
      return recipient === undefined ? [finding] : [finding, await checkLocalRecipient(recipient, identity.mailName)];
    }
  }
}

async function checkLocalRecipient(recipient: string, mailName: string): Promise<Finding> {
  const refusal = await localRefusal(recipient, mailName);
  if (refusal === undefined) return pass("recipient", `mail for ${recipient}: the user exists on this machine`);
  return fail("recipient", `mail for ${recipient}: ${refusal.reply}`, recipientRemedy(refusal));
}

function checkProgram(path: string): Finding {
  try {
    accessSync(path, constants.X_OK);
    return pass(about, `mail is sent through ${path}`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return fail(about, `${path}: ${strerror(error)}`, "apt-get install postfix, or unset sendmail and mta");
  }
}

async function holdTrialDialogue(
  way: ServerWay,
  { config, logins }: Context,
  recipient: string | undefined,
): Promise<Finding[]> {
  const { user, suffixes } = await findServerAccount(config, { ...way, protocol: "smtp" });
  const server = { ...way, user };
  const settings = serverSettings(config, suffixes);
  const talk = new Dialogue(undefined);
  const timeouts = {
    connect: Math.min(patience, settings.timeouts.connect),
    silence: Math.min(patience, settings.timeouts.silence),
    total: 0,
  };
  const { host, port } = server;
  const login = user === undefined ? undefined : (await logins()).loginTo({ protocol: "smtp", host, port, user });
  const acceptCertificate = async () => false;
  const name = serverName(server);
  const sender = senderOf(config);
  let session: SmtpSession | undefined;
  try {
    session = await connect({ ...settings, server, timeouts, login, acceptCertificate }, talk);
    const checks = await checkEnvelope(session, talk, sender, recipient);
    if (!session.destroyed) await session.farewell(1000);
    return [...checkGreeting(talk, name), ...checkEncryption(session, server, talk), ...checks];
  } catch (thrown) {
    const error = makeFindingOfFailure(thrown, server, timeouts);
    const said = talk.greeting ?? "";
    const isRefused = /^[45]\d\d/.test(said);
    const text = isRefused ? `${name} says: ${replyOnOneLine(said)}` : error.message;
    const found = said.startsWith("220") ? checkGreeting(talk, name) : [];
    const place = isRefused ? about : describePlace(error.reason, talk.step);
    const facts = { refusal: isRefused ? said : undefined, isGreeted: said !== "", way: server };
    return [...found, fail(place, text, submissionRemedy(error, facts))];
  } finally {
    session?.close();
  }
}

function makeFindingOfFailure(
  thrown: unknown,
  server: ServerWay,
  timeouts: { connect: number; silence: number },
): SubmissionFailed {
  try {
    outcomeOfError(thrown, { from: "", to: [] }, { dotSent: false, server, timeouts });
  } catch (error) {
    if (error instanceof SubmissionFailed) return error;
    throw error;
  }
  return new SubmissionFailed("unexpected reply", `${serverName(server)}: no response`, Exit.Protocol, thrown);
}

function senderOf({ identity, settings }: Config): string {
  const from = settings.text("from");
  const [named] = from === undefined ? [] : envelopeAddresses(formatSender(from, identity), identity.mailName);
  return named ?? `${identity.login}@${identity.mailName}`;
}

/** Returns the part of the connection that failed. */
function describePlace(reason: FailureReason, step: Step): "server" | "TLS" | "login" {
  const failed = findFailedStep(reason);
  if (failed !== undefined) return failed;
  if (step === "STARTTLS") return "TLS";
  return step === "AUTH" ? "login" : about;
}

function checkGreeting({ greeting: said = "", refusedHello }: Dialogue, name: string): Finding[] {
  const found = pass(about, `${name} says: ${replyOnOneLine(said)}`);
  if (refusedHello === undefined) return [found];
  return [
    found,
    warn(about, `EHLO: ${replyOnOneLine(refusedHello)}`, "the server does not support ESMTP; plain SMTP is used"),
  ];
}

/** Returns findings about the connection's encryption and login. */
function checkEncryption({ encryption }: SmtpSession, server: ServerWay, { login, hasTlsFailed }: Dialogue): Finding[] {
  const findings: Finding[] = [];
  if (encryption !== undefined) {
    const { version, untrustedFor } = encryption;
    const trust =
      untrustedFor === undefined ? "the certificate is trusted" : `the certificate is not checked (${untrustedFor})`;
    findings.push(pass("TLS", `${version}; ${trust}`));
  } else if (!isLoopback(server)) {
    const reason = hasTlsFailed ? "TLS failed" : "the connection is not encrypted";
    findings.push(warn("TLS", `${reason}: mail is sent unencrypted`, "set starttls=required to prevent this"));
  }
  if (login !== undefined) findings.push(pass("login", `as ${server.user}, by ${login}`));
  return findings;
}

async function checkEnvelope(
  session: SmtpSession,
  talk: Dialogue,
  sender: string,
  recipient: string | undefined,
): Promise<Finding[]> {
  const ascii = /^[\0-\x7f]*$/.test(sender + (recipient ?? ""));
  const parameters = !ascii && talk.extension("SMTPUTF8") !== undefined ? " SMTPUTF8" : "";
  const taken = await session.ask(`MAIL FROM:<${sender}>${parameters}`);
  if (!taken.startsWith("2")) {
    return [fail(about, `it refuses ${sender} as a sender: ${replyOnOneLine(taken)}`, senderRemedy(taken))];
  }
  if (recipient === undefined) return [];
  const reply = await session.ask(`RCPT TO:<${recipient}>`);
  const text = `mail for ${recipient}: ${replyOnOneLine(reply)}`;
  if (reply.startsWith("2")) return [pass("recipient", text)];
  const refusal = { recipient, reply, exit: exitCodeForRefusal(reply) };
  const found = refusal.exit === Exit.TempFail ? warn : fail;
  return [found("recipient", text, recipientRemedy(refusal))];
}
