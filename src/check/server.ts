/**
 * What takes mail here: who listens, whether the way to it works as a message would go it (TLS, login), and whether it
 * would take mail for an address. Nothing is sent.
 */
import { accessSync, constants } from "node:fs";
import type { TLSSocket } from "node:tls";
import { senderAs } from "../compose/header-fields.ts";
import { findPassword } from "../compose/password.ts";
import { envelopeAddresses, refusedAddress } from "../compose/recipients.ts";
import { serverOptions } from "../compose/server-options.ts";
import type { Config } from "../config/config.ts";
import { Exit, MailError } from "../errors.ts";
import { type Connection, connect, isLoopback } from "../submit/connection.ts";
import { Dialogue } from "../submit/dialogue.ts";
import { failure } from "../submit/failures.ts";
import { localRefusal } from "../submit/local.ts";
import { exitOf, oneLine } from "../submit/replies.ts";
import { defaultWay, parseWay, type ServerWay, serverName } from "../submit/way.ts";
import { isSystemError, strerror } from "../system-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { connectionRemedy, recipientRemedy, senderRemedy, settingRemedy } from "./remedies.ts";

const about = "server";
/** Seconds that a server may take to answer. Some greet late on purpose, to tell who can wait. */
const patience = 10;

interface Context {
  readonly config: Config;
  readonly terminal: Terminal;
}

export async function checkServer(context: Context, address: string | undefined): Promise<Finding[]> {
  try {
    return await look(context, address);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return [fail(about, error.message, settingRemedy)];
  }
}

async function look(context: Context, address: string | undefined): Promise<Finding[]> {
  const { settings, identity } = context.config;
  const value = settings.get("mta") ?? settings.get("sendmail") ?? defaultWay;
  const way = parseWay(value);
  if (way.kind === "program") return [program(way.path)];
  const [recipient] = address === undefined ? [] : envelopeAddresses(address, identity.mailName);
  const wrong = address === undefined ? undefined : refusedAddress(recipient ?? "");
  if (wrong !== undefined)
    return [fail("recipient", `${JSON.stringify(address)}: ${wrong}`, "write it as user@host.example")];
  if (way.kind === "smtp") return dialogue(way, context, recipient);
  const findings = [ok(about, `mail goes out by ${value}`)];
  return recipient === undefined ? findings : [...findings, await local(recipient, identity.mailName)];
}

async function local(recipient: string, mailName: string): Promise<Finding> {
  const refusal = await localRefusal(recipient, mailName);
  if (refusal === undefined) return ok("recipient", `mail for ${recipient}: there is such a user here`);
  return fail("recipient", `mail for ${recipient}: ${refusal.reply}`, recipientRemedy(refusal));
}

