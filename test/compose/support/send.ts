/** Runs the built program in its own home directory with a server on the loopback interface. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Script, scriptedServer } from "../../submit/scripted-server.ts";
import { until } from "../../until.ts";

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../../bin/mail.js");

export interface Sending {
  readonly argv: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly rc?: string;
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string | Uint8Array>;
  readonly server?: Script;
  /** A file to use as standard input instead of a pipe. */
  readonly input?: string;
  /** Whether the pipe remains open after the input has been written. */
  readonly openInput?: boolean;
  /**
   * When the signal is sent: while the input is being read, once the server has the message, or once a condition is
   * true.
   */
  readonly killWhen?: "reads" | "has sent" | (() => boolean);
  /** The signal; SIGTERM by default. */
  readonly signal?: NodeJS.Signals;
  /** Called before the input ends, when nearly all of it has been read. */
  readonly meanwhile?: (home: string) => void;
  /** Receives the names of the files that are in the home directory after the run. */
  readonly leaves?: (names: readonly string[]) => void;
}

export interface Sent {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The recipients in RCPT TO. */
  readonly recipients: readonly string[];
  readonly sender: string | undefined;
  /** The received message in Latin-1 with LF line endings. */
  readonly message: string | undefined;
  /** Returns the unfolded values of a field in the first message, in order. */
  fields(name: string): string[];
  readonly body: string;
  readonly dead: string;
}

export async function sendMail({
  argv,
  stdin = "",
  rc = "",
  env = {},
  files = {},
  server: script,
  input,
  openInput = false,
  killWhen,
  signal = "SIGTERM",
  meanwhile,
  leaves,
}: Sending): Promise<Sent> {
  const server = await scriptedServer(script);
  const home = mkdtempSync(join(tmpdir(), "mail-send-"));
  try {
    writeFileSync(join(home, ".mailrc"), `set mta=smtp://127.0.0.1:${server.port}\n${rc}`, { mode: 0o600 });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
    const child = spawn(process.execPath, [program, ...argv], {
      cwd: home,
      stdio: [input === undefined ? "pipe" : openSync(input, "r"), "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        LOGNAME: "ann",
        LC_ALL: "C.UTF-8",
        TZ: "UTC",
        TMPDIR: home,
        ...env,
      },
    });
    child.stdin?.on("error", () => {}); // The program need not read its input.
    // Called when the only bytes still unread are those in the pipe's buffer.
    child.stdin?.write(stdin, () => {
      if (killWhen === "reads") child.kill(signal);
      meanwhile?.(home);
      if (!openInput) child.stdin?.end();
    });
    const holds = killWhen === "has sent" ? () => server.messages.length > 0 : killWhen;
    if (typeof holds === "function") void until(holds).then(() => child.kill(signal));
    const [stdout, stderr, [exit]] = await Promise.all([
      text(child.stdout as Readable),
      text(child.stderr as Readable),
      once(child, "close") as Promise<[number | null]>,
    ]);
    leaves?.(readdirSync(home));
    const [message] = server.messages;
    const named = (verb: RegExp) => server.commands.flatMap((line) => verb.exec(line)?.[1] ?? []);
    const [header = ""] = (message ?? "").split(/\n\n/);
    const unfolded = header.replace(/\n(?=[ \t])/g, "").split("\n");
    return {
      exit,
      stdout,
      stderr,
      recipients: named(/^RCPT TO:<([^>]*)>/i),
      sender: named(/^MAIL FROM:<([^>]*)>/i)[0],
      message,
      fields: (name) =>
        unfolded.flatMap((line) =>
          line.toLowerCase().startsWith(`${name.toLowerCase()}:`) ? [line.slice(name.length + 1).trim()] : [],
        ),
      body: (message ?? "").slice(header.length + 2),
      dead: read(join(home, "dead.letter")),
    };
  } finally {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
