// Runs the starts and ends of sessions one at a time, in the order of the calls; each can be cancelled.
// It must never wait for a cancelled one longer than `lettingGoMs`.
import { within } from '../cluster'
import { Refusal } from '../contract'

/** At most so many changes may be running or waiting. */
export const changesWaitingMax = 8

/** A cancelled change must have released its processes by then; after that the next one starts in any case. */
const lettingGoMs = 5000

export class Changes {
  #turn: Promise<unknown> = Promise.resolve()
  readonly #asked = new Set<AbortController>()
  /** Why no change is accepted any more; empty while changes are accepted. */
  #closed = ''

  /**
   * Starts `act` when all earlier ones are over. When its signal aborts, it must end soon; any later result is ignored.
   * Rejects with the error of `act`, or with the reason of the cancellation.
   */
  async run<Result>(act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.#closed !== '') throw new Refusal(this.#closed)
    if (this.#asked.size >= changesWaitingMax) throw new Refusal('The lab is busy beginning and ending sessions; try again.')
    const change = new AbortController()
    const { signal } = change
    this.#asked.add(change)
    const givenUp = new Promise<never>((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }) })
    const running = this.#turn.then(() => {
      signal.throwIfAborted()
      return act(signal)
    })
    const result = Promise.race([running, givenUp])
    // The next change starts when this one is over, or was cancelled and has had its time to end.
    this.#turn = result.then(() => undefined, () => within(lettingGoMs, running))
    try {
      return await result
    } finally {
      this.#asked.delete(change)
    }
  }

  /** Cancels the running change and all that wait. */
  giveUp(reason: string): void {
    for (const change of this.#asked) change.abort(new Refusal(reason))
    this.#asked.clear()
  }

  /** Cancels all changes and refuses new ones. Resolves when none is running. */
  async close(reason: string): Promise<void> {
    this.#closed = reason
    this.giveUp(reason)
    await this.#turn
  }
}
