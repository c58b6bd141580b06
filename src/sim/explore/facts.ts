// The facts of a node's state that the checks need, read once when the state is first reached.
import type { Essence, Machine, NodeKind, ReplicaState, View, ViewServerState } from '../../protocol'
import { exploredKey } from './plan'

export interface ReplicaFacts {
  readonly type: 'replica'
  readonly view: View
  readonly role: ReplicaState['role']
  readonly serving: boolean
  readonly executed: number
  readonly nextSeq: number
  /** For a primary: it is primary of every view since this one; 0 in another role. */
  readonly since: number
  /** Equal copies have equal texts. */
  readonly copyText: string
  /** The value of the key that all clients write to. */
  readonly value: string
  /** Operations that are forwarded but not executed, with the backups that have not acked them. */
  readonly pending: ReplicaState['pending']
}

export interface ViewServerFacts {
  readonly type: 'view-server'
  readonly current: View
  readonly acked: View
  readonly isAcked: boolean
  /** The incarnations that the ack of the current view listed. */
  readonly initialised: readonly (readonly [string, number])[]
  readonly servers: ViewServerState['servers']
  readonly stuck: ViewServerState['stuck']
}

export interface ClientFacts {
  readonly type: 'client'
  /** True if its session has no open operation. */
  readonly isFree: boolean
}

/** Null while the node is dead. */
export type Facts = ReplicaFacts | ViewServerFacts | ClientFacts | null

export function factsOf(kind: NodeKind, machine: Machine, essence: Essence, session: number): Facts {
  const state = machine.inspect()
  switch (state.kind) {
    case 'other': throw new Error('the explorer runs the nodes of this protocol alone')
    case 'replica': {
      const copy = [state.executed, state.store, state.table.map(({ clientId, requestId, result, seq }) => [clientId, requestId, result, seq])]
      return {
        type: 'replica', view: state.view, role: state.role, serving: state.serving, executed: state.executed, nextSeq: state.nextSeq, since: essence.kind === 'replica' ? essence.since : 0,
        copyText: JSON.stringify(copy), value: state.store.find(({ key }) => key === exploredKey)?.value ?? '', pending: state.pending,
      }
    }
    case 'view-server': {
      const initialised = essence.kind === 'view-server' ? essence.initialised : []
      return { type: 'view-server', current: state.current, acked: state.acked, isAcked: state.isAcked, initialised, servers: state.servers, stuck: state.stuck }
    }
    case 'client': return { type: 'client', isFree: kind === 'client' && (state.sessions[session]?.state ?? 'free') === 'free' }
  }
}
