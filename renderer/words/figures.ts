// Numbers and times as the window writes them. Pure.

/** 00:42.2, or 1:00:42.2 from an hour on. */
export function clockText(micros: number): string {
  const tenths = Math.floor(micros / 100_000)
  const seconds = Math.floor(tenths / 10)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}.${tenths % 10}`
  return hours === 0 ? rest : `${hours}:${rest}`
}

/** Cluster time in seconds with three digits: "42.216 s". */
export function secondsText(micros: number): string {
  return `${(micros / 1_000_000).toFixed(3)} s`
}

/** A number with thin spaces between thousands. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/** The width of a column of names, as CSS: wide enough for the longest. */
export function widthOfNames(nodes: readonly { readonly name: string }[]): string {
  return `${Math.max(26, 8 * Math.max(0, ...nodes.map(({ name }) => name.length)))}px`
}
