// Starts explorations, and runs a session again on processes. It must never end a running cluster without a confirmation.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useBranch } from './branch'
import { useOverlays } from '../stores/overlays'

export const useExplore = defineStore('explore', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()
  const branch = useBranch()

  /** Why no exploration from the event at the cursor is possible; '' if it is. */
  const hereProblem = computed(() => branch.momentProblem('explore')
    || (trace.header?.settings.replication === 'asynchronous' ? 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.' : ''))

  /** Why the session cannot be run again on processes; '' if it can. */
  const rerunProblem = computed(() => {
    void trace.version
    if (session.actProblem !== '') return session.actProblem
    if (trace.header === null || trace.tail === null) return 'There is no session.'
    return trace.tail.freeze === 0 ? 'The cluster is not frozen at the end of this session; only what was done while it was frozen can be done again in the same order.' : ''
  })

  function fromNew(): unknown {
    return session.actProblem === '' ? overlays.openExplore(0) : session.refuse(session.actProblem)
  }

  function fromHere(): unknown {
    return hereProblem.value === '' ? overlays.openExplore(trace.position) : session.refuse(hereProblem.value)
  }

  /** Runs the session again; asks first if a running cluster would end. */
  function rerun(): unknown {
    if (rerunProblem.value !== '') return session.refuse(rerunProblem.value)
    return session.isLive ? overlays.open('confirm-rerun') : session.rerun()
  }

  return { hereProblem, rerunProblem, fromNew, fromHere, rerun }
})
