/** Determines the charset of the user's input if it is not UTF-8. */
import type { Config } from "./config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the value of `ttycharset` or, if that is not set, the locale's charset; undefined for UTF-8, ASCII and an
 * unknown locale.
 */
export function ttyCharset(
  config: Pick<Config, "settings">,
  environment: Environment = process.env,
): string | undefined {
  const named = config.settings.text("ttycharset");
  return ignoreUtf8(named !== undefined && named !== "" ? named : codesetOf(environment));
}

/** Returns whether `ttycharset` or, if that is not set, the locale names UTF-8. The C locale does not name UTF-8. */
export function isUtf8Locale(config: Pick<Config, "settings">, environment: Environment = process.env): boolean {
  return /^utf-?8$/i.test(config.settings.text("ttycharset") || codesetOf(environment));
}

/** Returns the charset in a glibc locale name, such as `de_DE.ISO-8859-1`, `ru_RU.KOI8-R` or `de_DE@euro`. */
function codesetOf({ LC_ALL, LC_CTYPE, LANG }: Environment): string {
  const locale = LC_ALL || LC_CTYPE || LANG || "C";
  const [, codeset, modifier] = /^[^.@]*(?:\.([^@]*))?(?:@(.*))?$/.exec(locale) ?? [];
  if (codeset !== undefined && codeset !== "") return codeset;
  return modifier === "euro" ? "ISO-8859-15" : "";
}

function ignoreUtf8(name: string): string | undefined {
  const bare = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (bare === "" || bare === "utf8" || bare === "usascii" || bare === "ascii" || bare === "ansix341968")
    return undefined;
  const latin = /^iso8859(\d{1,2})$/.exec(bare)?.[1];
  if (latin !== undefined) return `ISO-8859-${latin}`;
  // The name becomes part of a header field, so it must be a valid charset name (RFC 2978, section 2.3).
  return /^[A-Za-z0-9!#$%&'+^_`{}~.:-]{1,40}$/.test(name) ? name.toUpperCase() : undefined;
}
