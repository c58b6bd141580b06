// The kills and violations of the whole session, so that time travel can go to the next one, also among events that are not in memory.
import { defineStore } from 'pinia'
import { useTraceStore } from './trace'

/** Most stops of each kind; later ones are dropped, because nobody steps through more. */
const stopsMax = 10_000

/** A violation that is recorded in the trace. */
export interface ToldViolation {
  readonly seq: number
  readonly rule: string
}

export const useStopsStore = defineStore('stops', () => {
  const trace = useTraceStore()
  let kills: number[] = []
  let violations: ToldViolation[] = []

  trace.addSessionReader({
    begin: () => {
      kills = []
      violations = []
    },
    take: (event) => {
      if (event.type === 'node-killed' && kills.length < stopsMax) kills.push(event.seq)
      if (event.type === 'violation' && violations.length < stopsMax) violations.push({ seq: event.seq, rule: event.rule })
    },
  })

  /** Lists of seqs and violations, in order of seq. */
  return { kills: (): readonly number[] => kills, violations: (): readonly ToldViolation[] => violations }
})
