/**
 * Returns the command that the mailcap variable assigns to a type. The variable has the form `type: command; type:
 * command`, modelled on mailcap(5) in RFC 1524.
 *
 * A type may end with `/*`. The first matching entry is used. A semicolon is a separator only if a type follows it.
 */
export function viewerOf(mailcap: string, type: string): string | undefined {
  for (const entry of mailcap.split(/[;\n][ \t]*(?=[\w*][\w.*+-]*\/[\w.*+-]+[ \t]*:)/)) {
    const [, pattern, command] = /^\s*([\w*][\w.*+-]*\/[\w.*+-]+)[ \t]*:[ \t]*(.*?)[; \t\n]*$/s.exec(entry) ?? [];
    if (pattern === undefined || command === undefined || command === "") continue;
    const wanted = pattern.toLowerCase();
    if (wanted === type || wanted === "*/*" || (wanted.endsWith("/*") && type.startsWith(wanted.slice(0, -1))))
      return command;
  }
  return undefined;
}
