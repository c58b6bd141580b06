// Collects the acts for running a recording again on processes, from the freeze that it ends in: the same deliveries and timers in the same order.
// All drivers assign the same ids, so no ids need to be mapped. It must never decide the result of a step.
import { Refusal } from '../contract'
import { actOf, type ClusterAct, type TraceEvent } from '../trace'

export interface StandingActs {
  /** The seq of the `frozen` event. */
  readonly from: number
  readonly acts: readonly ClusterAct[]
}

/** Collects, in order, the acts since the last freeze of a recording. */
export class ActsSinceFreeze {
  #from = 0
  #acts: ClusterAct[] = []

  take(event: TraceEvent): void {
    if (event.type === 'frozen') {
      this.#from = event.seq
      this.#acts = []
    }
    if (event.type === 'thawed') this.#from = 0
    const act = this.#from === 0 ? null : actOf(event)
    if (act) this.#acts.push(act)
  }

  /** Throws a `Refusal` if the recording does not end in a freeze, or if nothing was done in it. */
  found(): StandingActs {
    if (this.#from === 0) throw new Refusal('The cluster is not frozen at the end of this recording; only what is done while it is frozen can be done again, in the same order.')
    if (this.#acts.length === 0) throw new Refusal('Nothing was done in the freeze at the end of this recording: there is nothing to do again.')
    return { from: this.#from, acts: this.#acts }
  }
}
