/** What takes mail here: who listens, what it says, and whether it would take mail for an address. Nothing is sent. */
import { accessSync, constants, existsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { authorities } from "../submit/certificates.ts";
import { type Conversation, Lost, openConversation } from "../submit/conversation.ts";
import { oneLine } from "../submit/replies.ts";
import { defaultWay, parseWay, type ServerWay, serverName } from "../submit/way.ts";
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
  way: ServerWay,
  { identity, settings }: Config,
  address: string | undefined,
): Promise<Finding[]> {
  const server = serverName(way);
  const findings: Finding[] = [];
  let talk: Conversation | undefined;
  try {
    const opened = await openConversation(way, { connecting: patience, silence: patience });
    talk = opened;
    if (way.protocol === "smtps") {
      const check = settings.text("certcheck") !== "no";
      await opened.encrypt(way.host, { check, ca: await authorities(settings.text("cafile")) });
    }
    const say = async (line: string) => {
      opened.send(Buffer.from(line));
      return (await opened.reply()).join("\n");
    };
    const greeting = (await opened.reply()).join("\n");
    if (!greeting.startsWith("220")) return [fail(about, `${server} says: ${oneLine(greeting)}`, "look into its log")];
    findings.push(ok(about, `${server} says: ${oneLine(greeting)}`));
    const hello = await say(`${way.protocol === "lmtp" ? "LHLO" : "EHLO"} ${identity.mailName}`);
    if (!hello.startsWith("250")) {
      findings.push(warn(about, `EHLO: ${oneLine(hello)}`, "an old server: plain SMTP is spoken with it"));
      await say(`HELO ${identity.mailName}`);
    }
    const sender = await say(`MAIL FROM:<${identity.user}@${identity.mailName}>`);
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
      const answer = await say(`RCPT TO:<${qualified}>`);
      const text = `mail for ${qualified}: ${oneLine(answer)}`;
      if (answer.startsWith("25")) findings.push(ok("recipient", text));
      else if (answer.startsWith("4")) findings.push(warn("recipient", text, "try again later; see the server's log"));
      else findings.push(fail("recipient", text, "see whether the name is right (getent passwd, /etc/aliases)"));
    }
    await say("QUIT").catch(() => ""); // it may hang up without a word
    return findings;
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    findings.push(fail(about, `${server}: ${error.message}`, repair(way.host, error.cause)));
    return findings;
  } finally {
    talk?.close();
  }
}

/** What would have the server answer; on this host that depends on whether there is an MTA. */
function repair(host: string, error: unknown): string {
  if (!/^(localhost|127[.]|::1|\[::1\])/.test(host)) return "see whether mta names the right host and port";
  if (!isSystemError(error)) return "look into its log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}
