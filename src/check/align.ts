// Aligns two recordings row by row. Each lane (the steps of a node, the traffic of a link) is compared in its own order: how processes
// interleave is chance that no node can see. Rows follow the first recording; each lane of the second keeps its own order.
// Where lanes differ, it searches up to `reachMax` events ahead for the nearest place from which both continue alike.
import type { Digests } from './event-digests'

export const rowStates = ['alike', 'differs', 'only-first', 'only-second'] as const
/** `differs`: both events have the same shape but different contents, or they stand in the same place of a lane. */
export type RowState = (typeof rowStates)[number]

/** The first difference of a lane: its event in each recording, 0 where a recording has none. */
export interface LaneDifference {
  readonly lane: string
  readonly first: number
  readonly second: number
}

export interface Alignment {
  /** For each row, the seq of the event of either recording; 0: none. */
  readonly first: Int32Array
  readonly second: Int32Array
  /** Index into `rowStates`. */
  readonly states: Uint8Array
  /** The rows at which a run of differences begins, in order. */
  readonly differences: Int32Array
  /** In row order. */
  readonly lanes: readonly LaneDifference[]
  /** How many events of each recording were left out as heartbeats. */
  readonly leftOut: { readonly first: number; readonly second: number }
}

export interface AlignOptions {
  /** Whether heartbeats are compared. They depend on clocks, so two runs of one program never have the same ones. */
  readonly heartbeats: boolean
}

/** How many events of a lane past a difference are searched for the place where both lanes continue alike. */
const reachMax = 4096
const reachFirst = 8
/** This many events in a row must have equal shapes for a place to count as a match. */
const believed = 3

export function align(a: Digests, b: Digests, options: AlignOptions): Alignment {
  const [ofA, ofB] = [eventsByLane(a, options), eventsByLane(b, options)]
  /** For each event of a recording, its partner in the other; 0: none. */
  const partnerOfA = new Int32Array(a.beats.length + 1)
  const partnerOfB = new Int32Array(b.beats.length + 1)
  const differing: LaneDifference[] = []
  for (const lane of new Set([...ofA.lanes.keys(), ...ofB.lanes.keys()])) {
    const [eventsA, eventsB] = [ofA.lanes.get(lane) ?? none, ofB.lanes.get(lane) ?? none]
    pairLane({ digests: a, events: eventsA }, { digests: b, events: eventsB }, partnerOfA, partnerOfB)
    const difference = firstDifference(a, b, eventsA, eventsB, partnerOfA)
    if (difference !== null) differing.push({ lane, ...difference })
  }
  const rows = new Rows(a, b)
  mergeRows(rows, ofA.all, ofB.all, partnerOfA, partnerOfB, laneBefore(b, ofB.lanes))
  const done = rows.done()
  return { ...done, lanes: inOrderOfRows(differing, done), leftOut: { first: a.beats.length - ofA.all.length, second: b.beats.length - ofB.all.length } }
}

const none = new Int32Array(0)

// ---- one lane

interface LaneEvents {
  readonly all: Int32Array
  readonly lanes: ReadonlyMap<string, Int32Array>
}

/** The seqs of a recording's events in order, and those of each lane by lane name. */
function eventsByLane({ lanes, beats, laneNames }: Digests, { heartbeats }: AlignOptions): LaneEvents {
  const isIn = (index: number): boolean => heartbeats || beats[index] === 0
  const counts = new Uint32Array(laneNames.length)
  let count = 0
  for (let index = 0; index < beats.length; index++) {
    if (!isIn(index)) continue
    counts[lanes[index] as number]!++
    count++
  }
  const found = [...counts].map((size) => new Int32Array(size))
  const filled = new Uint32Array(laneNames.length)
  const all = new Int32Array(count)
  let at = 0
  for (let index = 0; index < beats.length; index++) {
    if (!isIn(index)) continue
    const lane = lanes[index] as number
    ;(found[lane] as Int32Array)[filled[lane]!++] = all[at++] = index + 1
  }
  return { all, lanes: new Map(laneNames.map((name, lane): [string, Int32Array] => [name, found[lane] as Int32Array]).filter(([, events]) => events.length > 0)) }
}

