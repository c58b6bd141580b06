// Typed arrays that grow. They store a million events as a few columns of numbers and must never create an object for each event. Pure.

export type Column = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array

/** Initial capacity of a column, in rows. */
export const firstCapacity = 1024

/** The same column with room for `capacity` rows. */
export function grown<C extends Column>(column: C, capacity: number): C {
  const larger = new (column.constructor as new (length: number) => C)(capacity)
  larger.set(column)
  return larger
}

/** The index of the first of `count` sorted rows that is not below `value`; `count` if there is none. */
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
