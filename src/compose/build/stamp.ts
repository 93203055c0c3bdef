/** The author of a message, and what makes it this one. */
import type { Identity } from "../../config/identity.ts";

/** The author of a message: identity and charset. */
export interface Author {
  readonly identity: Identity;
  /** What the user's bytes are that are not UTF-8 (config/charset.ts). */
  readonly charset: string | undefined;
}

/** What makes a message this one and no other. Made once, so that each copy of it carries the same. */
export interface Stamp {
  readonly date: Date;
  readonly messageId: string;
  readonly boundary: string;
}
