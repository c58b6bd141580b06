// Moves the cursor by a unit, to the next stop of a kind, or to the next match of the search. Keys, palette and bar use it.
// It must never fail silently: if there is no such event it says so.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useBroken } from '../replay/broken'
import { useDerivedStore } from '../stores/derived'
import { useSearchStore } from '../stores/search'
import { useSessionStore } from '../stores/session'
import { useStopsStore } from '../stores/stops'
import { useTraceStore } from '../stores/trace'
import { nearest, nearestMessage } from '../stores/travel'
import type { TravelUnit } from '../words/command-names'

export const useTravel = defineStore('travel', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  const derived = useDerivedStore()
  const search = useSearchStore()
  const stops = useStopsStore()
  const broken = useBroken()
  /** The unit by which the step buttons of the bar move. */
  const unit = ref<TravelUnit>('event')

  /** Selects the event too, so that the inspector shows it, as after a click on it. */
  function select(seq: number): void {
    if (trace.latest === 0) return sayNone('event')
    trace.select({ type: 'event', seq: Math.max(1, Math.min(trace.latest, seq)) })
  }

  function sayNone(what: string): void {
    const isReading = trace.latest < session.status.latest || session.status.recording?.readShare !== undefined
    session.say(isReading ? `No ${what} is here yet: the session is still being read.` : `There is no ${what}.`, 'refused')
  }

  function toFound(seq: number | undefined, by: 1 | -1, what: string): void {
    if (seq !== undefined) return select(seq)
    sayNone(`${by === 1 ? 'later' : 'earlier'} ${what}`)
  }

  function step(what: TravelUnit, by: 1 | -1): void {
    switch (what) {
      case 'event': return select(trace.position + by)
      case 'message': return toFound(messageFrom(by), by, trace.first > 1 || trace.last < trace.latest ? 'message among the events in memory' : 'message')
      case 'view': return toFound(nearest(trace.viewChanges(), trace.position, by), by, 'view')
      case 'failure': return toFound(nearest(broken.failures(), trace.position, by), by, 'failure')
    }
  }

  function messageFrom(by: 1 | -1): number | undefined {
    return nearestMessage(derived.messages, trace.position, by, trace.first, trace.last)
  }

  function kill(by: 1 | -1): void {
    toFound(nearest(stops.kills(), trace.position, by), by, 'kill')
  }

  function violation(by: 1 | -1): void {
    toFound(nearest(broken.violations(), trace.position, by), by, 'violation')
  }

  /** Moves to the next or previous match of the search, whichever panel has the focus. */
  function match(by: 1 | -1): void {
    if (search.query === null) return session.refuse('There is no search: press / and type what to look for.')
    toFound(search.nearest(by), by, search.isLooking ? 'match yet: the search still looks' : 'match')
  }

  return { unit, select, step, kill, violation, match }
})
