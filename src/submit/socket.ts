/**
 * A connected socket, found by the names that the system knows (getaddrinfo: /etc/hosts before name servers).
 *
 * nodemailer would ask a name server first, even for localhost, and wait for its answer.
 */
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { isSystemError, strerror } from "../system-error.ts";
import type { ServerWay } from "./way.ts";

type Target = { readonly path: string } | { readonly host: string; readonly port: number };

/** Why there is no connection. The text says it, and the cause is the system's error. */
export class NoConnection extends Error {
  readonly reason: "unknown host" | "no connection";

  constructor(cause: NodeJS.ErrnoException | undefined) {
    const isUnknownHost = /^(?:ENOTFOUND|EAI_)/.test(cause?.code ?? "");
    super(isUnknownHost ? "No such host" : wordsFor(cause), { cause });
    this.reason = isUnknownHost ? "unknown host" : "no connection";
  }
}

/**
 * Opens a socket to a server.
 *
 * @param timeout milliseconds for all addresses together
 * @throws NoConnection
 */
export async function openSocket(
  server: Pick<ServerWay, "socket" | "host" | "port">,
  timeout: number,
): Promise<Socket> {
  const until = Date.now() + timeout;
  let first: NodeJS.ErrnoException | undefined;
  for (const target of targetsOf(server)) {
    const socket = connectSocket({ ...target, noDelay: true });
    const late = () => socket.destroy(Object.assign(new Error("Connection timed out"), { code: "ETIMEDOUT" }));
    const timer = setTimeout(late, Math.max(1, until - Date.now()));
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      socket.destroy();
      first ??= error as NodeJS.ErrnoException;
      if (first.code !== "ECONNREFUSED") break;
    } finally {
      clearTimeout(timer);
      socket.on("error", () => {});
    }
  }
  throw new NoConnection(first);
}

/** RFC 6761, section 6.3: localhost is this host, whatever anybody says; looking it up would only take time. */
function targetsOf({ socket, host, port }: Pick<ServerWay, "socket" | "host" | "port">): Target[] {
  if (socket !== undefined) return [{ path: socket }];
  const hosts = host === "localhost" ? ["127.0.0.1", "::1"] : [host];
  return hosts.map((each) => ({ host: each, port }));
}

/** Of several addresses of a name none may be there: then the first one's reason counts. */
function wordsFor(error: NodeJS.ErrnoException | undefined): string {
  if (error === undefined) return "not an address";
  return isSystemError(error) || error.code !== undefined ? strerror(error) : error.message;
}
