/** The transport that a way out stands for. */
import type { DialogueObserver } from "./dialogue.ts";
import type { ServerSettings } from "./server-settings.ts";
import type { Transport } from "./transport.ts";
import type { Way } from "./way.ts";

export interface TransportOptions extends ServerSettings {
  /** Seconds to wait for a spool's lock. */
  readonly lockwait: number;
  /** Private directory for what a killed delivery is undone by. */
  readonly stateDirectory: string;
  readonly verbose: boolean;
  /** For programs: the envelope sender, where one was asked for. */
  readonly envelopeSender: string | undefined;
  /** For programs: the sender stays in what the program makes of an alias. */
  readonly metoo: boolean;
  readonly observe: DialogueObserver | undefined;
  readonly password: (user: string, host: string) => Promise<string>;
}

/** Returns the transport for a way. The kinds are all there are: a new one is a type error here. */
export async function openTransport(way: Way, options: TransportOptions): Promise<Transport> {
  switch (way.kind) {
    case "smtp": {
      const { SmtpTransport } = await import("./smtp.ts");
      return new SmtpTransport({ ...options, server: way });
    }
    case "program": {
      const { ProgramTransport } = await import("./program.ts");
      return new ProgramTransport(way.path, options);
    }
    case "local": {
      const { LocalTransport } = await import("./local.ts");
      return new LocalTransport({ ...options, directory: "/var/mail" });
    }
  }
}
