/** The list of campaigns. RELIABILITY.md states the guarantees that the campaigns test. */
import type { Campaign } from "./campaign.ts";
import { eio, enospc } from "./failing-calls.ts";
import { fuzzCommands, fuzzMailbox } from "./fuzz.ts";
import { killRandom, killSystematic } from "./kills.ts";
import { deliver, locks, twoReaders } from "./other-programs.ts";
import { sendmail, smtp } from "./sending.ts";
import { unsynced } from "./unsynced.ts";
import { fullDisk, unwritable } from "./unwritable.ts";

export const campaigns: readonly Campaign[] = [
  killSystematic,
  killRandom,
  enospc,
  eio,
  fullDisk,
  unwritable,
  deliver,
  locks,
  twoReaders,
  unsynced,
  smtp,
  sendmail,
  fuzzMailbox,
  fuzzCommands,
];
