// The acts on a running cluster, as data: of a person, a scenario, the explorer, or a replayed recording.
// A driver performs these and must never do anything else to a cluster. Each act that involves a node leaves an event, from which it is read back.
import type { NetworkAct } from '../network'
import { viewServerName, type Call, type NodeName, type Operation } from '../protocol'
import type { WorkloadPlan } from '../workload'
import type { TraceEvent } from './event'
import { operationInputOf } from './recorded'

/** A client is asked for an operation. */
export interface Invocation {
  readonly client: NodeName
  readonly operation: Operation | Call
  /** The server that it is sent to; '' goes through the view server. */
  readonly target: NodeName | ''
  /** Which of the client's sessions, from 0; -1: any that is free. */
  readonly session: number
  /** Comes back in the event `operation-invoked`. */
  readonly label: string
}

export type ClusterAct =
  | NetworkAct
  | { readonly type: 'kill' | 'pause' | 'resume'; readonly node: NodeName }
  /** Kills the node if it lives, and starts its next incarnation with empty memory. */
  | { readonly type: 'restart'; readonly node: NodeName }
  | { readonly type: 'freeze' | 'thaw' }
  | { readonly type: 'invoke' } & Invocation
  | { readonly type: 'start-workload'; readonly plan: WorkloadPlan }
  | { readonly type: 'stop-workload' }

export type ClusterActType = ClusterAct['type']

/** The result of an act: the number of the operation that it invoked; 0 for every other act. */
export interface Performed {
  readonly operationId: number
}

/** The act on a frozen cluster that left this event; null for an event that no act leaves. */
export function actOf(event: TraceEvent): ClusterAct | null {
  switch (event.type) {
    case 'message-taken': return { type: 'deliver', id: event.id }
    case 'message-dropped': return event.reason.type === 'by-hand' ? { type: 'drop', id: event.id } : null
    case 'message-duplicated': return event.reason === 'by hand' ? { type: 'duplicate', id: event.of } : null
    case 'timer-fired': return { type: 'fire', node: event.node, timer: event.name }
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
