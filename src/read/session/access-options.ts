/**
 * Provides the options for opening mailboxes and for appending to mailboxes in a session. The mailboxes may be on
 * servers.
 */
import { storeOptions } from "../../config/paths.ts";
import type { AppendOptions } from "../../mailbox/append.ts";
import type { AccessServer } from "../../mailbox/server-access.ts";
import type { Session } from "./session.ts";

/** Returns the function that provides the settings and the login for a mailbox on a server. */
export function serverAccess({ config, terminal, logins }: Session): AccessServer {
  return async (address) => {
    const { accessServer } = await import("../../account/access-server.ts");
    return accessServer(config, terminal, await logins(), address);
  };
}

/** Returns the options for appending messages. @param signal aborts the append */
export function appendOptions(session: Session, signal?: AbortSignal): AppendOptions {
  return {
    ...storeOptions(session.config),
    accessServer: serverAccess(session),
    ...(signal === undefined ? {} : { signal }),
  };
}
