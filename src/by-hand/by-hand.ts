/**
 * `mail --smtp`: an SMTP dialogue that the user types, as with telnet, or that is read from a script.
 *
 * Lines are sent exactly as typed. Each line of a script is sent after the response to the previous one has been
 * received: commands are never pipelined.
 */
import { isIPv6 } from "node:net";
import type { Config } from "../config/config.ts";
import { loadAuthorities } from "../connect/certificates.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { toBytes } from "../message/text.ts";
import { type Conversation, Lost, openConversation } from "../submit/conversation.ts";
import { exitCodeForRefusal, replyOnOneLine } from "../submit/replies.ts";
import {
  defaultWay,
  parseWay,
  type ServerWay,
  serverName,
  serverSettings,
  serverTimeouts,
  type Way,
} from "../submit/transport-settings.ts";
import { askSecret } from "../terminal/secret.ts";
import type { Asked, Input, Terminal } from "../terminal/terminal.ts";
import { assistDialogue } from "./offers.ts";
import { type Hint, Protocol } from "./protocol.ts";

/**
 * Runs the dialogue.
 *
 * @param to HOST, HOST:PORT or a value of `mta`; undefined for the server that is named in the variables
 */
export async function runDialogueByHand(
  { config, terminal }: { readonly config: Config; readonly terminal: Terminal },
  to: string | undefined,
): Promise<ExitCode> {
  const server = serverOf(config, to);
  const protocol = new Protocol();
  const show = new Show(terminal);
  const { settings, identity } = config;
  const timeouts = serverTimeouts(settings);
  show.phase("Connection");
  show.note(`Connecting to ${serverName(server)}`);
  let conversation: Conversation | undefined;
  try {
    conversation = await openConversation(server, timeouts);
    if (server.protocol === "smtps") await conversation.encrypt(server, await readCertificateSettings(config));
    show.phase("Greeting");
    const greeting = await conversation.reply();
    show.server(greeting);
    show.hint(greeting[0]?.startsWith("2") ? protocol.hear(greeting) : undefined);
    terminal.assist(assistDialogue(protocol, identity, [`root@${identity.mailName}`]));
    await holdDialogue(config, terminal, conversation, protocol, show, server);
    return exitCodeOfDialogue(protocol, greeting);
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    // After QUIT, the server may disconnect without a response. If a message was refused earlier, that refusal
    // determines the exit code, because a retry would not help.
    const exit = protocol.exit ?? (error.reason === "unknown host" ? Exit.NoHost : Exit.TempFail);
    const limit = error.reason === "no reply" || error.reason === "TLS timed out" ? " (smtptimeout)" : "";
    throw new MailError(`${serverName(server)}: ${error.message}${limit}`, exit, { cause: error });
  } finally {
    conversation?.close();
  }
}

async function holdDialogue(
  config: Config,
  terminal: Terminal,
  conversation: Conversation,
  protocol: Protocol,
  show: Show,
  server: ServerWay,
): Promise<void> {
  while (!protocol.ended) {
    const input = await readInput(terminal, protocol);
    // The line editor and the prompt for a secret have already moved the cursor to a new row.
    const inRow = protocol.mode !== "secret" && (!terminal.rich || describeExpectedInput(protocol) === "text");
    if (input.kind !== "line" && terminal.inputIsTerminal && inRow) terminal.out("\n");
    if (input.kind === "interrupt") {
      if (protocol.unfinished)
        show.note("The message continues; a line with a single dot ends it, and Ctrl-D abandons it.");
      continue;
    }
    if (input.kind === "end") return;
    const said = protocol.say(input.text);
    if (said.phase !== undefined) show.phase(said.phase);
    if (said.warning !== undefined) show.warn(said.warning);
    show.client(said.shown);
    conversation.send(toBytes(input.text));
    if (!said.answered) continue;
    const reply = await conversation.reply();
    show.server(reply);
    const hint = protocol.hear(reply);
    if (protocol.encrypts(reply)) await conversation.encrypt(server, await readCertificateSettings(config));
    show.hint(hint);
    if (reply[0]?.startsWith("421")) throw new Lost("refused", replyOnOneLine(reply.join("\n")));
  }
}

