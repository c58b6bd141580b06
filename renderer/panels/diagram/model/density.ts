// Counts messages in blocks of events, for pictures in which one px has more events than it can show. Blocks of each level are four
// times as long as those of the level below, so any zoom needs about as many blocks as there are px. Pure.
import { grown } from './columns'

/** log2 of the events of a block at the finest level; each next level has four times as many. */
export const finestBits = 8
const levelBits = 2
export const levelCount = 6

/** Counts of a block for each lane: messages that cross the gap below it, heartbeats that cross it, messages to it that are lost, pings from it. */
export const perLane = 4
export const counted = { crossing: 0, beats: 1, lost: 2, pings: 3 } as const

export class Density {
  readonly lanes: number
  readonly #counts: Int32Array[]

  constructor(lanes: number) {
    this.lanes = lanes
    this.#counts = Array.from({ length: levelCount }, () => new Int32Array(64 * lanes * perLane))
  }

  /** Counts a sent message; `index` is the index of its event. */
  sent(index: number, from: number, to: number, isHeartbeat: boolean, isPing: boolean): void {
    const what = isHeartbeat ? counted.beats : counted.crossing
    const last = Math.max(from, to)
    for (let level = 0; level < levelCount; level++) {
      const counts = this.#room(level, index)
      const base = (index >> bitsOf(level)) * this.lanes * perLane
      for (let lane = Math.min(from, to); lane < last; lane++) counts[base + lane * perLane + what] = (counts[base + lane * perLane + what] as number) + 1
      if (isPing) counts[base + from * perLane + counted.pings] = (counts[base + from * perLane + counted.pings] as number) + 1
    }
  }

  /** Counts a lost message; `index` is the index of its sending. */
  lost(index: number, to: number): void {
    for (let level = 0; level < levelCount; level++) {
      const counts = this.#room(level, index)
      const at = ((index >> bitsOf(level)) * this.lanes + to) * perLane + counted.lost
      counts[at] = (counts[at] as number) + 1
    }
  }

  /** The coarsest level whose blocks are no longer than `events`; -1 if even the finest blocks are longer. */
  levelFor(events: number): number {
    for (let level = levelCount - 1; level >= 0; level--) if (1 << bitsOf(level) <= events) return level
    return -1
  }

  blockOf(level: number, index: number): number {
    return index >> bitsOf(level)
  }

  /** Number of events before a block. */
  firstIndex(level: number, block: number): number {
    return block << bitsOf(level)
  }

  count(level: number, block: number, lane: number, what: number): number {
    return this.#counts[level]?.[(block * this.lanes + lane) * perLane + what] ?? 0
  }

  #room(level: number, index: number): Int32Array {
    const counts = this.#counts[level] as Int32Array
    const needed = ((index >> bitsOf(level)) + 1) * this.lanes * perLane
    if (needed <= counts.length) return counts
    return this.#counts[level] = grown(counts, Math.max(needed, counts.length * 2))
  }
}

function bitsOf(level: number): number {
  return finestBits + levelBits * level
}
