// JSON values as types, for what programs that are not ours say in their own words. It must never give such a value a meaning.
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject { readonly [name: string]: Json }

/** A sentence in a program's own words: its type, and all other fields in the order in which they were given. */
export interface InOwnWords {
  readonly kind: string
  readonly body: JsonObject
}

/** A kind has 1 to this many bytes of UTF-8. */
export const kindBytesMax = 100

/** Lists and objects within each other; a deeper value would overflow the stack of whoever walks it. */
export const jsonDepthMax = 100

/** True for an object with JSON values that is not too deep. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isJson(value, jsonDepthMax)
}

function isJson(value: unknown, levels: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean': return true
    case 'number': return Number.isFinite(value)
    case 'object': return value === null || levels > 0 && Object.values(value).every((part) => isJson(part, levels - 1))
    default: return false
  }
}
