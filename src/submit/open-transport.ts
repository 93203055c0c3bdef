/** Opens the transport that `mta` describes. */
import type { Login } from "../connect/login.ts";
import type { DialogueObserver } from "./dialogue.ts";
import type { ServerSettings } from "./server-settings.ts";
import type { Transport } from "./transport.ts";
import type { Way } from "./way.ts";

export interface TransportOptions extends ServerSettings {
  /** Returns the options for writing to a mailbox. */
  readonly storeOptions: () => { readonly lockwait: number; readonly stateDirectory: string };
  readonly verbose: boolean;
  /** The envelope sender, if one was given. It is passed only to programs. */
  readonly envelopeSender: string | undefined;
  /**
   * Whether a sender who is a member of an expanded alias also receives the message. The option is passed only to
   * programs.
   */
  readonly metoo: boolean;
  /** The place where a program finds the recipients. */
  readonly recipients: "header" | "arguments";
  readonly observe: DialogueObserver | undefined;
  /** Provides the credentials for a server; undefined without a login. */
  readonly login: Login | undefined;
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/** Returns the transport for `way`. The compiler reports any kind of transport that this function does not handle. */
export async function openTransport(way: Way, options: TransportOptions): Promise<Transport> {
  switch (way.kind) {
    case "smtp": {
      const { SmtpTransport } = await import("./smtp.ts");
      return new SmtpTransport({ ...options, server: way });
    }
    case "program": {
      const { ProgramTransport } = await import("./program.ts");
      return new ProgramTransport(way, options);
    }
    case "local": {
      const { LocalTransport } = await import("./local.ts");
      const { mailName, storeOptions } = options;
      return new LocalTransport({ ...storeOptions(), mailName, directory: "/var/mail" });
    }
  }
}
