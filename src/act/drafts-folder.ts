/** Determines the folder in which drafts are stored. */
import { resolve } from "node:path";
import { expandFileName } from "../config/paths.ts";
import { isServerAddress } from "../message/server-name.ts";
import type { FolderName } from "../read/folder/open-folder.ts";
import { folderNamed } from "../read/folder/open-folder.ts";
import type { Session } from "../read/session/session.ts";

/**
 * Returns the folder specified by the `drafts` variable.
 *
 * @throws UserMistake if the name does not expand to one file
 */
export function nameDraftsFolder(session: Session): FolderName {
  const typed = session.config.settings.text("drafts") || "~/drafts";
  const expanded = expandFileName(session, typed);
  return folderNamed(typed, isServerAddress(expanded) ? expanded : resolve(expanded));
}
