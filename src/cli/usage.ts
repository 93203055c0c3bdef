/** How `mail` is called: what is shown to whoever calls it otherwise. */
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { type Option, options } from "./options.ts";

/** A command line that cannot be meant. Exit code 1 where bsd-mailx has the same complaint. */
export class UsageError extends MailError {
  override readonly plain = true;

  constructor(message: string, exit: ExitCode = Exit.Failure) {
    super(message, exit);
  }
}

/** Of an option, as usage and help show it. */
export function operand({ argument, optional, variadic }: Option): string {
  if (argument === undefined) return "";
  if (variadic === true) return ` <${argument}...>`;
  return optional === true ? ` [${argument}]` : ` <${argument}>`;
}

/** Returns the usage message, without a newline at its end. */
export function usage(): string {
  return `usage: mail [-dEiInv~] [-a header] [-A file] [-b bcc-addr] [-c cc-addr] [-q file]
            [-r from-addr] [-s subject] [-S name=value] to-addr ...
       mail [-dEinv] [-A file] [-S name=value] -t
       mail [-dEHIinNv] -f [name]
       mail [-deEHIinNv] [-u user]
       mail --run command ... [--if failed|output|changed|always] [-s subject] to-addr ...
       mail --json | --count | --print [-f name] [query]
${usesAlone()}
       mail help topic | --help`;
}

/** The options that are a use of their own, in lines of 80 columns. */
function usesAlone(): string {
  const uses = options.flatMap((option: Option) =>
    option.alone === undefined ? [] : [`--${option.long}${operand(option)} ${option.alone}`.trim()],
  );
  const lines = [""];
  for (const use of uses) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = `       mail ${use}`;
    else if (line.length + use.length > 76) lines.push(`       mail ${use}`);
    else lines[lines.length - 1] = `${line} | ${use}`;
  }
  return lines.join("\n");
}
