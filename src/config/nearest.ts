/**
 * Returns the known word that is closest to a mistyped word, if their edit distance is at most two (one for short
 * words).
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = word.length > 4 ? 2 : 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > least) continue;
    const away = countEdits(word.toLowerCase(), candidate.toLowerCase());
    if (away > least || (away === least && best !== undefined)) continue;
    best = candidate;
    least = away;
  }
  return best;
}

/**
 * Returns the edit distance: the number of insertions, deletions, substitutions and swaps of neighbours (optimal
 * string alignment).
 */
function countEdits(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