interface Lane {
  readonly digests: Digests
  /** Seqs, in order. */
  readonly events: Int32Array
}

function shapeAt({ digests, events }: Lane, at: number): number {
  // All places beyond the end have the same shape, so the ends of two lanes match each other.
  return at < events.length ? digests.shapes[(events[at] as number) - 1] as number : -1
}

function pairLane(a: Lane, b: Lane, partnerOfA: Int32Array, partnerOfB: Int32Array): void {
  let [i, j] = [0, 0]
  while (i < a.events.length && j < b.events.length) {
    if (shapeAt(a, i) !== shapeAt(b, j)) {
      [i, j] = meetingPlace(a, b, i, j)
      continue
    }
    const [one, other] = [a.events[i++] as number, b.events[j++] as number]
    partnerOfA[one] = other
    partnerOfB[other] = one
  }
}

/** The nearest places from which both lanes continue alike; if there are none within reach, both places just past the reach. */
function meetingPlace(a: Lane, b: Lane, i: number, j: number): [number, number] {
  for (let reach = reachFirst; reach <= reachMax; reach *= 8) {
    const found = meetWithin(a, b, i, j, reach)
    if (found !== undefined) return found
  }
  return [i + reachMax, j + reachMax]
}

function meetWithin(a: Lane, b: Lane, i: number, j: number, reach: number): [number, number] | undefined {
  /** The nearest place of each stretch of the second lane. */
  const places = new Map<number, number>()
  for (let at = Math.min(j + reach, b.events.length); at >= j; at--) places.set(stretchAt(b, at), at)
  let best: [number, number] | undefined
  let distance = Infinity
  for (let at = i; at <= Math.min(i + reach, a.events.length) && at - i < distance; at++) {
    const other = places.get(stretchAt(a, at))
    if (other === undefined || at - i + other - j >= distance || !goOnAlike(a, b, at, other)) continue
    best = [at, other]
    distance = at - i + other - j
  }
  return best
}

/** A hash of the next few events of a lane; different events may share it. */
function stretchAt(lane: Lane, at: number): number {
  let number = 0
  for (let ahead = 0; ahead < believed; ahead++) number = Math.imul(number, 31) + shapeAt(lane, at + ahead) | 0
  return number
}

function goOnAlike(a: Lane, b: Lane, i: number, j: number): boolean {
  for (let ahead = 0; ahead < believed; ahead++) if (shapeAt(a, i + ahead) !== shapeAt(b, j + ahead)) return false
  return true
}

function firstDifference(a: Digests, b: Digests, eventsA: Int32Array, eventsB: Int32Array, partnerOfA: Int32Array): { first: number; second: number } | null {
  const shorter = Math.min(eventsA.length, eventsB.length)
  for (let at = 0; at < shorter; at++) {
    const [one, other] = [eventsA[at] as number, eventsB[at] as number]
    if (partnerOfA[one] !== other || a.wholes[one - 1] !== b.wholes[other - 1]) return { first: one, second: other }
  }
  return eventsA.length === eventsB.length ? null : { first: eventsA[shorter] ?? 0, second: eventsB[shorter] ?? 0 }
}

/** For each event of a recording, the one before it in its lane; 0: it is the first. */
function laneBefore({ beats }: Digests, lanes: ReadonlyMap<string, Int32Array>): Int32Array {
  const before = new Int32Array(beats.length + 1)
  for (const events of lanes.values()) for (let at = 1; at < events.length; at++) before[events[at] as number] = events[at - 1] as number
  return before
}

// ---- rows

/**
 * Rows in the order of the first recording. An event that only the second recording has is placed as early as possible: after its
 * predecessor in its lane, and after what precedes it in the second recording. So every lane keeps its order and neighbours stay together.
 */
