import type { Login } from "../../src/connect/login.ts";
import { type SmtpOptions, SmtpTransport } from "../../src/submit/smtp.ts";
import { makeTranscript, type Witness } from "../../src/submit/transcript.ts";
import type { Envelope, Outcome, Outgoing } from "../../src/submit/transport.ts";

export type TestOptions = Partial<Omit<SmtpOptions, "timeouts" | "observe">> & {
  readonly user?: string | undefined;
  readonly timeouts?: Partial<SmtpOptions["timeouts"]>;
  /** Receives the lines of the transcript. */
  readonly witness?: Witness;
};

/** Returns a transport to a server on the loopback interface. The password is "pencil". */
export function transportTo(port: number, options: TestOptions = {}): SmtpTransport {
  const { user, timeouts, witness, ...others } = options;
  return new SmtpTransport({
    server: { kind: "smtp", protocol: "smtp", host: "127.0.0.1", port, socket: undefined, user },
    mailName: "client.example",
    timeouts: { connect: 20_000, silence: 20_000, total: 0, ...timeouts },
    observe: witness === undefined ? undefined : makeTranscript(witness),
    starttls: undefined,
    caFile: undefined,
    caDirectory: undefined,
    trustsSystem: true,
    clientCertificate: undefined,
    minVersion: "TLSv1.2",
    certificateCheck: "yes",
    allowsClearLogin: false,
    acceptCertificate: async () => false,
    mechanism: undefined,
    notify: [],
    chunking: "large",
    login: user === undefined ? undefined : loginAs(user),
    ...others,
  });
}

function loginAs(user: string): Login {
  return {
    usesToken: false,
    find: async () => ({ user, secret: "pencil", isToken: false }),
    refuse: async () => ({ isRetried: false, advice: "" }),
  };
}

/** Sends one message over a new connection. */
export async function submitted(envelope: Envelope, message: Outgoing, transport: SmtpTransport): Promise<Outcome> {
  try {
    return await transport.submit(envelope, message);
  } finally {
    await transport.close();
  }
}
