// Maelstrom's error codes: which of them say for certain that a request had no effect. (Maelstrom's own doc/protocol.md is the source.)

export const errorCodes = {
  timeout: 0, nodeNotFound: 1, notSupported: 10, temporarilyUnavailable: 11, malformedRequest: 12, crash: 13, abort: 14,
  keyDoesNotExist: 20, keyAlreadyExists: 21, preconditionFailed: 22, txnConflict: 30,
} as const

const indefinite: ReadonlySet<number> = new Set([errorCodes.timeout, errorCodes.crash])
const known: ReadonlySet<number> = new Set(Object.values(errorCodes))

/** True if the request had no effect. A code that Maelstrom does not have says nothing for certain. */
export function isDefinite(code: number): boolean {
  return known.has(code) && !indefinite.has(code)
}
