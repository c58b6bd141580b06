// Kills and broken rules of a whole session, so that the palette can go to the next of either whatever is held of the events.
import { defineStore } from 'pinia'
import { useTraceStore } from './trace'

/** Stops that are kept of each; the first ones, as nobody walks through more. */
const stopsMax = 10_000

export const useStopsStore = defineStore('stops', () => {
  const trace = useTraceStore()
  let kills: number[] = []
  let violations: number[] = []

  trace.addSessionReader({
    begin: () => {
      kills = []
      violations = []
    },
    take: ({ type, seq }) => {
      if (type === 'node-killed' && kills.length < stopsMax) kills.push(seq)
      if (type === 'violation' && violations.length < stopsMax) violations.push(seq)
    },
  })

  /** In order of their seq. */
  return { kills: (): readonly number[] => kills, violations: (): readonly number[] => violations }
})
