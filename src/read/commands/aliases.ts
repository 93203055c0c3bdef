/** The alias, group, unalias and alternates commands. */

import { UserMistake } from "../../errors.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import type { Session } from "../session/session.ts";

function formatAlias(name: string, members: readonly string[]): string {
  return `${name}\t ${[...members].reverse().join(" ")}\n`;
}

/**
 * Defines or prints an alias. As in bsd-mailx, an unknown name does not end the processing of a sourced file unless
 * errexit is set.
 */
function defineAlias({ config, terminal }: Session, [name, ...members]: readonly string[]): void {
  const { aliases } = config;
  if (name === undefined) {
    for (const known of [...aliases.keys()].sort()) terminal.out(formatAlias(known, aliases.get(known) ?? []));
  } else if (members.length > 0) aliases.set(name, [...(aliases.get(name) ?? []), ...members]);
  else if (aliases.has(name)) terminal.out(formatAlias(name, aliases.get(name) ?? []));
  else throw new UserMistake(`"${name}": not a group`, { isTolerated: true });
}

export const aliasCommands: readonly Command[] = [
  declareCommand({
    name: "alias",
    synonyms: ["group"],
    task: "session",
    takes: takesWords("[name [address ...]]"),
    summary: "Define an alias for addresses. With only a name, show that alias; with no arguments, show all aliases.",
    example: "alias admins ann ben@example.org",
    run: defineAlias,
  }),
  declareCommand({
    name: "unalias",
    task: "session",
    inFull: true,
    takes: takesWords("name ...", 1),
    summary: "Remove aliases.",
    example: "unalias admins",
    run: ({ config }, names) => {
      for (const name of names) config.aliases.delete(name);
    },
  }),
  declareCommand({
    name: "alternates",
    task: "session",
    takes: takesWords("[address ...]"),
    summary: "Declare your other addresses. With no arguments, list them.",
    example: "alternates ann@example.org",
    run: ({ config, terminal }, words) => {
      if (words.length > 0) config.alternates = [...words];
      else if (config.alternates.length > 0) terminal.out(`${config.alternates.map((own) => `${own} `).join("")}\n`);
    },
  }),
];
