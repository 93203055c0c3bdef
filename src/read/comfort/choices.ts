/** Lists from which the user chooses a folder, a variable or parts of a message. */

import { folderDirectory, mboxPath, systemMailbox } from "../../config/paths.ts";
import { variables } from "../../config/variables.ts";
import { listNames } from "../../file-stats.ts";
import type { StoredMessages } from "../../mailbox/mailbox.ts";
import { pushAll } from "../../message/lists.ts";
import type { Choice } from "../../terminal/terminal.ts";
import type { Session } from "../session/session.ts";
import { viewStoredBytes } from "../show/print-decoded.ts";

/** The maximum number of folders through which a user can scroll conveniently. */
const mostFolders = 500;

/**
 * Lets the user choose a folder. Returns the name that a user would type for the folder, or undefined if the user chose
 * none.
 */
export async function chooseFolder(session: Session): Promise<string | undefined> {
  const { config, folder, terminal } = session;
  const choices: Choice[] = [
    { name: "%", hint: `new mail, ${systemMailbox(config)}` },
    { name: "&", hint: `mail that was read, ${mboxPath(config)}` },
  ];
  if (folder?.previous !== undefined) choices.push({ name: "#", hint: `the one before, ${folder.previous}` });
  pushAll(
    choices,
    folderNames(folderDirectory(config)).map((name) => ({ name: `+${name}` })),
  );
  return await terminal.choose("Which folder", choices);
}

/** Returns the names in the folder directory, sorted. */
export function folderNames(directory: string | undefined): readonly string[] {
  if (directory === undefined) return [];
  return listNames(directory)
    .filter((name) => !name.startsWith("."))
    .sort()
    .slice(0, mostFolders);
}

/**
 * Lets the user choose and set a variable. Returns an argument for `set` (name, name=value or noname), or undefined if
 * the user chose none.
 */
export async function editVariable({ config, terminal }: Session): Promise<string | undefined> {
  const { settings } = config;
  const choices = Object.entries(variables).map(([name, { meaning }]) => {
    const value = settings.text(name);
    const shown = value === undefined ? "" : value === "" ? "is set. " : `= ${value}. `;
    return { name, hint: `${shown}${meaning}` };
  });
  const name = await terminal.choose("Which variable", choices);
  const row = Object.entries(variables).find(([known]) => known === name)?.[1];
  if (name === undefined || row === undefined) return undefined;
  if (row.value === "") return (await terminal.confirm(`Set ${name}`)) ? name : `no${name}`;
  const answer = await terminal.editLine(`${name}=`, settings.text(name) ?? "");
  return answer.kind === "line" ? `${name}=${answer.text}` : undefined;
}

/**
 * Lets the user choose parts. Returns the numbers of these parts in the form that -p accepts, or undefined if the user
 * chose none.
 */
export async function chooseParts(
  { terminal }: Session,
  stored: StoredMessages,
  message: number,
): Promise<string | undefined> {
  const { listLeaves, readParts } = await import("../../message/view/part.ts");
  const { root } = await readParts(viewStoredBytes(stored, message));
  const choices = listLeaves(root).map(({ number, type, name }) => ({
    name: number,
    hint: name === undefined ? type : `${name}, ${type}`,
  }));
  const chosen = await terminal.chooseSeveral(`Which parts of message ${message}`, choices);
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.join(",");
}
