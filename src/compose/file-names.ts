/** File names as escapes, record and recipients give them. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";

/** `~/x` is under the home directory, `+x` in the folder directory where there is one; anything else is as it stands. */
export function fileName(config: Config, typed: string): string {
  const { home } = config.identity;
  if (typed === "~") return home;
  if (typed.startsWith("~/")) return join(home, typed.slice(2));
  const folder = config.settings.get("folder") ?? "";
  if (!typed.startsWith("+") || folder === "") return typed;
  return join(folder.startsWith("/") ? folder : join(home, folder), typed.slice(1));
}
