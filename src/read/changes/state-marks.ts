/** The changes that commands, and actions such as `mail --delete`, make to a message's state. */
import { Flag } from "../../mailbox/mailbox.ts";

interface StateChange {
  /** Bits of Flag. */
  readonly set: number;
  readonly clear: number;
}

export const stateChanges = {
  delete: { set: Flag.Deleted, clear: Flag.Preserved | Flag.Saved | Flag.ToMbox },
  read: { set: Flag.Read | Flag.Touched | Flag.StatusChanged, clear: 0 },
  unread: { set: Flag.StatusChanged, clear: Flag.Read | Flag.Touched },
  flagged: { set: Flag.Flagged | Flag.StatusChanged, clear: Flag.Unflagged },
  unflagged: { set: Flag.Unflagged | Flag.StatusChanged, clear: Flag.Flagged },
  answered: { set: Flag.Answered | Flag.StatusChanged, clear: Flag.Unanswered },
  unanswered: { set: Flag.Unanswered | Flag.StatusChanged, clear: Flag.Answered },
  draft: { set: Flag.Draft | Flag.StatusChanged, clear: Flag.NotDraft },
  notDraft: { set: Flag.NotDraft | Flag.StatusChanged, clear: Flag.Draft },
} as const satisfies Record<string, StateChange>;
