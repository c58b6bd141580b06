// Whether two plain values are equal, in any order of their keys: recorded values against replayed ones. It must never get a cycle or
// anything that JSON does not carry. Values nested deeper than recorded data never count as equal.
import type { Message } from '../protocol'
import type { Recorded } from '../trace'

/** How deep nested objects and lists are compared; recorded events nest at most eight deep. */
const depthMax = 32

export function sameValue(one: unknown, other: unknown, depth = 0): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null || depth > depthMax) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length && one.every((item, index) => sameValue(item, other[index], depth + 1))
  }
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length
    && keys.every((key) => Object.hasOwn(other, key) && sameValue((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key], depth + 1))
}

/** Compares a recorded message with the replayed one. A transfer's digest is compared only if it was recorded: older recordings have none. */
export function sameMessage(recorded: Recorded<Message>, stepped: Recorded<Message>): boolean {
  if (recorded.type !== 'state-transfer' || recorded.digest !== undefined || stepped.type !== 'state-transfer') return sameValue(recorded, stepped)
  const { digest: _digest, ...rest } = stepped
  return sameValue(recorded, rest)
}
