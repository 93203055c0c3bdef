/** file, folder, folders, inc, source: which mailbox is open, and what else is read. */

import { spawn } from "node:child_process";
import { expandFileName, folderDirectory, systemMailbox } from "../../config/files.ts";
import { type Command, command } from "../command.ts";
import { openFolder, summary, systemFolder, tellNew } from "../folder.ts";
import { showHeaders } from "../header-window.ts";
import { takeInNewMail } from "../new-mail.ts";
import { leaveFolder } from "../quit.ts";
import type { Session } from "../session.ts";
import { takesNothing, takesWords } from "../takes.ts";

async function changeFolder(session: Session, [typed]: readonly string[]): Promise<boolean> {
  const { folder, terminal, config } = session;
  if (typed === undefined) {
    if (folder === undefined) return true;
    terminal.out(`${summary(folder)}\n`);
    tellNew(folder);
    return true;
  }
  const path = expandFileName(session, typed);
  if (path === undefined) return false;
  const system = path === systemMailbox(config) || /^%/.test(typed);
  const user = /^%(.+)/.exec(typed)?.[1];
  const next = await openFolder(session, system ? systemFolder(session, user) : { path, name: path, system });
  await leaveFolder(session);
  folder?.mailbox.close();
  session.folder = next;
  terminal.out(`${summary(next)}\n`);
  if (!config.settings.get("noheader")) showHeaders(session);
  return true;
}

const folderRow = (name: string, summaryText: string) =>
  command({
    name,
    takes: takesWords("[file]", 0, 1),
    summary: summaryText,
    example: `${name} +archive`,
    barred: ["sourcing", "sending"],
    run: changeFolder,
  });

async function listFolders(session: Session): Promise<boolean> {
  const { terminal, config } = session;
  const directory = folderDirectory(config);
  if (directory === undefined) {
    terminal.out('No value set for "folder"\n');
    return false;
  }
  await terminal.flush();
  await terminal.lend(
    () =>
      new Promise<void>((resolve) => {
        const child = spawn(config.settings.get("LISTER"), [directory], { stdio: "inherit" });
        child.on("error", () => resolve());
        child.on("close", () => resolve());
      }),
  );
  return true;
}

export const fileCommands: readonly Command[] = [
  folderRow("file", "Open another mailbox; alone, describe this one."),
  folderRow("folder", "The same as file."),
  command({
    name: "folders",
    inFull: true,
    takes: takesNothing,
    summary: "List the files of the folder directory.",
    example: "folders",
    run: listFolders,
  }),
  command({
    name: "inc",
    takes: takesNothing,
    summary: "Take in mail that has arrived since.",
    example: "inc",
    barred: ["sending"],
    run: async ({ folder, terminal }) => {
      if (folder === undefined) return;
      const arrived = await takeInNewMail(folder);
      terminal.out(arrived > 0 ? `${summary(folder)}\n` : "No new mail.\n");
    },
  }),
  command({
    name: "source",
    takes: takesWords("file", 1, 1),
    summary: "Run the commands of a file.",
    example: "source ~/.mailrc",
    run: async (session, [typed = ""]) => {
      const path = expandFileName(session, typed);
      if (path === undefined || session.source === undefined) return false;
      return session.source(path);
    },
  }),
];
