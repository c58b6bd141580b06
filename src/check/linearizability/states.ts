// What one key may hold, as small numbers: equal contents are one number, so that a search compares numbers. Appended values share their
// beginnings, and are laid flat only when one is compared with another of the same length and hash. Exact: a hash alone decides nothing.
import { concatBytes, type ByteString } from '../../protocol'

/** A key that holds nothing. */
export const missingState = 0

const base = 0x01000193

export class States {
  readonly #values: (ByteString | null)[] = [null]
  readonly #hashes: number[] = [0]
  /** By hash and length mixed: the states that have them. */
  readonly #byPrint = new Map<number, number[]>()
  readonly #lengthMax: number

  /** Values of more bytes than `lengthMax` are none: appending to one gives -1. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  get count(): number {
    return this.#values.length
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

  /** In bytes; 0 for the missing state too. */
  lengthOf(state: number): number {
    return this.#values[state]?.length ?? 0
  }

  /** The state with `tail` (a state too, and not the missing one) behind it; -1 if it were too long. */
  appended(state: number, tail: number): number {
    const before = this.#values[state] ?? null
    const added = this.#values[tail] as ByteString
    if ((before?.length ?? 0) + added.length > this.#lengthMax) return -1
    if (before === null) return tail
    const hash = (Math.imul(this.#hashes[state] as number, power(added.length)) + (this.#hashes[tail] as number)) | 0
    return this.#intern(concatBytes(before, added), hash)
  }

  #intern(value: ByteString, hash: number): number {
    const print = hash ^ Math.imul(value.length, 0x9e3779b1)
    const alike = this.#byPrint.get(print)
    const known = alike?.find((state) => this.#values[state]?.length === value.length && this.#values[state] === value)
    if (known !== undefined) return known
    const state = this.#values.push(value) - 1
    this.#hashes.push(hash)
    if (alike) alike.push(state)
    else this.#byPrint.set(print, [state])
    return state
  }
}

function hashOf(value: ByteString): number {
  let hash = 0
  for (let at = 0; at < value.length; at++) hash = (Math.imul(hash, base) + value.charCodeAt(at) + 1) | 0
  return hash
}

/** The hash of each beginning of a value, by its length. */
export function hashesOfBeginnings(value: ByteString): Int32Array {
  const hashes = new Int32Array(value.length + 1)
  for (let at = 0; at < value.length; at++) hashes[at + 1] = (Math.imul(hashes[at] as number, base) + value.charCodeAt(at) + 1) | 0
  return hashes
}

/** `base` to this power, in 32 bits. */
function power(exponent: number): number {
  let result = 1
  for (let left = exponent, square = base; left > 0; left >>>= 1, square = Math.imul(square, square)) {
    if ((left & 1) === 1) result = Math.imul(result, square)
  }
  return result
}
