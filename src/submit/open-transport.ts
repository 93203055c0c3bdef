/** The transport that a way out stands for. */
import type { StartTls } from "./connection.ts";
import type { Chunking, Notice } from "./smtp.ts";
import type { Transport, Witness } from "./transport.ts";
import type { Way } from "./way.ts";

export interface TransportOptions {
  /** This host's name in mail: EHLO says it, `local` takes it for its own. */
  readonly mailName: string;
  /** Seconds: to connect, that a server may be silent, and for a message in all (0: no bound). */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly total: number };
  /** Seconds to wait for a spool's lock. */
  readonly lockwait: number;
  /** Private directory for what a killed delivery is undone by. */
  readonly stateDirectory: string;
  readonly verbose: boolean;
  /** For programs: the envelope sender, where one was asked for. */
  readonly sender: string | undefined;
  /** For programs: the sender stays in what the program makes of an alias. */
  readonly metoo: boolean;
  readonly witness: Witness | undefined;
  readonly starttls: StartTls | undefined;
  readonly caFile: string | undefined;
  readonly checkCertificate: boolean;
  readonly mechanism: string | undefined;
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
  readonly password: (user: string, host: string) => Promise<string>;
}

export async function openTransport(way: Way, options: TransportOptions): Promise<Transport> {
  if (way.kind === "program") {
    const { ProgramTransport } = await import("./program.ts");
    return new ProgramTransport(way.path, options);
  }
  if (way.kind === "local") {
    const { LocalTransport } = await import("./local.ts");
    return new LocalTransport({ ...options, directory: "/var/mail" });
  }
  const { SmtpTransport } = await import("./smtp.ts");
  const milliseconds = (seconds: number) => Math.max(1, seconds * 1000);
  return new SmtpTransport({
    ...options,
    server: way,
    name: options.mailName,
    timeouts: { connect: milliseconds(options.timeouts.connect), silence: milliseconds(options.timeouts.silence) },
    total: options.timeouts.total * 1000,
  });
}
