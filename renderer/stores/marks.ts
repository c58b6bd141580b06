// The marks of the plots and the time line: views and acts on processes. Pure.
import type { TraceEvent } from '../../src/trace'

export interface Mark {
  readonly kind: 'view' | 'kill' | 'pause' | 'resume' | 'restart'
  /** Seconds of cluster time. */
  readonly at: number
  readonly seq: number
  readonly text: string
}

/** The marks of one event; most events have none. */
export function marksOf(event: TraceEvent): Mark[] {
  const mark = (kind: Mark['kind'], text: string): Mark[] => [{ kind, at: event.at / 1_000_000, seq: event.seq, text }]
  switch (event.type) {
    case 'view-changed': return mark('view', `view ${event.view.viewnum}`)
    case 'node-killed': return mark('kill', `${event.node} killed`)
    // The first start of a node is not marked, only a restart.
    case 'node-started': return event.incarnation > 1 ? mark('restart', `${event.node} restarted`) : []
    case 'node-paused': return mark('pause', `${event.node} paused`)
    case 'node-resumed': return mark('resume', `${event.node} resumed`)
    default: return []
  }
}
