/** Checks start-up files and variables: files that are not read, and variables that have no meaning. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { configRows } from "../config/list-config.ts";
import { nearestWord } from "../config/nearest.ts";
import { variables } from "../config/variables.ts";
import { isSystemError } from "../system-error.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

const about = "mailrc";

/** Checks the start-up file, and returns findings for it and for each unknown variable. */
export function checkConfiguration(config: Config): Finding[] {
  return [startUpFile(config), ...checkVariableNames(config)];
}

function startUpFile({ settings, identity }: Config): Finding {
  const path = settings.text("MAILRC") || join(identity.home, ".mailrc");
  try {
    const { mode, uid } = statSync(path);
    if ((mode & 0o022) !== 0)
      return fail(about, `${path}: other users can write to it, so it is not read`, `chmod go-w ${path}`);
    if (uid !== 0 && uid !== process.getuid?.()) {
      return fail(about, `${path} belongs to another user, so it is not read`, `chown ${identity.login} ${path}`);
    }
    return pass(about, `${path} is read`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return pass(about, `${path}: none`);
  }
}

function checkVariableNames(config: Config): Finding[] {
  const known = Object.keys(variables);
  return configRows(config)
    .filter(({ known: isKnown }) => !isKnown)
    .map(({ name, origin }) => {
      const like = nearestWord(name, known);
      const remedy =
        like === undefined ? "remove the line, unless another client reads the file" : `did you mean ${like}?`;
      return warn(about, `${origin}: "${name}" is not a variable of mail`, remedy);
    });
}
