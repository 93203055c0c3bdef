/** Distinguishes permanent from temporary failures of local deliveries, as Postfix local(8) does. */
import { closeSync } from "node:fs";
import { addPathToError, isSystemError } from "../system-error.ts";
import { meansMaildir } from "./maildir-path.ts";
import type { Rights } from "./rights.ts";
import { accessSpool, openSpool, refuseSpool, SpoolRefused } from "./spool.ts";

/**
 * If a mailbox cannot be opened, created or locked because of one of these errors, Postfix returns the message to its
 * sender.
 */
const permanent = new Set(["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENXIO"]);
const storageFull = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function systemCode(error: unknown): string | undefined {
  const found = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return isSystemError(found) ? found.code : undefined;
}

/** Returns whether another delivery attempt would also fail. */
export function isPermanentFailure(error: unknown): boolean {
  if (error instanceof SpoolRefused) return error.isPermanent;
  return permanent.has(systemCode(error) ?? "");
}

/** Returns the error with which a delivery by root would fail now; undefined if no error is expected. */
export function findDeliveryFailure(spool: string, recipient: Rights): unknown {
  const refusal = refuseSpool(spool, recipient);
  if (refusal !== undefined || meansMaildir(spool)) return refusal;
  try {
    const opened = openSpool(spool, accessSpool(spool, recipient));
    if (opened !== undefined) closeSync(opened.descriptor);
    return undefined;
  } catch (error) {
    return addPathToError(spool, error);
  }
}

/** Returns whether an error means that the disk is full or the quota is exhausted. */
export function isStorageFull(error: unknown): boolean {
  return storageFull.has(systemCode(error) ?? "");
}
