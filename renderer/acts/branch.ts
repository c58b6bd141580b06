// Branches from the event at the cursor: a new live session that continues from there and is frozen at first. It ends a running cluster, so
// it must never do so without a confirmation; a recording loses nothing.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { whyNoSteps } from '../../src/trace'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useOverlays } from '../stores/overlays'

export const useBranch = defineStore('branch', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()

  /** Why the session cannot be branched or explored from the event at the cursor; '' if it can. */
  function momentProblem(verb: 'branch' | 'explore'): string {
    if (session.actProblem !== '') return session.actProblem
    if (session.status.kind === 'starting') return 'The cluster is starting.'
    if (trace.header === null) return 'There is no session.'
    const why = whyNoSteps(trace.header)
    if (why !== '') return `${why}: there is nothing to ${verb} from.`
    return trace.position === 0 ? `Nothing has happened yet; go to an event to ${verb} from it.` : ''
  }

  /** Why no branch is possible from here; '' if it is. */
  const problem = computed(() => momentProblem('branch'))

  /** Branches; asks first if a running cluster would end. */
  function here(): unknown {
    if (problem.value !== '') return session.refuse(problem.value)
    return session.isLive ? overlays.openBranch(trace.position) : session.branch(trace.position)
  }

  return { problem, momentProblem, here }
})
