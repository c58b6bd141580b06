// The one search of the window: the typed text, the matches among the events in memory, and the cursor's position among them. The log
// shows the matches, the keys G and Shift G step through them from any panel, and a drawing may call `matches` for any event.
// It must never test more events at once than fit into a slice of time.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { Hits } from '../search/hits'
import { Matcher } from '../search/match'
import { parseQuery, type QueryProblem } from '../search/parse'
import { printQuery, type Query } from '../search/query'
import { readSaved, savedKey, saveProblem, withSaved } from '../search/saved-filters'
import { useDerivedStore } from './derived'
import { pauseByMessage } from './pace'
import { SlicedWork } from './sliced-work'
import { useTraceStore } from './trace'

/** Events that are tested between two checks of the clock. */
const eventsAtOnce = 64

export const useSearchStore = defineStore('search', () => {
  const trace = useTraceStore()
  const derived = useDerivedStore()

  /** The text as typed. */
  const text = ref('')
  /** The query of the last text that could be parsed; null: no search. It stays while the typed text cannot be parsed. */
  const query = shallowRef<Query | null>(null)
  const problem = shallowRef<QueryProblem | null>(null)
  /** The search includes heartbeats and details if the log shows them. */
  const withHeartbeats = ref(false)
  const withDetails = ref(false)
  /** Increases when more events were tested. */
  const version = ref(0)
  const isLooking = ref(false)
  let hits: Hits | null = null

  const work = new SlicedWork({
    step: () => hits?.advance(trace.last, eventsAtOnce) ?? false,
    shown: (isMore) => {
      isLooking.value = isMore
      version.value++
    },
    nowMs: () => performance.now(),
    pause: pauseByMessage,
  })

  const source = {
    eventAt: (seq: number) => trace.eventAt(seq),
    typeAt: (seq: number) => derived.messages.typeAt(seq),
    sentOf: (event: { readonly seq: number }) => derived.sentOf(event.seq),
    isHeartbeat: (seq: number) => derived.messages.isHeartbeat(seq),
  }

  function beginAgain(): void {
    work.stop()
    hits = query.value === null ? null : new Hits(new Matcher(query.value, source, { heartbeats: withHeartbeats.value, details: withDetails.value }), trace.first)
    isLooking.value = hits !== null
    version.value++
    if (hits !== null) work.start()
  }

  watch(text, (typed) => {
    const parsed = parseQuery(typed)
    problem.value = parsed.problem
    if (parsed.query === null) return
    const next = parsed.query.length === 0 ? null : parsed.query
    const isSame = printQuery(next ?? []) === printQuery(query.value ?? [])
    if (!isSame) query.value = next
  }, { flush: 'sync' })
  watch([query, withHeartbeats, withDetails, () => derived.page], beginAgain, { flush: 'sync' })
  watch(() => trace.first, (first) => hits?.dropBefore(first))
  watch(() => trace.version, () => { if (hits !== null) work.start() })

  const count = computed(() => { void version.value; return hits?.count ?? 0 })
  /** Number of matches at or before the cursor. */
  const place = computed(() => { void version.value; return hits?.upTo(trace.position) ?? 0 })
  /** True if the event at the cursor is a match. */
  const isOnOne = computed(() => { void version.value; return hits?.has(trace.position) ?? false })

  /** True if the event is a match; false without a search. */
  function matches(seq: number): boolean {
    void version.value
    return hits?.has(seq) ?? false
  }

  /** The nearest match after or before the cursor; undefined without one. */
  function nearest(by: 1 | -1): number | undefined {
    return hits?.nearest(trace.position, by)
  }

  const saved = shallowRef(readSaved(localStorage.getItem(savedKey)))
  function keep(next: typeof saved.value): void {
    saved.value = next
    localStorage.setItem(savedKey, JSON.stringify(next))
  }
  /** Saves the typed text under a name; returns why it cannot, or ''. */
  function save(name: string): string {
    const refusal = problem.value?.text ?? saveProblem(saved.value, name, text.value)
    if (refusal === '') keep(withSaved(saved.value, name, text.value.trim()))
    return refusal
  }
  function removeSaved(name: string): void {
    keep(saved.value.filter((filter) => filter.name !== name))
  }

  return {
    text, query, problem, withHeartbeats, withDetails, version, isLooking, count, place, isOnOne, saved,
    matches, nearest, save, removeSaved,
    /** The last tested event. */
    looked: () => hits?.taken ?? 0,
  }
})
