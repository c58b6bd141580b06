// Stops of travel that broken rules are: found by watching or told by the trace, each breach once.
import { defineStore } from 'pinia'
import { useStopsStore } from '../../stores/stops'
import { useTraceStore } from '../../stores/trace'
import { useReplays } from '../inspector/replay-store'
import { inOrder, onlyTold } from './violations'

export const useBroken = defineStore('broken', () => {
  const replays = useReplays()
  const stops = useStopsStore()
  const trace = useTraceStore()

  /** In order of their seq. */
  function violations(): readonly number[] {
    return inOrder(replays.breaches.map(({ seq }) => seq), onlyTold(stops.violations(), replays.breaches).map(({ seq }) => seq))
  }

  /** What went wrong: with processes, with the cluster, with a rule. */
  function failures(): readonly number[] {
    return inOrder(trace.failures(), violations())
  }

  return { violations, failures }
})
