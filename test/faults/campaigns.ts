/** The table of campaigns. RELIABILITY.md names what they prove. */
import type { Campaign } from "./campaign.ts";
import { eio, enospc } from "./failing-calls.ts";
import { killRandom, killSystematic } from "./kills.ts";
import { unsynced } from "./unsynced.ts";

export const campaigns: readonly Campaign[] = [killSystematic, killRandom, enospc, eio, unsynced];
