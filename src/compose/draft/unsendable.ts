import { type ExitCode, MailError } from "../../errors.ts";

/** A draft that cannot go out as it is; nothing was submitted. */
export class Unsendable extends MailError {
  /** Said on standard output without the program's name, as bsd-mailx does. */
  readonly quiet: boolean;

  constructor(message: string, exit: ExitCode, options: { quiet: boolean } = { quiet: false }) {
    super(message, exit);
    this.quiet = options.quiet;
  }
}
