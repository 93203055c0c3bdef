/** The ways to read without a session: --json, --count and --print, whose words are a query. */

interface Said {
  readonly json: boolean;
  readonly check: boolean;
  readonly count: boolean;
  readonly print: boolean;
}

export function isListing(said: Said): boolean {
  return said.count || said.print || (said.json && !said.check);
}

/** The words with the one that stands behind -f in front: `--print 3 -f box` is `--print -f box 3`. */
export function fileFirst(argv: readonly string[], words: readonly string[]): readonly string[] {
  const option = argv.findIndex((word) => /^(?:-[A-Za-z~]*f|--file)$/.test(word));
  const file = option < 0 ? undefined : argv[option + 1];
  const at = file === undefined || (file !== "-" && file.startsWith("-")) ? -1 : words.indexOf(file);
  return at <= 0 ? words : [words[at] as string, ...words.slice(0, at), ...words.slice(at + 1)];
}
