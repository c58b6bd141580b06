// Whether two plain values are equal, whatever the order of their keys: what was recorded against what stepping again gives.
// It must never see a cycle or anything that JSON does not carry.

export function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length && one.every((item, index) => sameValue(item, other[index]))
  }
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length
    && keys.every((key) => Object.hasOwn(other, key) && sameValue((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]))
}
