// Decides when a primary sends again what one backup has not acked. Its timer is armed exactly while something is unacked.
// It restarts whenever the oldest unacked message is acked: a lost message waits one `retryMs`, and a slow one is not sent twice while acks come.
// It sees no clock and no message; it must never wait longer because of anything but silence and refusals.
import type { EffectSink } from './machine'
import { retryTimer } from './timers'
import type { NodeName } from './view'

/** Each unanswered retry doubles the wait, up to this factor, so that a slow backup is not made slower. */
const factorMax = 8
/** Each refused transfer doubles the minimum wait, up to this factor: a state that stays wrong must not load the cluster. */
const refusedFactorMax = 64

/** The limit of forwards to one backup that one retry sends again; their ack triggers the next ones. */
export const resentForwardsMax = 64

export class Resending {
  readonly #backup: NodeName
  readonly #timer: string
  readonly #retryMs: number
  #isArmed = false
  #factor = 1
  #factorMin = 1
  /** What was unacked when the connection ended was sent again, and nothing has been acked since. */
  #hasAnsweredLoss = false
  /** Forwards below this number were sent before the timer was armed: when it fires, they have waited the whole interval. */
  waitedBelow = 0
  /** Of forwards that were sent again: the next one, and the end of those in flight at that time. */
  nextResent = 0
  resentBelow = 0

  constructor(backup: NodeName, retryMs: number) {
    this.#backup = backup
    this.#timer = retryTimer(backup)
    this.#retryMs = retryMs
  }

  copy(): Resending {
    const copy = new Resending(this.#backup, this.#retryMs)
    copy.#isArmed = this.#isArmed
    copy.#factor = this.#factor
    copy.#factorMin = this.#factorMin
    copy.#hasAnsweredLoss = this.#hasAnsweredLoss
    copy.waitedBelow = this.waitedBelow
    copy.nextResent = this.nextResent
    copy.resentBelow = this.resentBelow
    return copy
  }

  get isArmed(): boolean {
    return this.#isArmed
  }

  /** The wait has reached its maximum. */
  get isOutOfPatience(): boolean {
    return this.#factor >= factorMax
  }

  /** Begins the wait; an armed timer restarts. */
  arm(nextSeq: number, out: EffectSink): void {
    this.#isArmed = true
    this.waitedBelow = nextSeq
    out.setTimer(this.#timer, this.#retryMs * this.#factor)
  }

  /** The oldest unacked message is acked; `isMore`: others are still unacked. */
  progressed(isMore: boolean, nextSeq: number, out: EffectSink): void {
    this.#factor = this.#factorMin
    this.#hasAnsweredLoss = false
    if (isMore) this.arm(nextSeq, out)
    else this.cancel(out)
  }

  /** The timer has fired; `hasSent`: something had waited long enough and was sent again. */
  fired(hasSent: boolean): void {
    if (hasSent) this.#factor = Math.max(this.#factorMin, Math.min(this.#factor * 2, factorMax))
  }

  /** The backup received a whole transfer that did not match its digest: the transfer begins again, after a longer wait each time. */
  refused(): void {
    this.#factorMin = Math.min(this.#factorMin * 2, refusedFactorMax)
    this.#factor = this.#factorMin
  }

  takeTimer(): void {
    this.#isArmed = false
  }

  /** The connection has ended. Returns true if all unacked messages must be sent again at once: only once until something is acked. */
  answersLoss(): boolean {
    if (!this.#isArmed || this.#hasAnsweredLoss) return false
    this.#hasAnsweredLoss = true
    return true
  }

  cancel(out: EffectSink): void {
    if (this.#isArmed) out.cancelTimer(this.#timer)
    this.#isArmed = false
  }

  /** The state that decides its future behaviour. The length of the next wait is left out: it changes only when a timer fires. */
  essence(countsPatience: boolean): object {
    return { isArmed: this.#isArmed, hasAnsweredLoss: this.#hasAnsweredLoss, patience: countsPatience ? this.#factor : 1 }
  }

  incidental(): readonly unknown[] {
    return [this.waitedBelow, this.nextResent, this.resentBelow]
  }
}
