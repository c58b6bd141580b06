// A status that tells of events which are on their way: it is shown with them, in one frame. It must never be held for long.
import type { SessionStatus } from '../../src/contract'

/** A status waits no longer than this for its events, in milliseconds. */
export const heldMs = 50

export class HeldStatus {
  readonly #show: (status: SessionStatus) => void
  #status: SessionStatus | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(show: (status: SessionStatus) => void) {
    this.#show = show
  }

  /** Holds a status in the place of an earlier one. */
  hold(status: SessionStatus): void {
    this.forget()
    this.#status = status
    this.#timer = setTimeout(() => this.showNow(), heldMs)
  }

  /** Its events are here. */
  showNow(): void {
    const status = this.#status
    this.forget()
    if (status) this.#show(status)
  }

  /** A newer one is shown. */
  forget(): void {
    clearTimeout(this.#timer)
    this.#status = null
  }
}
