/**
 * An IMAP server on the loopback interface that behaves correctly, except when its script replaces a response. The
 * server's messages persist between connections.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { certificates } from "./dovecot.ts";

export interface ServedMessage {
  readonly uid: number;
  readonly flags: Set<string>;
  readonly bytes: Buffer;
  /** The time of arrival, in INTERNALDATE format. */
  readonly received?: string | undefined;
  /** The size that the server reports, if it differs from the message's size with CRLF newlines. */
  readonly size?: number | undefined;
  /** The BODYSTRUCTURE, and the bytes of the sections that it describes, such as `2` and `2.MIME`. */
  readonly structure?: string | undefined;
  readonly sections?: Readonly<Record<string, Buffer>> | undefined;
}

/**
 * The bytes of a response, or an action: "close" closes the connection, "reset" resets it, and "silent" sends nothing.
 */
type Answer = string | Buffer;

export interface Script {
  /** Called when a client has connected and, if the server uses TLS from the start, completed the TLS handshake. */
  readonly onConnection?: () => void;
  readonly greeting?: string;
  /** The capabilities that the server announces before the login and, by default, after it. */
  readonly capabilities?: string;
  readonly capabilitiesAfterLogin?: string;
  readonly uidValidity?: () => number;
  /** The name of the certificate file, for a server that uses TLS from the start. */
  readonly certificate?: string;
  readonly messages?: readonly {
    readonly uid: number;
    readonly flags?: readonly string[];
    readonly text: string;
    readonly received?: string;
    readonly size?: number;
    readonly structure?: string;
    readonly sections?: Readonly<Record<string, Buffer>>;
  }[];
  /**
   * Returns the response to a command, or undefined if the server should respond correctly.
   *
   * @param command the command without its tag; a literal is replaced by `{LENGTH}`
   * @param answerHonestly executes the command and returns the correct response
   */
  readonly answer?: (command: string, tag: string, answerHonestly: () => Answer) => Answer | undefined;
}

export interface LyingServer {
  readonly port: number;
  /** The commands of all connections, without their tags. */
  readonly commands: string[];
  /** The messages of each folder. INBOX exists from the start. */
  readonly folders: Map<string, ServedMessage[]>;
  close(): Promise<void>;
}

const usual = "IMAP4rev1 SASL-IR AUTH=PLAIN ENABLE UIDPLUS MOVE ESEARCH UNSELECT LITERAL+ IDLE";

