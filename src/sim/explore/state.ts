// One state of the whole cluster: the locals, the messages in flight, and how much may still go wrong. As a row of numbers it can be kept and
// passed to workers.
import type { Local, Mail } from './locals'
import type { ExploreBounds } from './plan'

/** How often each may still happen on this path, at most 7. */
export interface Budget {
  readonly crashes: number
  readonly restarts: number
  readonly losses: number
  readonly duplicates: number
}

export interface State {
  /** By the nodes' indexes. */
  readonly locals: Local[]
  /** No two alike. */
  readonly mails: Mail[]
  budget: number
}

/** The first bit of each count in the budget's number. */
const places = { crashes: 0, restarts: 3, losses: 6, duplicates: 9 } as const

export function budgetOf({ crashes, restarts, losses, duplicates }: ExploreBounds): number {
  return crashes << places.crashes | restarts << places.restarts | losses << places.losses | duplicates << places.duplicates
}

export function left(budget: number, of: keyof Budget): number {
  return budget >> places[of] & 7
}

/** The budget reduced by `count`; it must have that many left. */
export function spend(budget: number, of: keyof Budget, count = 1): number {
  return budget - (count << places[of])
}

export interface Fingerprint {
  low: number
  high: number
}

/** The lowest of the sums over all permutations, so that states that differ only by names have one fingerprint. Written to `into`. */
export function fingerprint({ locals, mails, budget }: State, permutations: number, into: Fingerprint): void {
  into.low = 0
  into.high = 0
  for (let index = 0; index < permutations; index++) {
    const at = index * 2
    let low = Math.imul(budget + 1, 0x9e3779b1)
    let high = Math.imul(budget + 1, 0x85ebca77)
    for (const { hashes } of locals) {
      low = low + (hashes[at] as number) | 0
      high = high + (hashes[at + 1] as number) | 0
    }
    for (const { hashes } of mails) {
      low = low + (hashes[at] as number) | 0
      high = high + (hashes[at + 1] as number) | 0
    }
    if (index > 0 && (high > into.high || (high === into.high && low >= into.low))) continue
    into.low = low
    into.high = high
  }
}

/** Appends a row: budget, number of messages, ids of locals, ids of messages. */
export function writeRow({ locals, mails, budget }: State, into: number[]): void {
  into.push(budget, mails.length)
  for (const { id } of locals) into.push(id)
  for (const { id } of mails) into.push(id)
}

/** How many numbers the row at `at` has. */
export function rowLength(rows: ArrayLike<number>, at: number, nodes: number): number {
  return 2 + nodes + (rows[at + 1] as number)
}
