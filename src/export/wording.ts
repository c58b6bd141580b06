// Numbers and times as the exports word them.

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ' ')} ${count === 1 ? noun : plural}`
}

/** Cluster time in seconds with three digits: `12.345`. */
export function secondsText(at: number): string {
  return (at / 1_000_000).toFixed(3)
}
