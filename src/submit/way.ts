/** The transports that the variable `mta` can name. */
import { domainToASCII } from "node:url";
import { Exit, MailError } from "../errors.ts";

export interface ServerWay {
  readonly kind: "smtp";
  readonly protocol: "smtp" | "submission" | "smtps" | "lmtp";
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, which replaces host and port. */
  readonly socket: string | undefined;
  /** The user name for the login. */
  readonly user: string | undefined;
}

export type Way = ServerWay | { readonly kind: "program"; readonly path: string } | { readonly kind: "local" };

export const defaultWay = "smtp://localhost:25";

/** The default ports of RFC 5321, 6409 and 8314. Port 24 is customary for LMTP. */
const ports = { smtp: 25, submission: 587, smtps: 465, lmtp: 24 } as const;

/** Host names that need no normalisation, which takes a millisecond on its first use. */
const plainHost = /^(?:(?:[a-z][a-z0-9-]*\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)$/;

/**
 * Parses `smtp://HOST[:PORT]`, `submission://USER@HOST[:PORT]`, `smtps://USER@HOST[:PORT]`, `lmtp://HOST[:PORT]`,
 * `lmtp:/SOCKET`, a program's path, or `local`.
 *
 * @throws MailError if the value has another form or contains a password
 */
export function parseWay(value: string): Way {
  if (value === "local") return { kind: "local" };
  const [, scheme = "", rest = ""] = /^(smtp|submission|smtps|lmtp):(.*)$/is.exec(value) ?? [];
  if (scheme === "") {
    if (/^[a-z][\w+.-]*:/i.test(value)) throw makeInvalidWayError(value);
    return { kind: "program", path: value };
  }
  const protocol = scheme.toLowerCase() as ServerWay["protocol"];
  if (protocol === "lmtp" && /^\/(?!\/)[^\0\n]+$/.test(rest)) {
    return { kind: "smtp", protocol, host: "localhost", port: 0, socket: rest, user: undefined };
  }
  // The last @ is the separator, because a user name may be an address.
  const [, login, host = "", port] =
    /^\/\/(?:(.*)@)?(\[[\da-fA-F:.]+\]|[\w.\u0080-\u{10ffff}-]+)(?::(\d{1,5}))?\/?$/u.exec(rest) ?? [];
  // A separate test, because an expression with \p takes a millisecond to compile and is rarely needed.
  if (/[^\0-\u007f]/.test(host) && !/^[\p{L}\p{N}._-]+$/u.test(host)) throw makeInvalidWayError(value);
  if (login?.includes(":")) {
    throw new MailError(
      "mta: must not contain a password, because other users can see it; use ~/.netrc or passwordcommand",
      Exit.Config,
    );
  }
  const number = port === undefined ? ports[protocol] : Number(port);
  const name = host.startsWith("[") ? host.slice(1, -1) : plainHost.test(host) ? host : domainToASCII(host);
  if (name === "" || number < 1 || number > 65535) throw makeInvalidWayError(value);
  return { kind: "smtp", protocol, host: name, port: number, socket: undefined, user: decodeLogin(login) };
}

/** Returns a transport's name, which parseWay accepts. */
export function wayName(way: Way): string {
  switch (way.kind) {
    case "smtp": {
      if (way.socket !== undefined) return `${way.protocol}:${way.socket}`;
      const user = way.user === undefined ? "" : `${encodeURIComponent(way.user)}@`;
      const host = way.host.includes(":") ? `[${way.host}]` : way.host;
      return `${way.protocol}://${user}${host}:${way.port}`;
    }
    case "program":
      return way.path;
    case "local":
      return "local";
  }
}

/** Returns a server's name for messages: `HOST port PORT`, or the socket's path. */
export function serverName({ host, port, socket }: ServerWay): string {
  return socket ?? `${host} port ${port}`;
}

function decodeLogin(login: string | undefined): string | undefined {
  if (login === undefined || login === "") return undefined;
  try {
    return decodeURIComponent(login);
  } catch {
    return login;
  }
}

function makeInvalidWayError(value: string): MailError {
  return new MailError(
    `mta: "${value}" is invalid; use smtp://HOST:PORT, submission://USER@HOST, smtps://USER@HOST, lmtp://HOST:PORT, ` +
      'lmtp:/SOCKET, the path of a program, or "local"',
    Exit.Config,
  );
}
