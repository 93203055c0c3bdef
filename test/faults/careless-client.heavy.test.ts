/** Tests that each campaign finds faults: every campaign must fail for a careless client. */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { campaigns } from "./campaigns.ts";
import { missingFor, playCampaign } from "./play-campaign.ts";

const client = [process.execPath, join(import.meta.dirname, "careless-client.cjs")];

/** For each campaign, a pattern that one of its findings must match. */
const finds: Readonly<Record<string, RegExp>> = {
  "kill-systematic": /is lost/,
  "kill-random": /is lost/,
  enospc: /exit code 0/,
  eio: /exit code 0/,
  "full-disk": /exit code 0/,
  unwritable: /exit code 0/,
  deliver: /is lost/,
  locks: /changed without its lock/,
  "two-readers": /message new-1 is lost/,
  smtp: /the text is lost/,
  sendmail: /the text is lost/,
  "fuzz-mailbox": /a stack trace/,
  "fuzz-commands": /a stack trace/,
  unsynced: /the spool is not synced after its last change/,
};

test.each(campaigns)("$name fails for a careless client", async (campaign) => {
  const missing = missingFor(campaign);
  if (missing.length > 0) {
    process.stderr.write(`left out: ${campaign.name} needs ${missing.join(", ")}\n`);
    return;
  }
  const { broken } = await playCampaign(campaign, client, 24);
  expect(broken.some((line) => finds[campaign.name]!.test(line)) ? [] : broken).toEqual([]);
  expect(broken).not.toEqual([]);
});
