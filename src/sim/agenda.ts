// Virtual time: the actions that are due and when, in microseconds. Actions due at the same time run in the order in which they were added.
// A binary heap; a cancelled entry stays until its time comes and is then skipped.

interface Entry {
  readonly due: number
  readonly order: number
  action: (() => void) | null
}

export class Agenda {
  now = 0
  readonly #heap: Entry[] = []
  #order = 0

  /** Adds an action `delay` microseconds from now; returns the function that cancels it. */
  add(delay: number, action: () => void): () => void {
    const entry: Entry = { due: this.now + delay, order: this.#order++, action }
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
    return () => {
      entry.action = null
    }
  }

  /** Runs the next action if it is due by `end`; returns false if there is none. */
  runNext(end: number): boolean {
    for (let next = this.#heap[0]; next && next.due <= end; next = this.#heap[0]) {
      this.#removeFirst()
      if (!next.action) continue
      this.now = next.due
      next.action()
      return true
    }
    return false
  }

  advanceTo(end: number): void {
    this.now = Math.max(this.now, end)
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (!last || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfBefore(at, parent)) return
      at = parent
    }
  }

  #sink(at: number): void {
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      const smaller = right < this.#heap.length && isBefore(this.#heap[right] as Entry, this.#heap[left] as Entry) ? right : left
      if (smaller >= this.#heap.length || !this.#swapIfBefore(smaller, at)) return
      at = smaller
    }
  }

  #swapIfBefore(one: number, other: number): boolean {
    const first = this.#heap[one] as Entry
    const second = this.#heap[other] as Entry
    if (!isBefore(first, second)) return false
    this.#heap[one] = second
    this.#heap[other] = first
    return true
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order)
}