/** Starts a server. */
export async function startLyingServer(script: Script = {}): Promise<LyingServer> {
  const commands: string[] = [];
  const folders = new Map<string, ServedMessage[]>([
    [
      "INBOX",
      (script.messages ?? []).map(({ flags = [], text, ...rest }) => ({
        ...rest,
        flags: new Set(flags),
        bytes: Buffer.from(text.replaceAll("\n", "\r\n")),
      })),
    ],
  ]);
  const sockets = new Set<Socket>();
  const identity = (name: string) => ({
    key: readFileSync(join(certificates, `${name}.key`)),
    cert: readFileSync(join(certificates, `${name}.pem`)),
  });
  const serve = (socket: Socket, isGreeted = false) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    const session = new Session(script, folders);
    const send = (answer: Answer) => {
      if (answer === "close") socket.destroy();
      else if (answer === "reset") socket.resetAndDestroy();
      else if (answer !== "silent" && socket.writable) socket.write(answer);
    };
    let received = Buffer.alloc(0);
    const onData = (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      for (;;) {
        const found = takeCommand(received);
        if (found === undefined) return;
        received = received.subarray(found.length);
        const [, tag = "", command = ""] = /^(\S+) ?(.*)$/s.exec(found.line) ?? [];
        if (tag === "DONE") {
          send(session.endIdle());
          continue;
        }
        commands.push(command);
        const answerHonestly = () => session.answer(tag, command, found.literals);
        send(script.answer?.(command, tag, answerHonestly) ?? answerHonestly());
        if (/^LOGOUT$/i.test(command)) socket.end();
        if (/^STARTTLS$/i.test(command)) {
          socket.off("data", onData);
          serve(new TLSSocket(socket, { isServer: true, ...identity(script.certificate ?? "localhost") }), true);
          return;
        }
      }
    };
    socket.on("data", onData);
    if (!isGreeted) script.onConnection?.();
    if (!isGreeted) send(script.greeting ?? `* OK [CAPABILITY ${script.capabilities ?? usual}] ready\r\n`);
  };
  const usesTls = script.certificate !== undefined && script.capabilities?.includes("STARTTLS") !== true;
  const server = usesTls
    ? createTlsServer(identity(script.certificate), (socket) => serve(socket)).on("tlsClientError", () => undefined)
    : createServer((socket) => serve(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    folders,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/**
 * Returns the first complete command, with its literals. The server offers LITERAL+, so no literal is synchronizing.
 */
function takeCommand(received: Buffer): { line: string; literals: Buffer[]; length: number } | undefined {
  let line = "";
  const literals: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = received.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const text = received.toString("utf8", at, end);
    const [all, length = ""] = /~?\{(\d+)\+\}$/.exec(text) ?? [];
    if (all === undefined) return { line: line + text, literals, length: end + 2 };
    const start = end + 2;
    if (received.length < start + Number(length)) return undefined;
    line += `${text.slice(0, -all.length)}{${length}}`;
    literals.push(received.subarray(start, start + Number(length)));
    at = start + Number(length);
  }
}

class Session {
  readonly #script: Script;
  readonly #folders: Map<string, ServedMessage[]>;
  #selected: string | undefined;
  #idleTag = "";
  #isLoggedIn = false;

  constructor(script: Script, folders: Map<string, ServedMessage[]>) {
    this.#script = script;
    this.#folders = folders;
  }

  endIdle(): string {
    return `${this.#idleTag} OK done\r\n`;
  }

  answer(tag: string, command: string, literals: readonly Buffer[]): Answer {
    const [word = "", ...rest] = command.split(" ");
    const verb = word.toUpperCase() === "UID" ? `UID ${rest.shift()?.toUpperCase()}` : word.toUpperCase();
    const done = `${tag} OK done\r\n`;
    const messages = this.#folders.get(this.#selected ?? "") ?? [];
    const text = rest.join(" ");
    switch (verb) {
      case "CAPABILITY":
        return `* CAPABILITY ${this.#capabilities}\r\n${done}`;
      case "AUTHENTICATE":
      case "LOGIN":
        this.#isLoggedIn = true;
        return `${tag} OK [CAPABILITY ${this.#capabilities}] done\r\n`;
      case "SELECT":
      case "EXAMINE":
        return this.#select(tag, verb, text.replace(/^"(.*?)".*$/, "$1"));
      case "UID SEARCH":
        return `* ESEARCH (TAG "${tag}") UID${this.#search(messages, text)}\r\n${done}`;
      case "UID FETCH":
        return Buffer.concat([...this.#fetch(messages, text), Buffer.from(done)]);
      case "UID STORE": {
        const [, set = "", sign = "", flags = ""] = /^(\S+) ([+-])FLAGS\.SILENT \((.*)\)$/.exec(text) ?? [];
        for (const { flags: found } of messages.filter(({ uid }) => isInSet(set, uid)))
          for (const flag of flags.split(" ")) sign === "+" ? found.add(flag) : found.delete(flag);
        return done;
      }
      case "UID EXPUNGE":
        return this.#expunge(messages, text) + done;
      case "UID COPY":
      case "UID MOVE": {
        const [, set = "", folder = ""] = /^(\S+) "(.*)"$/.exec(text) ?? [];
        const target = this.#folders.get(folder);
        if (target === undefined) return `${tag} NO [TRYCREATE] no such folder\r\n`;
        const some = messages.filter(({ uid }) => isInSet(set, uid));
        const copies = some.map((each, at) => ({ ...each, flags: new Set(each.flags), uid: target.length + at + 1 }));
        target.push(...copies);
        const uids = `[COPYUID 1 ${some.map(({ uid }) => uid).join(",")} ${copies.map(({ uid }) => uid).join(",")}]`;
        if (verb === "UID COPY") return `${tag} OK ${uids} done\r\n`;
        return `* OK ${uids} moved\r\n${this.#remove(messages, some)}${done}`;
      }
      case "APPEND": {
        const [, folder = "", flags = ""] = /^"(.*?)" \((.*?)\)/.exec(text) ?? [];
        const target = this.#folders.get(folder);
        if (target === undefined) return `${tag} NO [TRYCREATE] no such folder\r\n`;
        const uid = (target.at(-1)?.uid ?? 0) + 1;
        const set = new Set(flags.split(" ").filter((flag) => flag !== ""));
        target.push({ uid, flags: set, bytes: Buffer.from(literals[0] ?? "") });
        return `${tag} OK [APPENDUID 1 ${uid}] done\r\n`;
      }
      case "IDLE":
        this.#idleTag = tag;
        return "+ idling\r\n";
      case "LOGOUT":
        return `* BYE bye\r\n${done}`;
      case "STARTTLS":
        return done;
      default:
        return ["NOOP", "UNSELECT"].includes(verb) ? done : `${tag} BAD unknown command\r\n`;
    }
  }

  get #capabilities(): string {
    const { capabilities = usual, capabilitiesAfterLogin = capabilities } = this.#script;
    return this.#isLoggedIn ? capabilitiesAfterLogin : capabilities;
  }

  #select(tag: string, verb: string, folder: string): string {
    const messages = this.#folders.get(folder);
    if (messages === undefined) return `${tag} NO [NONEXISTENT] no such folder\r\n`;
    this.#selected = folder;
    return [
      `* ${messages.length} EXISTS`,
      `* OK [UIDVALIDITY ${this.#script.uidValidity?.() ?? 1}] valid`,
      `* OK [UIDNEXT ${(messages.at(-1)?.uid ?? 0) + 1}] next`,
      `${tag} OK [${verb === "SELECT" ? "READ-WRITE" : "READ-ONLY"}] done\r\n`,
    ].join("\r\n");
  }

  #search(messages: readonly ServedMessage[], text: string): string {
    const keys = text.replace(/^RETURN \(ALL\) /, "");
    const [, set] = /^UID (\S+)$/.exec(keys) ?? [];
    const inverted = /^UN/.test(keys);
    const flag = `\\${keys.replace(/^UN/, "").toLowerCase()}`;
    const uids = messages.filter(({ uid, flags }) => {
      if (set !== undefined) return isInSet(set, uid);
      return keys === "ALL" || [...flags].some((each) => each.toLowerCase() === flag) !== inverted;
    });
    return uids.length === 0 ? "" : ` ALL ${uids.map(({ uid }) => uid).join(",")}`;
  }

  *#fetch(messages: readonly ServedMessage[], text: string): Iterable<Buffer> {
    const [, set = "", items = ""] = /^(\S+) \((.*)\)$/.exec(text) ?? [];
    for (const [at, message] of messages.entries()) {
      const { uid, flags, bytes, size = bytes.length, structure, sections } = message;
      const { received = "01-Jan-1970 00:00:00 +0000" } = message;
      if (!isInSet(set, uid)) continue;
      const parts: Buffer[] = [Buffer.from(`* ${at + 1} FETCH (UID ${uid}`)];
      if (/\bFLAGS\b/.test(items)) parts.push(Buffer.from(` FLAGS (${[...flags].join(" ")})`));
      if (/RFC822\.SIZE/.test(items)) parts.push(Buffer.from(` RFC822.SIZE ${size}`));
      if (structure !== undefined && /BODYSTRUCTURE/.test(items))
        parts.push(Buffer.from(` BODYSTRUCTURE ${structure}`));
      if (/INTERNALDATE/.test(items)) parts.push(Buffer.from(` INTERNALDATE "${received}"`));
      for (const [, section = "", start = "", length = ""] of items.matchAll(/BODY\.PEEK\[(.*?)\]<(\d+)\.(\d+)>/g)) {
        const header = bytes.subarray(0, bytes.indexOf("\r\n\r\n") + 4);
        const found = (sections?.[section] ?? (section.startsWith("HEADER") ? header : bytes)).subarray(
          Number(start),
          Number(start) + Number(length),
        );
        parts.push(Buffer.from(` BODY[${section}]<${start}> {${found.length}}\r\n`), found);
      }
      yield Buffer.concat([...parts, Buffer.from(")\r\n")]);
    }
  }

  #expunge(messages: ServedMessage[], set: string): string {
    return this.#remove(
      messages,
      messages.filter(({ uid, flags }) => isInSet(set, uid) && flags.has("\\Deleted")),
    );
  }

  #remove(messages: ServedMessage[], some: readonly ServedMessage[]): string {
    let lines = "";
    for (const each of some) {
      const at = messages.indexOf(each);
      messages.splice(at, 1);
      lines += `* ${at + 1} EXPUNGE\r\n`;
    }
    return lines;
  }
}

function isInSet(set: string, uid: number): boolean {
  return set.split(",").some((part) => {
    const [first = "", last = first] = part.split(":");
    return uid >= Number(first) && (last === "*" || uid <= Number(last));
  });
}