function mergeRows(rows: Rows, allA: Int32Array, allB: Int32Array, partnerOfA: Int32Array, partnerOfB: Int32Array, before: Int32Array): void {
  /** For events that only the second recording has: the index in `allA` before which they are placed. */
  const dueAt = dueTimes(allA, allB, partnerOfA, partnerOfB, before)
  const alone = allB.filter((seq) => partnerOfB[seq] === 0).sort((one, other) => (dueAt[one] as number) - (dueAt[other] as number) || one - other)
  let next = 0
  for (let at = 0; at <= allA.length; at++) {
    for (; next < alone.length && dueAt[alone[next] as number] === at; next++) rows.onlySecond(alone[next] as number)
    if (at === allA.length) break
    const seq = allA[at] as number
    const partner = partnerOfA[seq] as number
    if (partner === 0) rows.onlyFirst(seq)
    else rows.pair(seq, partner)
  }
}

function dueTimes(allA: Int32Array, allB: Int32Array, partnerOfA: Int32Array, partnerOfB: Int32Array, before: Int32Array): Int32Array {
  const indexInA = new Int32Array(partnerOfA.length)
  for (let at = 0; at < allA.length; at++) indexInA[allA[at] as number] = at
  const due = new Int32Array(partnerOfB.length)
  /** For each event of the second recording: the index in `allA` after which it has been placed. */
  const cameAt = new Int32Array(partnerOfB.length)
  // The first row that shows a later event of the second recording; an unpaired event may wait until there.
  let at = 0
  for (const seq of allB) {
    const partner = partnerOfB[seq] as number
    if (partner !== 0) {
      cameAt[seq] = (indexInA[partner] as number) + 1
      continue
    }
    while (at < allA.length && (partnerOfA[allA[at] as number] as number) < seq) at++
    due[seq] = cameAt[seq] = Math.max(at, cameAt[before[seq] as number] as number)
  }
  return due
}

/** Collects rows. Unpaired events of both recordings between two pairs are shown side by side. */
class Rows {
  readonly #a: Digests
  readonly #b: Digests
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #states: Uint8Array
  #count = 0
  #aloneA: number[] = []
  #aloneB: number[] = []

  constructor(a: Digests, b: Digests) {
    this.#a = a
    this.#b = b
    const most = a.beats.length + b.beats.length
    this.#first = new Int32Array(most)
    this.#second = new Int32Array(most)
    this.#states = new Uint8Array(most)
  }

  onlyFirst(seq: number): void {
    this.#aloneA.push(seq)
  }

  onlySecond(seq: number): void {
    this.#aloneB.push(seq)
  }

  pair(one: number, other: number): void {
    this.#settle()
    this.#add(one, other, this.#a.wholes[one - 1] === this.#b.wholes[other - 1] ? 'alike' : 'differs')
  }

  done(): Omit<Alignment, 'lanes' | 'leftOut'> {
    this.#settle()
    const states = this.#states.slice(0, this.#count)
    const differences: number[] = []
    for (let row = 0; row < states.length; row++) if (states[row] !== 0 && (row === 0 || states[row - 1] === 0)) differences.push(row)
    return { first: this.#first.slice(0, this.#count), second: this.#second.slice(0, this.#count), states, differences: Int32Array.from(differences) }
  }

  #settle(): void {
    const [one, other] = [this.#aloneA, this.#aloneB]
    if (one.length === 0 && other.length === 0) return
    for (let at = 0; at < Math.max(one.length, other.length); at++) {
      const [a = 0, b = 0] = [one[at], other[at]]
      this.#add(a, b, b === 0 ? 'only-first' : a === 0 ? 'only-second' : 'differs')
    }
    this.#aloneA = []
    this.#aloneB = []
  }

  #add(one: number, other: number, state: RowState): void {
    this.#first[this.#count] = one
    this.#second[this.#count] = other
    this.#states[this.#count++] = rowStates.indexOf(state)
  }
}

function inOrderOfRows(lanes: readonly LaneDifference[], { first, second }: Pick<Alignment, 'first' | 'second'>): LaneDifference[] {
  const ofFirst = new Map(lanes.map((lane) => [lane.first, lane]))
  const ofSecond = new Map(lanes.map((lane) => [lane.second, lane]))
  ofFirst.delete(0)
  ofSecond.delete(0)
  const ordered = new Set<LaneDifference>()
  for (let row = 0; row < first.length && ordered.size < lanes.length; row++) {
    for (const lane of [ofFirst.get(first[row] as number), ofSecond.get(second[row] as number)]) if (lane) ordered.add(lane)
  }
  return [...ordered]
}
