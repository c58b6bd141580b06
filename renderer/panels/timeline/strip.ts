// The shapes of the time line: the throughput area, round time ticks, and glyphs that do not overlap. Pure.
import type { SeriesPoint } from '../../stores/series'

/** A closed path in a box of `width` by `height`; empty if no operation returned. */
export function areaPath(points: readonly SeriesPoint[], endSeconds: number, width: number, height: number): string {
  const highest = Math.max(1, ...points.map((point) => point.rate))
  if (points.length === 0 || points.every((point) => point.rate === 0)) return ''
  const x = (seconds: number): string => (Math.min(1, seconds / endSeconds) * width).toFixed(1)
  const y = (rate: number): string => (height - rate / highest * height).toFixed(1)
  const step = (points[1]?.at ?? 1) - (points[0]?.at ?? 0)
  // Steps and not slopes, because a rate is constant over its bucket.
  const tops = points.map((point) => `L${x(point.at)} ${y(point.rate)}L${x(point.at + step)} ${y(point.rate)}`)
  return `M0 ${height}${tops.join('')}L${x((points.at(-1)?.at ?? 0) + step)} ${height}Z`
}

/** Round times from 0 to the end, in seconds, with at most `most` steps. */
export function niceTicks(endSeconds: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200]
  const step = steps.find((candidate) => endSeconds / candidate <= most) ?? Math.ceil(endSeconds / most / 3600) * 3600
  return Array.from({ length: Math.floor(endSeconds / step) + 1 }, (_, index) => index * step)
}

/** Items with their x; of two that would be closer than `apart`, the later one is kept. */
export function spread<Item>(items: readonly Item[], xOf: (item: Item) => number, apart: number): { item: Item; x: number }[] {
  const kept: { item: Item; x: number }[] = []
  for (const item of items) {
    const x = xOf(item)
    if (kept.length > 0 && x - (kept.at(-1)?.x ?? -Infinity) < apart) kept.pop()
    kept.push({ item, x })
  }
  return kept
}
