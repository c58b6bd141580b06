// How exports write numbers and times.

/** Cluster time in seconds with three digits: `12.345`. */
export function secondsText(at: number): string {
  return (at / 1_000_000).toFixed(3)
}
