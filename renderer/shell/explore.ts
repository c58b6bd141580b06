// Exploring from the window, and running again on processes what was found: when it can be done, why not, and what is asked first.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useBranch } from './branch'
import { useOverlays } from './overlays'

export const useExplore = defineStore('explore', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()
  const branch = useBranch()

  /** Why nothing can be explored from the event at the cursor; '' when it can. */
  const hereProblem = computed(() => branch.momentProblem('explore')
    || (trace.header?.settings.replication === 'asynchronous' ? 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.' : ''))

  /** Why the session cannot be run again on processes; '' when it can. */
  const rerunProblem = computed(() => {
    void trace.version
    if (session.commandProblem !== '') return session.commandProblem
    if (trace.header === null || trace.tail === null) return 'There is no session.'
    return trace.tail.freeze === 0 ? 'Time goes on at the end of this session; only what was done while it stood still can be done again in the same order.' : ''
  })

  function fromNew(): unknown {
    return session.commandProblem === '' ? overlays.openExplore(0) : session.refuse(session.commandProblem)
  }

  function fromHere(): unknown {
    return hereProblem.value === '' ? overlays.openExplore(trace.position) : session.refuse(hereProblem.value)
  }

  /** Asks first where a cluster would end. */
  function rerun(): unknown {
    if (rerunProblem.value !== '') return session.refuse(rerunProblem.value)
    return session.isLive ? overlays.open('confirm-rerun') : session.rerun()
  }

  return { hereProblem, rerunProblem, fromNew, fromHere, rerun }
})
