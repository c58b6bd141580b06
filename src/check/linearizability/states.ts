// The possible contents of one key as small numbers: equal contents have one number, so a search compares numbers. Appended values share
// their prefixes and are flattened only to compare values of equal length and hash. It must never decide by a hash alone.
import { concatBytes, type ByteString } from '../../protocol'

/** The state of a key without a value. */
export const missingState = 0

const base = 0x01000193

export class States {
  readonly #values: (ByteString | null)[] = [null]
  readonly #hashes: number[] = [0]
  /** The states of each combination of hash and length. */
  readonly #byPrint = new Map<number, number[]>()
  readonly #lengthMax: number
  /** States whose values were compared, and are therefore flat. */
  readonly #flat = new Set<number>()
  #bytes = 0

  /** No value may be longer than `lengthMax` bytes: an append beyond it gives -1. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  get count(): number {
    return this.#values.length
  }

  /** The approximate memory of all states, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  of(value: ByteString | null): number {
    return value === null ? missingState : this.#intern(value, hashOf(value))
  }

  valueOf(state: number): ByteString | null {
    return this.#values[state] ?? null
  }

  hashOf(state: number): number {
    return this.#hashes[state] as number
  }

  /** The length of the value in bytes; 0 also for the missing state. */
  lengthOf(state: number): number {
    return this.#values[state]?.length ?? 0
  }

  /** The state with `tail` (a state other than the missing one) appended; -1 if the value became too long. */
  appended(state: number, tail: number): number {
    const before = this.#values[state] ?? null
    const added = this.#values[tail] as ByteString
    if ((before?.length ?? 0) + added.length > this.#lengthMax) return -1
    if (before === null) return tail
    const hash = (Math.imul(this.#hashes[state] as number, power(added.length)) + (this.#hashes[tail] as number)) | 0
    return this.#intern(concatBytes(before, added), hash)
  }

  /** A comparison flattens both values. */
  #isSame(state: number, value: ByteString): boolean {
    const known = this.#values[state] as ByteString
    if (known.length !== value.length) return false
    if (!this.#flat.has(state)) {
      this.#flat.add(state)
      this.#bytes += known.length
    }
    return known === value
  }

  #intern(value: ByteString, hash: number): number {
    const print = hash ^ Math.imul(value.length, 0x9e3779b1)
    const alike = this.#byPrint.get(print)
    const known = alike?.find((state) => this.#isSame(state, value))
    if (known !== undefined) return known
    const state = this.#values.push(value) - 1
    this.#hashes.push(hash)
    this.#bytes += bytesEach
    if (alike) alike.push(state)
    else this.#byPrint.set(print, [state])
    return state
  }
}

/** The memory of a state apart from its value: a joined value, its hash, its entry among those of that hash. */
const bytesEach = 200

function hashOf(value: ByteString): number {
  let hash = 0
  for (let at = 0; at < value.length; at++) hash = (Math.imul(hash, base) + value.charCodeAt(at) + 1) | 0
  return hash
}

/** The hash of each prefix of a value, by the prefix's length. */
export function hashesOfBeginnings(value: ByteString): Int32Array {
  const hashes = new Int32Array(value.length + 1)
  for (let at = 0; at < value.length; at++) hashes[at + 1] = (Math.imul(hashes[at] as number, base) + value.charCodeAt(at) + 1) | 0
  return hashes
}

/** `base` to the power `exponent`, modulo 2^32. */
function power(exponent: number): number {
  let result = 1
  for (let left = exponent, square = base; left > 0; left >>>= 1, square = Math.imul(square, square)) {
    if ((left & 1) === 1) result = Math.imul(result, square)
  }
  return result
}
