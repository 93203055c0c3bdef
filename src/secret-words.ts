/** Finds and hides passwords on the command line, in the environment and in typed lines. */

/**
 * Matches the assignment of a password to a variable, such as `smtp-auth-password-USER@HOST=`. The assignment may be an
 * argument, follow -S, or be part of a command.
 */
const assignment = /((?:^|[\s"'=]|^-[A-Za-z~]*S)(?:(?:smtp-auth-)?password|oauth-client-secret)(?:-[^\s=]+)?=).+$/s;
/** The last @ ends the password, which may contain any character. */
const url = /(\b[a-z]+:\/\/[^\s:/]*:)\S+(?=@)/gi;

/** Returns the text with asterisks in place of passwords. */
export function hidePasswords(text: string): string {
  // Most arguments need neither of the two expressions, which take half a millisecond to compile.
  const hidden = /password|secret/.test(text) ? text.replace(assignment, "$1***") : text;
  return hidden.includes("://") && hidden.includes("@") ? hidden.replace(url, "$1***") : hidden;
}

/** Returns whether the text contains a password. */
export function containsPassword(text: string): boolean {
  return hidePasswords(text) !== text;
}

/**
 * Overwrites passwords in the arguments that the system shows to all users (`ps`, /proc/PID/cmdline). Setting the title
 * overwrites the memory that contains the arguments.
 */
export function hidePasswordArguments(): void {
  const [program = "", ...words] = process.argv;
  if (!words.some(containsPassword)) return;
  process.title = [program, ...words.map(hidePasswords)].join(" ");
}

/** Removes passwords from this process's environment, which its children inherit. */
export function removePasswordVariables(environment: Record<string, string | undefined>): void {
  for (const [name, value = ""] of Object.entries(environment)) {
    if (/^(?:(?:smtp-auth-)?password|oauth-client-secret)(?:-.+)?$/.test(name)) delete environment[name];
    else if (/^(?:mta|smtp|sendmail)$/.test(name))
      environment[name] = value.replace(url, (_all, start: string) => start.slice(0, -1));
  }
}
