// Holds back a status until the events that it counts have arrived, so that one frame shows both. It must never hold a status for long.
import type { SessionStatus } from '../../src/contract'

/** The longest time that a status waits for its events, in milliseconds. */
export const heldMs = 50

export class HeldStatus {
  readonly #show: (status: SessionStatus) => void
  #status: SessionStatus | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(show: (status: SessionStatus) => void) {
    this.#show = show
  }

  /** Holds this status instead of an earlier one; the wait still counts from the earlier one. */
  hold(status: SessionStatus): void {
    this.#status = status
    this.#timer ??= setTimeout(() => this.showNow(), heldMs)
  }

  /** Shows the held status: its events have arrived. */
  showNow(): void {
    const status = this.#status
    this.forget()
    if (status) this.#show(status)
  }

  /** Drops the held status: a newer one is shown. */
  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#status = null
  }
}
