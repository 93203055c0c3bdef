/**
 * Opens sockets. Host names are resolved by the system (getaddrinfo: /etc/hosts before name servers).
 *
 * nodemailer would query a name server first, even for localhost.
 */
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { isSystemError, strerror } from "../system-error.ts";

/** The address of a server. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, which replaces host and port. */
  readonly socket?: string | undefined;
}

type Target = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * The error for a connection that could not be established. The error's message describes the reason, and its cause is
 * the system's error.
 */
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
 * @param timeout the time limit in milliseconds for all addresses together
 * @throws NoConnection
 */
export async function openSocket(server: Server, timeout: number): Promise<Socket> {
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

/** Returns the addresses to try. localhost is always this host (RFC 6761, section 6.3), so it is not looked up. */
function targetsOf({ socket, host, port }: Server): Target[] {
  if (socket !== undefined) return [{ path: socket }];
  const hosts = host === "localhost" ? ["127.0.0.1", "::1"] : [host];
  return hosts.map((each) => ({ host: each, port }));
}

/** Describes the error that occurred at the first address. The error is undefined if there was no address. */
function wordsFor(error: NodeJS.ErrnoException | undefined): string {
  if (error === undefined) return "not an address";
  return isSystemError(error) || error.code !== undefined ? strerror(error) : error.message;
}

/** Returns whether the server runs on this machine. */
export function isLoopback({ host, socket }: Pick<Server, "host" | "socket">): boolean {
  return socket !== undefined || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
