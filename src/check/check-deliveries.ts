/** Checks the MTA's queue, and whether the log of deliveries can be read. */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { promisify } from "node:util";
import { adviceToRead } from "../groups.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

const run = promisify(execFile);
const programs = ["/usr/bin/mailq", "/usr/sbin/mailq"];

/** Checks how many messages are in the MTA's queue, as reported by mailq(1). */
export async function checkQueue(): Promise<Finding> {
  const about = "queue";
  const mailq = programs.find((path) => existsSync(path));
  if (mailq === undefined) return pass(about, "mailq is missing: no MTA has a queue on this machine");
  try {
    const { stdout } = await run(mailq, [], { timeout: 5000, maxBuffer: 64 << 20 });
    if (stdout.trim() === "" || /queue is empty/i.test(stdout)) return pass(about, "empty");
    const counted = /in (\d+) Request/i.exec(stdout)?.[1] ?? "some";
    return warn(
      about,
      `${counted} ${counted === "1" ? "message waits" : "messages wait"} to be delivered`,
      "mailq shows the reason; postqueue -f retries",
    );
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n")[0];
    return warn(
      about,
      `${mailq}: ${said || "it printed nothing"}`,
      "systemctl start postfix; systemctl status postfix",
    );
  }
}

/** Checks the log. @param path the value of the `maillog` variable */
export function checkLog(path: string, user: string): Finding {
  const about = "log";
  try {
    accessSync(path, constants.R_OK);
    return pass(about, `${path} can be read`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "EACCES") return warn(about, `${path}: ${strerror(error)}`, adviceToRead(path, user));
    if (existsSync("/run/systemd/journal"))
      return pass(about, "deliveries are in the journal: journalctl -t postfix/local");
    return fail(about, `${path}: ${strerror(error)}`, "apt-get install rsyslog, or set maillog=FILE");
  }
}
