/**
 * Implements `mail help TOPIC`, which prints a section of the manual or of the recipes, or the manual's text about a
 * command, variable, option or escape.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isUser } from "../config/identity.ts";
import { nearestWord } from "../config/nearest.ts";
import { Exit, MailError } from "../errors.ts";

export interface HelpTopic {
  readonly title: string;
  /** The manual page that contains the text, such as `mail(1)`, or `recipes`. */
  readonly page: string;
  readonly text: string;
}

/**
 * Returns whether the arguments are `help TOPIC`. If this machine has a user called help, both words are recipients.
 */
export function asksForHelp(argv: readonly string[]): boolean {
  return argv.length === 2 && argv[0] === "help" && !isUser("help");
}

/**
 * Returns a help topic.
 *
 * @param directory the directory that contains the programs and the help topics
 * @throws MailError if there is no such topic
 */
export function helpTopic(name: string, directory: string): HelpTopic {
  const topics = JSON.parse(gunzipSync(readFileSync(join(directory, "help.json.gz"))).toString()) as Record<
    string,
    HelpTopic
  >;
  const wanted = name.toLowerCase().replace(/[ _]+/g, "-");
  const names = Object.keys(topics);
  const found = topics[wanted] ?? topics[names.find((topic) => wanted.length > 2 && topic.startsWith(wanted)) ?? ""];
  if (found !== undefined) return found;
  const like = nearestWord(wanted, names);
  const hint = like === undefined ? "see mail(1)." : `did you mean ${like}?`;
  throw new MailError(
    `help ${name}: no such topic; ${hint} To write to a user called help: mail -- help ${name}`,
    Exit.Usage,
  );
}
