/** Completes the names of folders on a server (`+NAME`), if the `folder` variable contains a server's address. */
import { folderDirectory } from "../../config/paths.ts";
import { splitRawWords } from "../../config/words.ts";
import { MailError } from "../../errors.ts";
import { listFoldersOf } from "../../mailbox/open.ts";
import { isServerAddress } from "../../message/server-name.ts";
import type { Candidate, Offer } from "../../terminal/terminal.ts";
import { serverAccess } from "../session/access-options.ts";
import type { Session } from "../session/session.ts";

/** The time in milliseconds for which a list is reused, so that Tab responds immediately. */
const freshness = 60_000;
/** The time in milliseconds for which Tab waits for a server. */
const longestWait = 2000;

/**
 * Returns a function that completes the last word before the cursor. The function returns undefined if the word does
 * not name a folder on a server.
 */
export function folderCompleter(session: Session): (before: string) => Promise<Offer> | undefined {
  let known: { readonly directory: string; readonly listed: number; readonly names: readonly string[] } | undefined;
  const listNames = async (directory: string) => {
    if (known?.directory === directory && Date.now() - known.listed <= freshness) return known.names;
    const names = await listFolderNames(session, directory);
    if (names !== undefined) known = { directory, listed: Date.now(), names };
    return names ?? [];
  };
  return (before) => {
    const last = splitRawWords(before).at(-1);
    const directory = folderDirectory(session.config);
    if (last === undefined || last.start + last.typed.length !== before.length || !last.text.startsWith("+")) return;
    if (directory === undefined || !isServerAddress(directory)) return;
    return listNames(directory).then((names) => ({ start: last.start, candidates: matchNames(names, last.text) }));
  };
}

function matchNames(names: readonly string[], typed: string): Candidate[] {
  return names
    .map((name) => `+${name}`)
    .filter((name) => name.startsWith(typed))
    .map((name) => ({ text: encodeSpecial(name) }));
}

/**
 * Returns a name in a form that every command accepts. Special characters are percent-encoded, as in a server's
 * address.
 */
function encodeSpecial(name: string): string {
  return name.replace(/[\s"'\\%]/g, (character) => encodeURIComponent(character).replace("'", "%27"));
}

/**
 * Returns the names of the folders. If the server cannot be used, returns no names, because Tab must not print errors.
 * Returns undefined if the server has not responded in time, so that the next Tab asks again.
 */
async function listFolderNames(session: Session, directory: string): Promise<readonly string[] | undefined> {
  const signal = AbortSignal.timeout(longestWait);
  try {
    const folders = await listFoldersOf(directory, { accessServer: serverAccess(session), signal });
    return folders.map(({ name }) => name);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof MailError) return [];
    throw error;
  }
}
