// Prunes the search: if only appends can be linearized before the next read of a key, the key must hold a prefix of what that read saw.
// Without it, a wrong order of many concurrent appends would show only after every other order was tried.
import type { ByteString } from '../../protocol'
import type { Moves } from './moves'
import { Ring } from './ring'
import { hashesOfBeginnings, missingState } from './states'

/** Reads whose prefix hashes are kept; a search goes back and forth between a few reads. */
const keptLooks = 8

export class AppendsToLook {
  readonly #moves: Moves
  readonly #invoked: Float64Array
  readonly #returned: Float64Array
  /** Operations that read (or cannot have happened at all) and are not linearized yet, by return. */
  readonly #looks: Ring
  /** Operations that may replace the key's content and are not linearized yet, by invocation. */
  readonly #writers: Ring
  readonly #beginnings = new Map<number, Int32Array>()

  constructor(moves: Moves, invoked: Float64Array, returned: Float64Array) {
    this.#moves = moves
    this.#invoked = invoked
    this.#returned = returned
    const all = Array.from(invoked, (_, index) => index)
    const looks = all.filter((index) => moves.kind(index) === 'look' || moves.kind(index) === 'never').sort((one, other) => (returned[one] as number) - (returned[other] as number))
    const writers = all.filter((index) => moves.mayReplace(index)).sort((one, other) => (invoked[one] as number) - (invoked[other] as number))
    this.#looks = new Ring(all.length, looks)
    this.#writers = new Ring(all.length, writers)
  }

  take(index: number): void {
    this.#looks.take(index)
    this.#writers.take(index)
  }

  giveBack(index: number): void {
    this.#writers.giveBack(index)
    this.#looks.giveBack(index)
  }

  /** The next read, if no order from this state can give it what it saw; else -1. */
  missed(state: number): number {
    const look = this.#looks.first
    if (look === this.#looks.end) return -1
    const writer = this.#writers.first
    if (writer !== this.#writers.end && (this.#invoked[writer] as number) < (this.#returned[look] as number)) return -1
    if (this.#moves.kind(look) === 'never') return look
    if (state === missingState) return -1
    const seen = this.#moves.seenBy(look)
    if (seen === missingState) return look
    const { states } = this.#moves
    const length = states.lengthOf(state)
    const hashes = this.#hashesOf(seen)
    // Equal hashes may be a collision; then the read itself fails later.
    return length < hashes.length && hashes[length] === states.hashOf(state) ? -1 : look
  }

  #hashesOf(state: number): Int32Array {
    const known = this.#beginnings.get(state)
    if (known) return known
    const [oldest] = this.#beginnings.keys()
    if (oldest !== undefined && this.#beginnings.size >= keptLooks) this.#beginnings.delete(oldest)
    const hashes = hashesOfBeginnings(this.#moves.states.valueOf(state) as ByteString)
    this.#beginnings.set(state, hashes)
    return hashes
  }
}
