export interface MailboxOptions {
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
  /** Private directory for journals; made when first needed. */
  readonly stateDirectory: string;
  readonly readOnly?: boolean;
}
