/** The current message of a folder, and the marks that are set when a message is displayed. */

import { Flag } from "../../mailbox/mailbox.ts";
import { markMessage } from "../changes/mark.ts";
import { countPlaces, messageAt, placeOf } from "./display-order.ts";
import type { Folder } from "./session.ts";

/** Returns whether a message is marked as deleted, or another client has removed it. */
export function isDeleted({ mailbox }: Folder, message: number): boolean {
  return (mailbox.flags(message) & Flag.Deleted) !== 0 || mailbox.isGone?.(message) === true;
}

/**
 * Returns the current message if its deleted state equals `wantDeleted`. Otherwise, returns the next such message or,
 * if there is none, the previous one. Returns undefined if the mailbox contains no such message.
 */
export function nearestMessage(folder: Folder, wantDeleted: boolean): number | undefined {
  const here = Math.max(placeOf(folder, folder.current), 1);
  return findFromPlace(folder, here, 1, wantDeleted) ?? findFromPlace(folder, here - 1, -1, wantDeleted);
}

/**
 * Searches the list forwards or backwards from a position, and returns the first message that is deleted or undeleted,
 * as requested.
 */
export function findFromPlace(folder: Folder, start: number, by: 1 | -1, wantDeleted: boolean): number | undefined {
  const last = countPlaces(folder);
  for (let place = start; place >= 1 && place <= last; place += by) {
    const message = messageAt(folder, place);
    if (isDeleted(folder, message) === wantDeleted) return message;
  }
  return undefined;
}

/** Marks a message as read and touched; quit moves touched messages. */
export function showAsCurrent(folder: Folder, message: number): void {
  const unread = (folder.mailbox.flags(message) & Flag.Read) === 0;
  markMessage(folder, message, Flag.Touched | (unread ? Flag.Read | Flag.StatusChanged : 0));
}

/** Makes a message the current one. */
export function makeCurrent(folder: Folder, message: number): void {
  folder.current = message;
}
