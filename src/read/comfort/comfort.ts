/** The features that require a capable terminal. This module is loaded only on such a terminal. */
import { nearestWord } from "../../config/nearest.ts";
import { commands } from "../commands/command-table.ts";
import type { Session } from "../session/session.ts";
import { assistanceFor } from "./assistance.ts";
import { chooseFolder, chooseParts, editVariable } from "./choices.ts";
import { fitHeaderLine } from "./header-columns.ts";
import { newMailWatch } from "./new-mail-watch.ts";
import { helpOn } from "./task-help.ts";

/** Adds the terminal-only features to a session. */
export function makeComfortable(session: Session): void {
  const newMail = newMailWatch(session);
  const { config, terminal } = session;
  session.comfort = {
    headerLine: fitHeaderLine,
    likeCommand: (word) => {
      const names = commands.map(({ name }) => name).filter((name) => name.length > 2);
      return nearestWord(word, names);
    },
    likeVariable: (name) => nearestWord(name, config.settings.names()),
    help: (topic) => helpOn(topic, terminal.size().columns),
    newMail,
    chooseParts: (stored, message) => chooseParts(session, stored, message),
    chooseFolder: () => chooseFolder(session),
    editVariable: () => editVariable(session),
  };
  terminal.assist(assistanceFor(session, newMail));
}
