// Finds the known word that a mistyped word most likely means. Pure.

/**
 * The first known word that starts with the given one (from three letters on). Otherwise the word with the smallest edit distance, at most a third
 * of its length (and at least 1); undefined if none is that near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const begins = known.find((each) => word.length >= 3 && each.startsWith(word))
  if (begins !== undefined) return begins
  const [best] = known.map((each) => ({ each, distance: distanceOf(word.slice(0, 40), each) })).sort((one, other) => one.distance - other.distance)
  return best && best.distance <= Math.max(1, Math.floor(best.each.length / 3)) ? best.each : undefined
}

/** The edit distance: insertions, deletions, substitutions, and swaps of neighbours. */
function distanceOf(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0
  for (let i = 1; i <= one.length; i++) {
    rows.push([i])
    for (let j = 1; j <= other.length; j++) {
      const change = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1)
      const swap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap))
    }
  }
  return at(one.length, other.length)
}
