// Batches what the switchboard sends: one write for each node with pending frames, and not before the nodes written to last have answered or a
// short time has passed. Under load this turns many small writes into few large ones, and a woken node finds all its input. Without load nothing
// waits. It must never reorder what one node is sent.
import type { Life } from './life'

/** A node that has not answered by then is no longer waited for: it is busy or stopped. */
const patienceMs = 1

export class Outbox {
  #lives: Life[] = []
  /** Nodes that were written to last and have not answered. */
  readonly #awaited = new Set<Life>()
  #isLooking = false
  #deadlineMs = 0
  #timer: NodeJS.Timeout | undefined

  /** This Life has pending frames. */
  add(life: Life): void {
    this.#lives.push(life)
    this.#lookSoon()
  }

  /** This Life has answered or ended. */
  heard(life: Life): void {
    if (this.#awaited.delete(life) && this.#awaited.size === 0 && this.#lives.length > 0) this.#lookSoon()
  }

  /** Runs at the end of the tick, after all input of the tick was processed. */
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
