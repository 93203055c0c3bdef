/** Provides the mailboxes for a program's tasks, in a separate home directory. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendMessages } from "../../src/mailbox/append.ts";
import { type Kind, makePlace, type Place } from "../act/support/boxes.ts";
import { type Ended, runMail } from "../run-mail.ts";

export interface Desk extends Pick<Place, "home" | "run" | "json"> {
  /** Returns the name of a mailbox in the form that -f and --move accept. */
  box(name: string): string;
  create(name: string, letters: readonly string[]): Promise<void>;
  deliver(name: string, text: string): Promise<void>;
  /** Starts the program; the test continues while it runs. */
  start(argv: readonly string[], input?: string): Promise<Ended>;
  /** Returns the messages that the program has sent. */
  sent(): string[];
}

/**
 * Returns a desk whose mailboxes are provided by the functions in `more`. Sent messages are passed to a program that
 * records them.
 */
export function makeDesk(place: Place, settings: string, more: Pick<Desk, "box" | "create" | "deliver">): Desk {
  const path = join(place.home, "sent");
  const mta = join(place.home, "mta");
  writeFileSync(mta, `#!/bin/sh\n{ cat; echo '--end--'; } >>'${path}'\n`, { mode: 0o755 });
  writeFileSync(join(place.home, ".mailrc"), `set mta=${mta}\nset drafts="${more.box("drafts")}"\n${settings}`);
  return {
    ...more,
    home: place.home,
    run: place.run,
    json: place.json,
    start: (argv, input) =>
      runMail(
        ["-n", ...argv],
        { PATH: process.env["PATH"], HOME: place.home, MAIL: join(place.home, "spool"), TZ: "UTC" },
        input,
      ),
    sent: () => (existsSync(path) ? readFileSync(path, "utf8").split("--end--\n").slice(0, -1) : []),
  };
}

/** Returns a desk whose mailboxes are files or Maildirs. */
export function makeLocalDesk(kind: Kind): Desk {
  const place = makePlace();
  return makeDesk(place, "", {
    box: (name) => join(place.home, name),
    create: async (name, letters) => place.create(kind, name, letters),
    deliver: async (name, text) => {
      if (kind === "Maildir") return place.deliver(kind, name, text);
      // Delivery agents lock an mbox.
      const form = `From ann@x.org Sat Jan 16 18:22:03 2021\n${text}\n`;
      await appendMessages(join(place.home, name), [[Buffer.from(form)]], { lockwait: 10 });
    },
  });
}
