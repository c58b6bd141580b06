// Running a recording again on processes: from the freeze that it ends in, the same messages are delivered and the same timers fired, one by one
// and in the same order. Ids are the same in every driver, so nothing has to be matched. It never decides what comes of a step.
import { Refusal } from '../contract'
import { viewServerName } from '../protocol'
import type { StandingAct } from '../sim'
import { operationInputOf, type TraceEvent } from '../trace'
import type { RunningCluster } from './cluster-seam'

export interface StandingActs {
  /** The freeze's event. */
  readonly from: number
  readonly acts: readonly StandingAct[]
}

/** Gathers from a recording's events, in order, what was done since its last freeze. */
export class ActsSinceFreeze {
  #from = 0
  #acts: StandingAct[] = []

  take(event: TraceEvent): void {
    if (event.type === 'frozen') {
      this.#from = event.seq
      this.#acts = []
    }
    if (event.type === 'thawed') this.#from = 0
    const act = this.#from === 0 ? null : actOf(event)
    if (act) this.#acts.push(act)
  }

  /** Throws a Refusal where the recording does not end in a freeze, or nothing was done in it. */
  found(): StandingActs {
    if (this.#from === 0) throw new Refusal('Time goes on at the end of this recording; only what is done while it stands still can be done again, in the same order.')
    if (this.#acts.length === 0) throw new Refusal('Nothing was done since time stood still in this recording: there is nothing to do again.')
    return { from: this.#from, acts: this.#acts }
  }
}

function actOf(event: TraceEvent): StandingAct | null {
  switch (event.type) {
    case 'message-taken': return { type: 'act', act: { type: 'deliver', id: event.id } }
    case 'message-dropped': return event.reason.type === 'by-hand' ? { type: 'act', act: { type: 'drop', id: event.id } } : null
    case 'message-duplicated': return event.reason === 'by hand' ? { type: 'act', act: { type: 'duplicate', id: event.of } } : null
    case 'timer-fired': return { type: 'act', act: { type: 'fire', node: event.node, timer: event.name } }
    case 'node-killed': return { type: 'kill', node: event.node }
    case 'node-started': return event.node === viewServerName ? null : { type: 'restart', node: event.node }
    case 'node-paused': return { type: 'pause', node: event.node }
    case 'node-resumed': return { type: 'resume', node: event.node }
    case 'operation-invoked': {
      const { session, target, operation } = operationInputOf(event.operation)
      return { type: 'invoke', client: event.node, operation, session, target, label: event.label }
    }
    default: return null
  }
}

/** Does it, or does it again. Resolves when the nodes have taken the step; rejects with a sentence where it makes no sense. */
export async function doStanding(act: StandingAct, cluster: RunningCluster): Promise<void> {
  switch (act.type) {
    case 'act': return cluster.act(act.act)
    case 'kill': return cluster.kill(act.node)
    case 'restart': return cluster.restart(act.node)
    case 'pause': return cluster.pause(act.node)
    case 'resume': return cluster.resume(act.node)
    case 'invoke': {
      const { client, operation, session, target, label } = act
      await cluster.invoke({ client, operation, session, target, label })
    }
  }
}
