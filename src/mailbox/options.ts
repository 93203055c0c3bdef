/** Told now and then while much is read or written. @param done and total in bytes */
export type Progress = (done: number, total: number) => void;

export interface MailboxOptions {
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
  /** Private directory for journals; made when first needed. */
  readonly stateDirectory: string;
  /** Private directory for indexes of large mailboxes, which make opening them again cheap. Without it there are none. */
  readonly cacheDirectory?: string | undefined;
  readonly readOnly?: boolean;
  /** Nobody reads the mail now: the time of last access stays, by which shells tell that there is mail to be read. */
  readonly unnoticed?: boolean;
  /** A file without messages is refused if it has other contents. Without it, such a file has no messages, as in bsd-mailx. */
  readonly mustBeMailbox?: boolean;
  readonly onProgress?: Progress | undefined;
  /** Ends opening, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
