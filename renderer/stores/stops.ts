// Kills and broken rules of a whole session, so that the palette can go to the next of either whatever is held of the events.
import { defineStore } from 'pinia'
import { useTraceStore } from './trace'

/** Stops that are kept of each; the first ones, as nobody walks through more. */
const stopsMax = 10_000

/** A broken rule that the trace tells. */
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

  /** In order of their seq. */
  return { kills: (): readonly number[] => kills, violations: (): readonly ToldViolation[] => violations }
})
