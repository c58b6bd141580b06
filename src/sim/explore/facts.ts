// What the checks must know of a node's state, read once when the state is first met.
import type { Machine, NodeKind, ReplicaState, View, ViewServerState } from '../../protocol'
import { exploredKey } from './plan'

export interface ReplicaFacts {
  readonly type: 'replica'
  readonly view: View
  readonly role: ReplicaState['role']
  readonly serving: boolean
  readonly executed: number
  readonly nextSeq: number
  /** As primary: in every view from this one on; 0 in another role. */
  readonly since: number
  /** Equal for equal copies. */
  readonly copyText: string
  /** The key that everybody writes to. */
  readonly value: string
  /** Forwarded and not executed: which backups have not acked. */
  readonly pending: ReplicaState['pending']
}

export interface ViewServerFacts {
  readonly type: 'view-server'
  readonly current: View
  readonly acked: View
  readonly isAcked: boolean
  /** Lives that the ack of the current view listed. */
  readonly initialised: readonly (readonly [string, number])[]
  readonly servers: ViewServerState['servers']
  readonly stuck: ViewServerState['stuck']
}

export interface ClientFacts {
  readonly type: 'client'
  /** Its session has nothing out. */
  readonly isFree: boolean
}

/** Null: it is dead. */
export type Facts = ReplicaFacts | ViewServerFacts | ClientFacts | null

export function factsOf(kind: NodeKind, machine: Machine | null, essence: string, session: number): Facts {
  if (!machine) return null
  const state = machine.inspect()
  switch (state.kind) {
    case 'replica': {
      const { primary } = JSON.parse(essence) as { readonly primary: { readonly since: number } | null }
      const copy = [state.executed, state.store, state.table.map(({ clientId, requestId, result, seq }) => [clientId, requestId, result, seq])]
      return {
        type: 'replica', view: state.view, role: state.role, serving: state.serving, executed: state.executed, nextSeq: state.nextSeq, since: primary?.since ?? 0,
        copyText: JSON.stringify(copy), value: state.store.find(({ key }) => key === exploredKey)?.value ?? '', pending: state.pending,
      }
    }
    case 'view-server': {
      const { initialised } = JSON.parse(essence) as { readonly initialised: readonly (readonly [string, number])[] }
      return { type: 'view-server', current: state.current, acked: state.acked, isAcked: state.isAcked, initialised, servers: state.servers, stuck: state.stuck }
    }
    case 'client': return { type: 'client', isFree: kind === 'client' && (state.sessions[session]?.state ?? 'free') === 'free' }
  }
}
