import { firstToRead } from "./folder.ts";
import type { Folder } from "./session.ts";

/** Takes in what was delivered since; the first of it becomes current. @returns how many messages came */
export async function takeInNewMail(folder: Folder): Promise<number> {
  const before = folder.mailbox.count;
  const arrived = await folder.mailbox.poll();
  if (arrived > 0) {
    folder.current = firstToRead(folder, before + 1);
    folder.atStart = true;
  }
  return arrived;
}
