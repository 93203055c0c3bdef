/** An SMTP server on the loopback interface that replies as its script prescribes and records its input. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { createServer as createTlsServer, TLSSocket } from "node:tls";

/**
 * A command, or another point at which the server replies. "other" is any other line, such as the response to a
 * challenge.
 */
type Phase = "AUTH" | "STARTTLS" | "other" | "greeting" | "EHLO" | "HELO" | "MAIL" | "RCPT" | "DATA" | "dot" | "QUIT";
/**
 * A reply, or raw bytes. "close", "reset" and "end" close, reset or half-close the connection, and "silent" sends no
 * reply.
 */
type Answer = string | Uint8Array;
export type Script = Partial<Record<Phase, Answer | ((line: string, socket: Socket) => Answer)>>;

/** Returns a reply that is never sent, and a promise that is resolved when the reply is due. */
export function silence(): { readonly answer: () => Answer; readonly begun: Promise<void> } {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const answer = () => {
    begin();
    return "silent";
  };
  return { answer, begun };
}

export interface ScriptedServer {
  readonly port: number;
  readonly commands: string[];
  readonly messages: string[];
  close(): Promise<void>;
}

const usual: Record<Phase, string> = {
  greeting: "220 test.example ESMTP",
  EHLO: "250-test.example\r\n250 8BITMIME",
  HELO: "250 test.example",
  MAIL: "250 2.1.0 ok",
  RCPT: "250 2.1.5 ok",
  DATA: "354 go on",
  dot: "250 2.0.0 Ok: queued as TEST42",
  QUIT: "221 bye",
  AUTH: "235 2.7.0 ok",
  STARTTLS: "220 2.0.0 go ahead",
  other: "250 ok",
};

export interface Identity {
  readonly key: string;
  readonly cert: string;
  /** Whether TLS begins after STARTTLS instead of at the start. */
  readonly later?: true;
}

const running = new Set<ScriptedServer>();

/** Closes all servers after a test. */
export async function closeServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.close()));
}

/**
 * Starts a server.
 *
 * @param port the port, or 0 for any free port
 * @param tls the server's TLS identity; if it is undefined, the server does not use TLS
 * @param write writes a reply to the socket
 */
export async function scriptedServer(
  script: Script = {},
  port = 0,
  tls?: Identity,
  write = (socket: Socket, reply: Uint8Array): void => void socket.write(reply),
): Promise<ScriptedServer> {
  const commands: string[] = [];
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const spokenTo = (socket: Socket, greeted = false) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.setEncoding("latin1");
    const answer = (phase: Phase, line = "") => {
      const told = script[phase] ?? usual[phase];
      const reply = typeof told === "function" ? told(line, socket) : told;
      if (reply === "close") socket.destroy();
      else if (reply === "reset") socket.resetAndDestroy();
      else if (reply === "end") socket.end();
      else if (reply !== "silent" && socket.writable) {
        write(socket, typeof reply === "string" ? Buffer.from(`${reply}\r\n`, "latin1") : reply);
      }
      return typeof reply === "string" ? reply : Buffer.from(reply).toString("latin1");
    };
    let data: string[] | undefined;
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("error", () => {}); // the readline interface also reports the socket's errors
    lines.on("line", (line) => {
      if (data !== undefined) {
        if (line !== ".") return void data.push(line.replace(/^\./, ""));
        messages.push(`${data.join("\n")}\n`);
        data = undefined;
        return void answer("dot");
      }
      commands.push(line);
      if (line.toUpperCase() === "STARTTLS" && tls?.later === true) {
        lines.close();
        answer("STARTTLS", line);
        return void spokenTo(new TLSSocket(socket, { isServer: true, ...tls }), true);
      }
      const word = line.toUpperCase();
      const verb = (word === "STARTTLS" ? word : word.slice(0, 4)) as Phase;
      const reply = answer(verb in usual ? verb : "other", line);
      if (verb === "DATA" && reply.startsWith("354")) data = [];
      if (verb === "QUIT") socket.end();
    });
    if (!greeted) answer("greeting");
  };
  const take = (socket: Socket) => spokenTo(socket);
  const server =
    tls === undefined || tls.later === true
      ? createServer(take)
      : createTlsServer(tls, take).on("tlsClientError", () => {});
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const scripted: ScriptedServer = {
    port: (server.address() as AddressInfo).port,
    commands,
    messages,
    close: async () => {
      if (!running.delete(scripted)) return;
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  running.add(scripted);
  return scripted;
}
