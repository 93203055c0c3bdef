/** The usage message, and the error that is reported with it. */
import { type Option, options } from "./options.ts";

/** Returns the usage message without a trailing newline. */
export function formatUsage(): string {
  return `usage: mail [-dEFiInv~] [-a header] [-A file] [-b bcc-addr] [-c cc-addr]
            [-m file | -q file] [-M type | --html] [-r from-addr] [-s subject]
            [-S name=value] to-addr ...
       mail [-dEFinv] [-A file] [-S name=value] -t
       mail [-dEHIinNRv] [-L list] -f [name]
       mail [-deEHIinNRv] [-L list] [-u user]
       mail --run command ... [--if failed|output|changed|always] [-s subject] to-addr ...
       mail --json | --count | --print [-f name] [query]
${formatModes()}
       mail help topic | --help`;
}

/** Returns usage lines for the options that are used on their own, wrapped at 80 columns. */
function formatModes(): string {
  const uses = options.flatMap(({ synopsis }: Option) => synopsis ?? []);
  const lines = [""];
  for (const use of uses) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = `       mail ${use}`;
    else if (line.length + use.length > 76) lines.push(`       mail ${use}`);
    else lines[lines.length - 1] = `${line} | ${use}`;
  }
  return lines.join("\n");
}
