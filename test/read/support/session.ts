/** A session with a real mailbox in a temporary directory and a terminal that records its output. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../../src/config/config.ts";
import { Settings } from "../../../src/config/settings.ts";
import { UserMistake } from "../../../src/errors.ts";
import { decodeBytes } from "../../../src/message/text.ts";
import { UndoHistory } from "../../../src/read/changes/undo-history.ts";
import type { Folder, Session } from "../../../src/read/session/session.ts";
import type { Terminal } from "../../../src/terminal/terminal.ts";
import { type LocalMailbox, openLocal } from "../../mailbox/support/local-mailbox.ts";

export interface Bench extends Session {
  folder: Folder & { readonly mailbox: LocalMailbox };
  /** Returns the output since the previous call. */
  said(): string;
  remove(): Promise<void>;
}

export async function bench(mbox: string | Uint8Array, variables: Record<string, string> = {}): Promise<Bench> {
  const home = mkdtempSync(join(tmpdir(), "mail-read-"));
  const path = join(home, "spool");
  writeFileSync(path, mbox);
  const mailbox = await openLocal(path, { lockwait: 1, stateDirectory: join(home, "state") });
  let written = "";
  const terminal = {
    interactive: false,
    size: () => ({ rows: 24, columns: 80 }),
    out: (text: string | Uint8Array) => {
      written += typeof text === "string" ? text : decodeBytes(text);
    },
    err: () => {},
    onInterrupt: () => () => {},
    flush: async () => {},
    progress: () => () => {},
    lend: async (task: () => Promise<unknown>) => task(),
  } as unknown as Terminal;
  const selection = () => ({ ignored: new Set<string>(), retained: new Set<string>() });
  const config: Config = {
    settings: new Settings({ MBOX: join(home, "mbox"), ...variables }),
    aliases: new Map(),
    accounts: new Map(),
    alternates: [],
    shown: selection(),
    saved: selection(),
    identity: { user: "root", login: "root", fullName: "", home, mailName: "host.example" },
  };
  const folder: Folder = {
    mailbox,
    history: new UndoHistory(mailbox, join(home, "state")),
    name: path,
    system: true,
    current: 1,
    previous: undefined,
    atStart: true,
    screen: 1,
  };
  const session = { config, terminal, mode: "read", folder, sourcing: 0, composing: false, conditional: undefined };
  return Object.assign(session, {
    program: "mail",
    ending: undefined,
    said: () => {
      const text = written;
      written = "";
      return text;
    },
    remove: async () => {
      await mailbox.close();
      rmSync(home, { recursive: true, force: true });
    },
  }) as unknown as Bench;
}

export function message(sender: string, subject: string, status = ""): string {
  const field = status === "" ? "" : `Status: ${status}\n`;
  return `From ${sender} Sat Jan 16 18:22:03 2021\nFrom: ${sender}\nSubject: ${subject}\n${field}\nbody of ${subject}\n\n`;
}

/** Returns the error message for a user's mistake. @throws every other error */
export function lineOfMistake(error: unknown): string {
  if (error instanceof UserMistake) return error.message;
  throw error;
}
