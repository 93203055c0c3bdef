/** Which way mail goes out: `smtp://HOST:PORT`, a program's path, or `local`. */
import { Exit, MailError } from "../errors.ts";
import type { Transport, Witness } from "./transport.ts";

export interface TransportOptions {
  /** This host's name in mail: EHLO says it, `local` takes it for its own. */
  readonly mailName: string;
  /** Seconds that a server may be silent. */
  readonly timeout: number;
  /** Seconds to wait for a spool's lock. */
  readonly lockwait: number;
  readonly verbose: boolean;
  /** For programs: the envelope sender, where one was asked for. */
  readonly sender: string | undefined;
  readonly witness: Witness | undefined;
}

export type Way =
  | { readonly kind: "smtp"; readonly host: string; readonly port: number }
  | { readonly kind: "program"; readonly path: string }
  | { readonly kind: "local" };

export const defaultWay = "smtp://localhost:25";

/** @throws MailError for a value that is none of the forms */
export function parseWay(value: string): Way {
  if (value === "local") return { kind: "local" };
  if (!value.includes("://")) return { kind: "program", path: value };
  const [, host, port] = /^smtp:\/\/(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/i.exec(value) ?? [];
  const number = port === undefined ? 25 : Number(port);
  if (host === undefined || number < 1 || number > 65535) {
    throw new MailError(`mta: "${value}" is no smtp://HOST:PORT, no program's path and not "local"`, Exit.Config);
  }
  return { kind: "smtp", host: host.replace(/^\[|\]$/g, ""), port: number };
}

export async function openTransport(way: Way, options: TransportOptions): Promise<Transport> {
  if (way.kind === "program") {
    const { ProgramTransport } = await import("./program.ts");
    return new ProgramTransport(way.path, options);
  }
  if (way.kind === "local") {
    const { LocalTransport } = await import("./local.ts");
    return new LocalTransport({ directory: "/var/mail", mailName: options.mailName, lockwait: options.lockwait });
  }
  const { SmtpTransport } = await import("./smtp.ts");
  const timeout = Math.max(1, options.timeout * 1000);
  return new SmtpTransport({
    host: way.host,
    port: way.port,
    name: options.mailName,
    timeout,
    witness: options.witness,
  });
}
