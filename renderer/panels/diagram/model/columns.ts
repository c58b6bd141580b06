// Typed arrays that grow: a million events are a few columns of numbers here, never a million objects. Pure.

export type Column = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array

/** Rows that the first columns have room for. */
export const firstCapacity = 1024

/** The same column with room for `capacity` rows. */
export function grown<C extends Column>(column: C, capacity: number): C {
  const larger = new (column.constructor as new (length: number) => C)(capacity)
  larger.set(column)
  return larger
}

/** The first of `count` sorted rows that is not below `value`; `count` without one. */
export function lowerBound(sorted: ArrayLike<number>, count: number, value: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
