/** Runs `maild`, an SMTP server with local delivery. */
import { homedir } from "node:os";
import { stateDirectory } from "./config/paths.ts";
import { Exit, type ExitCode, MailError } from "./errors.ts";
import { type Options, parseOptions } from "./maild/maild-options.ts";
import { showNotices } from "./notices.ts";
import { isSystemError, strerror } from "./system-error.ts";

/** Runs `maild` as a program; called by the launcher. */
export function start(): void {
  runMaild(process.argv.slice(2)).then(
    (exit) => {
      process.exitCode = exit;
    },
    (error: unknown) => {
      process.stderr.write(`maild: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = error instanceof MailError ? error.exit : Exit.Software;
    },
  );
}

/** Serves until SIGINT or SIGTERM. Deliveries in progress are completed before the server exits. */
export async function runMaild(argv: readonly string[]): Promise<ExitCode> {
  const said = await parseOptions(argv);
  if ("text" in said) {
    process.stdout.write(said.text);
    return Exit.Ok;
  }
  const { openLog } = await import("./maild/log.ts");
  const { listen } = await import("./maild/server.ts");
  const options = { ...said.options, stateDirectory: stateDirectory({ identity: { home: homedir() } }) };
  const log = openLog(options.log);
  showNotices((text) => log.write("local", `warning: ${text}`));
  const { settleAppends } = await import("./mailbox/settle-appends.ts");
  for (const text of await settleAppends(options.stateDirectory)) log.write("local", `warning: ${text}`);
  const server = await listen(options, log).catch((error: unknown) => {
    throw cannotListen(options, error);
  });
  process.stdout.write(`maild: listening on ${server.address}\n`);
  await stopSignal();
  await server.close();
  return Exit.Ok;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

function cannotListen(options: Pick<Options, "listen" | "port">, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const words: Record<string, string> = {
    EADDRINUSE: "Address already in use",
    EADDRNOTAVAIL: "Not an address of this machine",
    ENOTFOUND: "Unknown host",
  };
  const reason = words[error.code] ?? strerror(error);
  const exit = error.code === "EACCES" ? Exit.NoPerm : Exit.Unavailable;
  return new MailError(`${options.listen}:${options.port}: ${reason}`, exit, { cause: error });
}
