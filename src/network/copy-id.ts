// The id of a copy: that of the message which was sent, `+`, and the number of the copy.

export function copyId(original: string, number: number): string {
  return `${original}+${number}`
}

/** The id of the message that was sent, for its own id and for that of any copy, also of a copy of a copy. */
export function originalId(id: string): string {
  const plus = id.indexOf('+')
  return plus === -1 ? id : id.slice(0, plus)
}

/** 0 for a message that is no copy. */
export function copyNumber(id: string): number {
  const plus = id.indexOf('+')
  return plus === -1 ? 0 : Number(id.slice(plus + 1))
}
