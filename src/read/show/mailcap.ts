/**
 * Which program shows what: the variable mailcap, `type: command; type: command`, as mailcap(5) of RFC 1524 in one line.
 *
 * A type may end with `/*`. The first that fits counts. A semicolon separates only where a type follows it.
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