function describeExpectedInput(protocol: Protocol): Asked {
  return protocol.mode === "command" || protocol.inHeader ? "command" : "text";
}

async function readInput(terminal: Terminal, protocol: Protocol): Promise<Input> {
  if (protocol.mode === "secret" && terminal.inputIsTerminal) {
    const secret = await terminal.lend(() => askSecret("response (not shown): "));
    return secret === undefined ? { kind: "end" } : { kind: "line", text: secret, ended: true };
  }
  await terminal.flush();
  const input = await terminal.readLine(terminal.interactive ? "client> " : "", describeExpectedInput(protocol));
  // In a script with CRLF newlines, the CR is not part of the line.
  return input.kind === "line" ? { ...input, text: input.text.replace(/\r$/, "") } : input;
}

/**
 * Returns 0 if all messages were accepted and QUIT was sent, otherwise the exit code of the failure.
 *
 * @throws MailError if a message or the dialogue was not completed
 */
function exitCodeOfDialogue(protocol: Protocol, greeting: readonly string[]): ExitCode {
  if (protocol.exit !== undefined) return protocol.exit;
  if (protocol.unfinished) {
    throw new MailError("the message was not sent, because it was not ended by a line with a single dot", Exit.DataErr);
  }
  if (protocol.ended) return Exit.Ok;
  if (!greeting[0]?.startsWith("2")) return exitCodeForRefusal(greeting.join("\n"));
  throw new MailError("the dialogue ended without QUIT", Exit.Protocol);
}

function serverOf({ settings }: Config, to: string | undefined): ServerWay {
  const way = to === undefined ? parseWay(settings.get("mta") ?? defaultWay) : wayTo(to);
  if (way.kind === "smtp") return way;
  const fallback = parseWay(defaultWay);
  if (to === undefined && fallback.kind === "smtp") return fallback;
  throw noServer(to);
}

/** Returns the transport for an argument. @throws MailError that names the argument, not the variable */
function wayTo(to: string): Way {
  try {
    return parseWay(to.includes(":/") ? to : `smtp://${isIPv6(to) ? `[${to}]` : to}`);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    throw noServer(to);
  }
}

function noServer(to: string | undefined): MailError {
  return new MailError(`--smtp: "${to}" is invalid; use HOST or HOST:PORT, with a port from 1 to 65535`, Exit.Usage);
}

async function readCertificateSettings(config: Config): Promise<{ check: boolean; ca: string[] }> {
  const settings = serverSettings(config);
  return { check: settings.certificateCheck !== "no", ca: await loadAuthorities(settings) };
}

/** Prints both sides of the dialogue, marked as with -v. Lines typed on a terminal are not printed again. */
class Show {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  phase(name: string): void {
    this.#line(`--- ${name}`, "field-name");
  }

  note(text: string): void {
    this.#line(`--- ${text}`, "hint");
  }

  warn(text: string): void {
    this.#line(`!!! ${text}`, "error");
  }

  /** Prints a hint. A script receives only hints that contain facts it can use. */
  hint(hint: Hint | undefined): void {
    if (hint !== undefined && (this.#terminal.interactive || hint.forScripts === true)) this.note(hint.text);
  }

  client(line: string): void {
    if (!this.#terminal.inputIsTerminal) this.#line(`client> ${line}`, "plain");
  }

  server(lines: readonly string[]): void {
    for (const line of lines)
      this.#line(`server> ${line}`, line.startsWith("2") || line.startsWith("3") ? "plain" : "error");
  }

  #line(text: string, style: "plain" | "hint" | "error" | "field-name"): void {
    this.#terminal.out(text, style);
    this.#terminal.out("\n");
  }
}
