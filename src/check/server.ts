/** What takes mail here: who listens, what it says, and whether it would take mail for an address. Nothing is sent. */
import { accessSync, constants, existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Config } from "../config/config.ts";
import { oneLine } from "../submit/replies.ts";
import { defaultWay, parseWay, type Way } from "../submit/way.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const about = "server";
/** Milliseconds that a server may take to answer. */
const patience = 5000;

export async function checkServer(config: Config, address: string | undefined): Promise<Finding[]> {
  const { settings } = config;
  const value = settings.get("mta") ?? settings.get("sendmail") ?? defaultWay;
  const way = parseWay(value);
  if (way.kind === "program") return [program(way.path)];
  if (way.kind !== "smtp") return [ok(about, `mail goes out by ${value}`)];
  return dialogue(way, config, address);
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
  { host, port }: Extract<Way, { kind: "smtp" }>,
  { identity }: Config,
  address: string | undefined,
): Promise<Finding[]> {
  const server = `${host} port ${port}`;
  const findings: Finding[] = [];
  const talk = new Conversation(connect({ host, port }));
  try {
    const greeting = await talk.reply();
    if (!greeting.startsWith("220")) return [fail(about, `${server} says: ${oneLine(greeting)}`, "look into its log")];
    findings.push(ok(about, `${server} says: ${oneLine(greeting)}`));
    const hello = await talk.say(`EHLO ${identity.mailName}`);
    if (!hello.startsWith("250")) {
      findings.push(warn(about, `EHLO: ${oneLine(hello)}`, "an old server: plain SMTP is spoken with it"));
      await talk.say(`HELO ${identity.mailName}`);
    }
    const sender = await talk.say(`MAIL FROM:<${identity.user}@${identity.mailName}>`);
    if (!sender.startsWith("250")) {
      findings.push(
        fail(
          about,
          `it refuses ${identity.user}@${identity.mailName} as a sender: ${oneLine(sender)}`,
          "see /etc/mailname",
        ),
      );
    } else if (address !== undefined) {
      const qualified = address.includes("@") ? address : `${address}@${identity.mailName}`;
      const answer = await talk.say(`RCPT TO:<${qualified}>`);
      const text = `mail for ${qualified}: ${oneLine(answer)}`;
      if (answer.startsWith("25")) findings.push(ok("recipient", text));
      else if (answer.startsWith("4")) findings.push(warn("recipient", text, "try again later; see the server's log"));
      else findings.push(fail("recipient", text, "see whether the name is right (getent passwd, /etc/aliases)"));
    }
    return findings;
  } catch (error) {
    const reason = isSystemError(error) ? strerror(error) : error instanceof Error ? error.message : String(error);
    findings.push(fail(about, `${server}: ${reason}`, repair(host, error)));
    return findings;
  } finally {
    talk.end();
  }
}

/** What would have the server answer; on this host that depends on whether there is an MTA. */
function repair(host: string, error: unknown): string {
  if (!/^(localhost|127[.]|::1|\[::1\])/.test(host)) return "see whether mta names the right host and port";
  if (!isSystemError(error)) return "look into its log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}

/** Commands and replies, each reply bounded in time. RFC 5321, section 4.2. */
class Conversation {
  readonly #socket: Socket;
  #text = "";
  #failure: Error | undefined;
  #wake = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.setTimeout(patience, () => socket.destroy(new Error("no answer")));
    socket.on("data", (piece) => {
      this.#text += piece;
      this.#wake();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  say(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.reply();
  }

  async reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r?\n)*\d{3}(?: .*)?\r?\n/.exec(this.#text)?.[0];
      if (whole !== undefined) {
        this.#text = this.#text.slice(whole.length);
        return whole;
      }
      if (this.#text.length > 1 << 16) throw new Error("its answer has no end");
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): void {
    this.#socket.end("RSET\r\nQUIT\r\n");
    this.#socket.destroySoon();
  }
}
