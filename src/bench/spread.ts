// Median, minimum and maximum of the values of all rounds.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Takes values in any order; returns null for none. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((one, other) => one - other)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) return null
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? min
  return { median: sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? min) + upper) / 2, min, max }
}

/** Rounds to three significant digits, which is the precision of a few rounds; from 1000 on to whole numbers. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3))
}