function program(path: string): Finding {
  try {
    accessSync(path, constants.X_OK);
    return ok(about, `mail goes out through ${path}`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return fail(about, `${path}: ${strerror(error)}`, "apt-get install postfix, or unset sendmail and mta");
  }
}

async function dialogue(
  server: ServerWay,
  { config, terminal }: Context,
  recipient: string | undefined,
): Promise<Finding[]> {
  const options = serverOptions(config);
  const heard = new Heard();
  const talk = new Dialogue((side, line) => heard.hear(side, line));
  const timeouts = {
    connect: Math.min(patience, options.timeouts.connect) * 1000,
    silence: Math.min(patience, options.timeouts.silence) * 1000,
  };
  const password = (user: string, host: string) => findPassword(config, terminal, user, host);
  const name = serverName(server);
  const sender = senderOf(config);
  let connection: Connection | undefined;
  try {
    connection = await connect({ ...options, server, name: options.mailName, timeouts, password }, talk);
    const checks = await envelope(connection, talk, sender, recipient);
    if (!connection.destroyed) await connection.farewell(1000);
    return [...greeting(heard, name), ...way(connection, server, heard), ...checks];
  } catch (thrown) {
    const error = reasonOf(thrown, server, timeouts);
    const said = heard.greeting ?? "";
    const text = /^[45]\d\d/.test(said) ? `${name} says: ${oneLine(said)}` : error.message;
    const where = heard.place(text);
    const found = said.startsWith("220") ? greeting(heard, name) : [];
    return [...found, fail(where, text, connectionRemedy(where, { text, error, greeted: said !== "" }, server))];
  } finally {
    connection?.close();
  }
}

function reasonOf(thrown: unknown, server: ServerWay, timeouts: { connect: number; silence: number }): MailError {
  try {
    failure(thrown, { from: "", to: [] }, { dotSent: false, server, timeouts });
  } catch (error) {
    if (error instanceof MailError) return error;
    throw error;
  }
  return new MailError(`${serverName(server)}: no answer`, Exit.Protocol, thrown);
}

function senderOf({ identity, settings }: Config): string {
  const from = settings.text("from");
  const [named] = from === undefined ? [] : envelopeAddresses(senderAs(from, identity), identity.mailName);
  return named ?? `${identity.login}@${identity.mailName}`;
}

/** What the dialogue has come to. */
class Heard {
  greeting: string | undefined;
  /** A server that knows no EHLO says so. */
  hello: string | undefined;
  login: string | undefined;
  /** Where encryption is a bonus. */
  failedTls = false;
  #phase = "";

  hear(side: string, line: string): void {
    if (side === "phase") this.#phase = line;
    if (side === "client") this.login = /^AUTH (\S+)/.exec(line)?.[1] ?? this.login;
    if (side === "note" && line.startsWith("TLS failed")) this.failedTls = true;
    if (side !== "server") return;
    if (this.#phase === "Greeting") this.greeting ??= line;
    if (this.#phase.startsWith("EHLO") && !line.startsWith("2")) this.hello = line;
  }

  /** What it was about when it went wrong. */
  place(message: string): string {
    if (/certificate|TLS/.test(message) || this.#phase.startsWith("STARTTLS")) return "TLS";
    return this.#phase.startsWith("AUTH") || /login|password/.test(message) ? "login" : about;
  }
}

function greeting({ greeting: said = "", hello }: Heard, name: string): Finding[] {
  const found = ok(about, `${name} says: ${oneLine(said)}`);
  if (hello === undefined) return [found];
  return [found, warn(about, `EHLO: ${oneLine(hello)}`, "an old server: plain SMTP is spoken with it")];
}

/** How a message would get there. */
function way(connection: Connection, server: ServerWay, { login, failedTls }: Heard): Finding[] {
  const findings: Finding[] = [];
  if (connection.secure) {
    const { authorized, authorizationError } = connection._socket as TLSSocket;
    const version = (connection._socket as TLSSocket).getProtocol() ?? "TLS";
    const trust = authorized
      ? "its certificate is trusted"
      : `its certificate is not looked at (${authorizationError})`;
    findings.push(ok("TLS", `${version}; ${trust}`));
  } else if (!isLoopback(server)) {
    const reason = failedTls ? "TLS failed" : "nothing is encrypted";
    findings.push(warn("TLS", `${reason}: mail is sent for all to read`, "set starttls=required, if it is not to be"));
  }
  if (login !== undefined) findings.push(ok("login", `as ${server.user}, by ${login}`));
  return findings;
}

async function envelope(
  connection: Connection,
  talk: Dialogue,
  sender: string,
  recipient: string | undefined,
): Promise<Finding[]> {
  const ascii = /^[\0-\x7f]*$/.test(sender + (recipient ?? ""));
  const parameters = !ascii && talk.extension("SMTPUTF8") !== undefined ? " SMTPUTF8" : "";
  const taken = await connection.ask(`MAIL FROM:<${sender}>${parameters}`);
  if (!taken.startsWith("2")) {
    return [fail(about, `it refuses ${sender} as a sender: ${oneLine(taken)}`, senderRemedy(taken))];
  }
  if (recipient === undefined) return [];
  const reply = await connection.ask(`RCPT TO:<${recipient}>`);
  const text = `mail for ${recipient}: ${oneLine(reply)}`;
  if (reply.startsWith("2")) return [ok("recipient", text)];
  const refusal = { recipient, reply, exit: exitOf(reply) };
  const found = refusal.exit === Exit.TempFail ? warn : fail;
  return [found("recipient", text, recipientRemedy(refusal))];
}
