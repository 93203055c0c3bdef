/** Runs a private Dovecot that serves a Postfix spool and a user's folders over IMAP, and provides an IMAP client. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { readIfPresent, runDovecot } from "../dovecot-program.ts";
import { findFreePort } from "../free-ports.ts";

export interface PrivateImap {
  readonly port: number;
  readLog(): string;
  stop(): Promise<void>;
}

const password = "secret";

/**
 * Starts Dovecot with group `mail` for the spool, with Postfix's locking order (dotlock, then fcntl), and without dirty
 * syncs. With dirty syncs (the default), Dovecot 2.3.19 can damage a mailbox. An expunge that finds a copy with a
 * foreign X-UID stops after it has moved only some of the messages.
 *
 * @param directory an empty directory that every user may enter
 * @param owner the user; INBOX is the spool, and other mailboxes are files in `~/mail`
 */
export async function startImap(
  directory: string,
  owner: { readonly name: string; readonly home: string; readonly inbox: string },
): Promise<PrivateImap> {
  for (const program of ["/usr/sbin/dovecot", "/usr/lib/dovecot/imap"]) {
    if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install dovecot-core dovecot-imapd`);
  }
  mkdirSync(directory, { recursive: true });
  const [run, log] = [join(directory, "run"), join(directory, "log")];
  const port = await findFreePort();
  writeFileSync(join(directory, "users"), `${owner.name}:{PLAIN}${password}\n`, { mode: 0o644 });
  writeFileSync(
    join(directory, "dovecot.conf"),
    `base_dir = ${run}
state_dir = ${join(directory, "state")}
log_path = ${log}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %n
first_valid_uid = 1
mail_location = mbox:${owner.home}/mail:INBOX=${owner.inbox}
mail_privileged_group = mail
mbox_read_locks = fcntl
mbox_write_locks = dotlock fcntl
mbox_dirty_syncs = no
passdb {
  driver = passwd-file
  args = ${join(directory, "users")}
}
userdb {
  driver = static
  args = uid=${owner.name} gid=${owner.name} home=${owner.home}
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
  const dovecot = await runDovecot(join(directory, "dovecot.conf"), { log, created: [join(run, "master.pid")] });
  return {
    port,
    readLog: () => readIfPresent(log),
    stop: async () => {
      await dovecot.stop();
    },
  };
}

/** The response to a command: whether the command succeeded, and all text up to and including the tagged line. */
export interface Response {
  readonly isOk: boolean;
  readonly text: string;
}

/** An IMAP client that sends one command at a time. */
export class ImapClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => undefined;
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects and logs in. @throws Error if the server refuses the login or disconnects */
  static async open(port: number, user: string): Promise<ImapClient> {
    const client = new ImapClient(connect(port, "127.0.0.1"));
    await client.#line();
    const { isOk, text } = await client.command(`LOGIN ${user} ${password}`);
    if (!isOk) throw new Error(text);
    return client;
  }

  /** Sends a command. @throws Error if the server disconnects */
  async command(line: string, literal?: Buffer): Promise<Response> {
    const tag = `a${++this.#tag}`;
    this.#socket.write(`${tag} ${line}${literal === undefined ? "" : ` {${literal.length}}`}\r\n`);
    let text = "";
    for (;;) {
      const found = await this.#line();
      text += `${found}\n`;
      if (found.startsWith("+") && literal !== undefined)
        this.#socket.write(Buffer.concat([literal, Buffer.from("\r\n")]));
      if (found.startsWith(`${tag} `)) return { isOk: found.startsWith(`${tag} OK`), text };
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Returns the next line, including its literals. */
  async #line(): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#received.indexOf("\r\n", from);
      if (end >= 0) {
        const literal = /\{(\d+)\}$/.exec(this.#received.toString("latin1", from, end));
        if (literal === null) {
          const line = this.#received.toString("latin1", 0, end);
          this.#received = this.#received.subarray(end + 2);
          return line;
        }
        const next = end + 2 + Number(literal[1]);
        if (this.#received.length >= next) {
          from = next;
          continue;
        }
      }
      if (this.#isClosed) throw new Error(`hung up after ${JSON.stringify(this.#received.toString("latin1"))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
