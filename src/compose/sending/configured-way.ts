/** The transport that the variables name. */
import type { Config } from "../../config/config.ts";
import { Exit, MailError } from "../../errors.ts";
import { defaultWay, parseWay, type Way } from "../../submit/way.ts";

/**
 * Returns the transport that the variables `mta` and `sendmail` name.
 *
 * @throws MailError if the value is invalid
 */
export function readConfiguredWay({ settings }: Pick<Config, "settings">): Way {
  const mta = settings.find("mta");
  if (mta !== undefined) return parseWay(mta.value, mta.name);
  return parseWay(settings.text("sendmail") ?? defaultWay, "sendmail");
}

/**
 * Refuses to send if a variable is set that belongs to another client and has no equivalent in `mail`.
 *
 * @throws MailError that names the first such variable and the setting to use instead
 */
export function refuseUnsupported({ settings }: Pick<Config, "settings">): void {
  const [first] = settings.unsupported();
  if (first !== undefined) throw new MailError(`${first}; nothing was sent`, Exit.Config);
}
