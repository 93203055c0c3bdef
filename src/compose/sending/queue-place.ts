/** The locations of a program's queues. */
import type { Config } from "../../config/config.ts";
import { deadLetterPath, queueDirectory } from "../../config/paths.ts";

/** A directory of queued messages, and the file that receives abandoned messages. */
export interface QueuePlace {
  readonly directory: string;
  readonly deadLetter: string;
}

/** The queues that a program uses. */
export interface QueuePlaces {
  /** Returns the queues that may contain messages. */
  list(): readonly QueuePlace[];
  /** Returns the queue for a new message. @throws MailError if the queue cannot be created */
  choose(): QueuePlace;
}

/** Returns the queue of `mail`, which is in the user's state directory. */
export function ownQueue(config: Config): QueuePlaces {
  const place = () => ({ directory: queueDirectory(config), deadLetter: deadLetterPath(config) });
  return { list: () => [place()], choose: place };
}

/** The programs that queue messages. */
export type QueueingProgram = "mail" | "sendmail";

/** Returns the command that attempts to deliver the messages in a program's queue. */
export function flushCommand(program: QueueingProgram): string {
  return program === "mail" ? "mail --flush" : "sendmail -q";
}
