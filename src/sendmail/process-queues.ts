/**
 * Lists the queues (mailq, -bp) and attempts delivery of their messages (-q). The queues are the caller's or, for root,
 * every user's.
 */
import { flushQueue, listQueue } from "../compose/sending/flush.ts";
import type { QueuePlaces } from "../compose/sending/queue-place.ts";
import { Submission } from "../compose/sending/submission.ts";
import { Exit, type ExitCode } from "../errors.ts";
import { Queue } from "../submit/queue.ts";
import { otherOwners, runForOwners } from "./owners.ts";
import type { SendmailContext } from "./submit-message.ts";

/**
 * Processes the caller's queues. Root then runs a separate process for each other owner, with only that owner's rights.
 */
export async function processQueues(
  { config, terminal, queues, self }: SendmailContext,
  mode: "flush" | "list",
  spool: string,
): Promise<ExitCode> {
  const owners = process.geteuid?.() === 0 ? otherOwners(spool) : [];
  const options = { program: "sendmail", queues } as const;
  let own: ExitCode = Exit.Ok;
  if (mode === "flush") {
    const submission = new Submission(config, terminal, { ...options, recipients: "arguments" });
    try {
      own = await flushQueue({ config, terminal, submission }, options);
    } finally {
      await submission.close();
    }
  } else if (owners.length === 0 || !isEmpty(queues)) own = listQueue({ config, terminal }, options);
  await terminal.flush();
  const report = (line: string) => terminal.err(`sendmail: ${line}\n`);
  const others = await runForOwners(owners, [mode === "flush" ? "-q" : "-bp"], { self, spool, report });
  return own === Exit.Ok || (own === Exit.TempFail && others !== Exit.Ok) ? others : own;
}

function isEmpty(queues: QueuePlaces): boolean {
  return queues.list().every(({ directory }) => new Queue(directory).entries().length === 0);
}
