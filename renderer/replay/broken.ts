// The violations as stops of time travel: found by the window's monitors or recorded in the trace. A violation must never be listed twice.
import { defineStore } from 'pinia'
import { useStopsStore } from '../stores/stops'
import { useTraceStore } from '../stores/trace'
import { useReplays } from './replay-store'
import { inOrder, onlyTold } from './violations'

export const useBroken = defineStore('broken', () => {
  const replays = useReplays()
  const stops = useStopsStore()
  const trace = useTraceStore()

  /** In order of their seq. */
  function violations(): readonly number[] {
    return inOrder(replays.violations.map(({ seq }) => seq), onlyTold(stops.violations(), replays.violations).map(({ seq }) => seq))
  }

  /** All failures: of processes, of the cluster, and violations, in order of their seq. */
  function failures(): readonly number[] {
    return inOrder(trace.failures(), violations())
  }

  return { violations, failures }
})
