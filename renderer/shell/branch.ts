// Branching from the event at the cursor: a live session that goes on from there, standing still at first. A running cluster ends by it,
// so that is asked first; a recording loses nothing.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useOverlays } from './overlays'

export const useBranch = defineStore('branch', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()

  /** Why nothing can go on from the event at the cursor; '' when something can. */
  function momentProblem(verb: 'branch' | 'explore'): string {
    if (session.commandProblem !== '') return session.commandProblem
    if (session.status.kind === 'starting') return 'The cluster is starting.'
    if (trace.header === null) return 'There is no session.'
    if (trace.header.source === 'imported') return `A history of another tool has operations and no processes: there is nothing to ${verb} from.`
    return trace.position === 0 ? `Nothing has happened yet; go to an event to ${verb} from it.` : ''
  }

  /** Why there is no branch from here; '' when there is one. */
  const problem = computed(() => momentProblem('branch'))

  /** Asks first where a cluster would end. */
  function here(): unknown {
    if (problem.value !== '') return session.refuse(problem.value)
    return session.isLive ? overlays.openBranch(trace.position) : session.branch(trace.position)
  }

  return { problem, momentProblem, here }
})
