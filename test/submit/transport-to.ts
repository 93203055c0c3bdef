import { type SmtpOptions, SmtpTransport } from "../../src/submit/smtp.ts";
import type { Envelope, Outcome, Outgoing } from "../../src/submit/transport.ts";

/** A transport to a server on the loopback; the password is "pencil". */
export function transportTo(port: number, options: Partial<SmtpOptions> & { user?: string } = {}): SmtpTransport {
  const { user, ...others } = options;
  return new SmtpTransport({
    server: { kind: "smtp", protocol: "smtp", host: "127.0.0.1", port, socket: undefined, user },
    name: "client.example",
    timeouts: { connect: 20_000, silence: 20_000 },
    total: 0,
    witness: undefined,
    starttls: undefined,
    caFile: undefined,
    checkCertificate: true,
    mechanism: undefined,
    notify: [],
    chunking: "large",
    password: async () => "pencil",
    ...others,
  });
}

/** Sends one message over a connection of its own. */
export async function submitted(envelope: Envelope, message: Outgoing, transport: SmtpTransport): Promise<Outcome> {
  try {
    return await transport.submit(envelope, message);
  } finally {
    await transport.close();
  }
}
