// One state of the whole cluster while its steps are tried: who is what, what is under way, and how much may still go wrong.
// Rows are how a state is kept and handed on: numbers only.
import type { Local, Mail } from './locals'
import type { ExploreBounds } from './plan'

/** What may still happen on this path, each at most 7. */
export interface Budget {
  readonly crashes: number
  readonly restarts: number
  readonly losses: number
  readonly duplicates: number
}

export interface State {
  /** By the nodes' places. */
  readonly locals: Local[]
  /** No two alike. */
  readonly mails: Mail[]
  budget: number
}

/** Bits of each count in the budget's number. */
const places = { crashes: 0, restarts: 3, losses: 6, duplicates: 9 } as const

export function budgetOf({ crashes, restarts, losses, duplicates }: ExploreBounds): number {
  return crashes << places.crashes | restarts << places.restarts | losses << places.losses | duplicates << places.duplicates
}

export function left(budget: number, of: keyof Budget): number {
  return budget >> places[of] & 7
}

/** The budget with `count` less of this; there must be so many. */
export function spend(budget: number, of: keyof Budget, count = 1): number {
  return budget - (count << places[of])
}

export interface Fingerprint {
  low: number
  high: number
}

/** The lowest of the sums over all permutations: states that differ by names alone have one fingerprint. Written to `into`. */
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

/** Rows one behind the other: budget, number of mails, ids of locals, ids of mails. */
export function writeRow({ locals, mails, budget }: State, into: number[]): void {
  into.push(budget, mails.length)
  for (const { id } of locals) into.push(id)
  for (const { id } of mails) into.push(id)
}

/** Numbers of the row that begins at `at`. */
export function rowLength(rows: ArrayLike<number>, at: number, nodes: number): number {
  return 2 + nodes + (rows[at + 1] as number)
}
