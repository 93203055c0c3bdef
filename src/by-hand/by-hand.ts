/**
 * `mail --smtp`: the dialogue with a server, typed by hand as over telnet, or played from a script.
 *
 * Every line goes as it was typed. From a script the next one waits for the reply to the last: nothing is pipelined.
 */
import { isIPv6 } from "node:net";
import type { Config } from "../config/config.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { toBytes } from "../message/text.ts";
import { authorities } from "../submit/certificates.ts";
import { type Conversation, Lost, openConversation } from "../submit/conversation.ts";
import { exitCodeForRefusal, replyOnOneLine } from "../submit/replies.ts";
import { serverTimeouts } from "../submit/server-settings.ts";
import { defaultWay, parseWay, type ServerWay, serverName, type Way } from "../submit/way.ts";
import { askSecret } from "../terminal/secret.ts";
import type { Asked, Input, Terminal } from "../terminal/terminal.ts";
import { assistance } from "./offers.ts";
import { type Hint, Protocol } from "./protocol.ts";

/** @param to HOST, HOST:PORT or what `mta` may name; by default where mail goes anyway */
export async function byHand(
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
    if (server.protocol === "smtps") await conversation.encrypt(server, await certificates(config));
    show.phase("Greeting");
    const greeting = await conversation.reply();
    show.server(greeting);
    show.hint(greeting[0]?.startsWith("2") ? protocol.hear(greeting) : undefined);
    terminal.assist(assistance(protocol, identity, [`root@${identity.mailName}`]));
    await talk(config, terminal, conversation, protocol, show, server);
    return outcome(protocol, greeting);
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    // After QUIT the server may hang up without a word more.
    // A message that was refused before is the better reason: playing it again would not help.
    const exit = protocol.exit ?? (error.reason === "unknown host" ? Exit.NoHost : Exit.TempFail);
    const limit = error.reason === "no reply" || error.reason === "no TLS in time" ? " (smtptimeout)" : "";
    throw new MailError(`${serverName(server)}: ${error.message}${limit}`, exit, error);
  } finally {
    conversation?.close();
  }
}

async function talk(
  config: Config,
  terminal: Terminal,
  conversation: Conversation,
  protocol: Protocol,
  show: Show,
  server: ServerWay,
): Promise<void> {
  while (!protocol.ended) {
    const input = await readInput(terminal, protocol);
    // The line editor has ended the row of a command, and the hidden answer its own.
    const inRow = protocol.mode !== "secret" && (!terminal.rich || expectedInput(protocol) === "text");
    if (input.kind !== "line" && terminal.inputIsTerminal && inRow) terminal.out("\n");
    if (input.kind === "interrupt") {
      if (protocol.unfinished)
        show.note("The message continues; a line with a single dot ends it, Ctrl-D abandons it.");
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
    if (protocol.encrypts(reply)) await conversation.encrypt(server, await certificates(config));
    show.hint(hint);
    if (reply[0]?.startsWith("421")) throw new Lost("refused", replyOnOneLine(reply.join("\n")));
  }
}

function expectedInput(protocol: Protocol): Asked {
  return protocol.mode === "command" || protocol.inHeader ? "command" : "text";
}

async function readInput(terminal: Terminal, protocol: Protocol): Promise<Input> {
  if (protocol.mode === "secret" && terminal.inputIsTerminal) {
    const secret = await terminal.lend(() => askSecret("response (not shown): "));
    return secret === undefined ? { kind: "end" } : { kind: "line", text: secret, ended: true };
  }
  await terminal.flush();
  const input = await terminal.readLine(terminal.interactive ? "client> " : "", expectedInput(protocol));
  // A script whose lines end with CR LF has no CR in them.
  return input.kind === "line" ? { ...input, text: input.text.replace(/\r$/, "") } : input;
}

/** 0 when every message was taken and QUIT was said; otherwise why not. */
function outcome(protocol: Protocol, greeting: readonly string[]): ExitCode {
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

/** @throws MailError that names what was given, not the variable */
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

async function certificates({ settings }: Config): Promise<{ check: boolean; ca: string[] }> {
  return { check: settings.text("certcheck") !== "no", ca: await authorities(settings.text("cafile")) };
}

/** Both sides, in the words and marks of -v. What is typed on a terminal stands there already. */
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

  /** Shows help to a person; a script gets only what it can use. */
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
