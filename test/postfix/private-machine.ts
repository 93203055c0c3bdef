/**
 * Runs commands in a private mount namespace and in a private namespace for the host name. In the mount namespace,
 * another program replaces /usr/sbin/sendmail. Nothing outside these namespaces changes.
 */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface PrivateMachine {
  /** Runs a shell command as root and returns its exit code and output. */
  run(command: string, input?: string | Buffer): Promise<{ status: number | null; said: string }>;
}

/**
 * Describes a machine.
 *
 * @param directory a directory that every user may enter, for the machine's files
 * @param options.sendmail the command that replaces /usr/sbin/sendmail
 * @param options.domain the host name
 * @param options.files the new contents of existing files in /etc
 * @param options.mounts the replacements for existing directories, keyed by the path of the replaced directory
 */
export function makeMachine(
  directory: string,
  options: {
    readonly sendmail: string;
    readonly domain: string;
    readonly files?: Readonly<Record<string, string>>;
    readonly mounts?: Readonly<Record<string, string>>;
  },
): PrivateMachine {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const place = (name: string, content: string, mode = 0o644): string => {
    const path = join(directory, name.replaceAll("/", "_"));
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    return path;
  };
  const program = place("sendmail", `#!/bin/sh\nexec ${options.sendmail} "$@"\n`, 0o755);
  const home = join(directory, "root");
  mkdirSync(home, { mode: 0o700 });
  const files = Object.entries({ "/etc/mailname": `${options.domain}\n`, ...options.files })
    .filter(([path]) => existsSync(path))
    .map(([path, content]) => [place(path, content), path] as const);
  const mounts = [
    [program, "/usr/sbin/sendmail"] as const,
    [home, "/root"] as const,
    ...files,
    ...Object.entries(options.mounts ?? {}).map(([path, other]) => [other, path] as const),
  ];
  const script = place(
    "enter",
    [
      "#!/bin/sh",
      "set -e",
      `hostname ${options.domain}`,
      ...mounts.map(([from, to]) => `mount --bind '${from}' '${to}'`),
      'exec sh -c "$1"',
      "",
    ].join("\n"),
    0o755,
  );
  return {
    async run(command, input = "") {
      const env = {
        HOME: "/root",
        USER: "root",
        LOGNAME: "root",
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        LANG: "C.UTF-8",
      };
      const child = spawn("unshare", ["--mount", "--uts", script, command], { env, cwd: "/" });
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { status: await ended, said: `${out}${err}` };
    },
  };
}
