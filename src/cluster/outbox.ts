// What leaves the switchboard for its nodes: one write for each node that has been given anything, and no sooner than those that were
// written to last have answered. Under load that makes few large writes of many small ones, and a node that is woken finds all that there
// is for it; where one message goes at a time nobody waits. It must never change the order of what one node is given.
import type { Life } from './life'

/** A node that has not answered by then is waited for no longer: it has much to do, or was stopped. */
const patienceMs = 1

export class Outbox {
  #lives: Life[] = []
  /** Written to last, and not heard of since. */
  readonly #awaited = new Set<Life>()
  #isLooking = false
  #deadlineMs = 0
  #timer: NodeJS.Timeout | undefined

  /** There is something for this life. */
  add(life: Life): void {
    this.#lives.push(life)
    this.#lookSoon()
  }

  /** This life has said something, or has ended. */
  heard(life: Life): void {
    if (this.#awaited.delete(life) && this.#awaited.size === 0 && this.#lives.length > 0) this.#lookSoon()
  }

  /** At the end of the tick, when all that has arrived with it was taken in. */
  #lookSoon(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    setImmediate(() => {
      this.#isLooking = false
      this.#look()
    })
  }

  #look(): void {
    const now = performance.now()
    if (this.#awaited.size === 0 || now >= this.#deadlineMs) return this.#flush(now)
    this.#timer ??= setTimeout(() => this.#flush(performance.now()), patienceMs)
  }

  #flush(now: number): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#deadlineMs = now + patienceMs
    this.#awaited.clear()
    const lives = this.#lives
    this.#lives = []
    for (const life of lives) {
      life.flush()
      this.#awaited.add(life)
    }
  }
}
