// What happened, the one cursor that every panel reads, and what is selected. Panels compute everything else from here.
// Events are held as a page (session-events.ts): `eventAt` knows those of the page, readers take each as it comes. The state is changed in
// place and announced once per batch: a computed over it must return a new value (a number, a string, a fresh object), never an object
// found inside it, or Vue sees no change. `version` grows with each announcement.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { formatEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { Intake } from './intake'
import { paceOfWindow, pauseByMessage } from './pace'
import { loadPage, type FetchEvents } from './page-load'
import { SessionEvents } from './session-events'

/** `live`: the tail, whatever comes. Otherwise the seq of the last event that has happened; 0: before the first. */
export type Cursor = 'live' | number

/** What the inspector shows. Selecting an event also moves the cursor there; the others leave it, and so does `lookAt`. */
export type Selection =
  | { readonly type: 'event'; readonly seq: number }
  | { readonly type: 'node'; readonly node: string }
  | { readonly type: 'operation'; readonly node: string; readonly incarnation: number; readonly operationId: number }
  | { readonly type: 'view'; readonly viewnum: number }

/** Lines that are put together at once: a millisecond or two. */
const readAtOnce = 8192

/** A page that is on its way from the lab. */
export interface Loading {
  readonly target: number | 'tail'
  /** Events of it that are here, of how many. */
  readonly done: number
  readonly total: number
}

// eslint-disable-next-line max-lines-per-function -- a store is one closure: cursor, page and what is announced share its refs, and each part is small
export const useTraceStore = defineStore('trace', () => {
  /** The session that the events belong to; 0: none. */
  const session = ref(0)
  const header = shallowRef<TraceHeader | null>(null)
  const version = ref(0)
  const cursor = ref<Cursor>('live')
  const selection = shallowRef<Selection | null>(null)
  const loading = shallowRef<Loading | null>(null)
  /** Why the last page could not be brought; empty if it could. */
  const loadProblem = ref('')
  const events = new SessionEvents()
  const intake = new Intake({
    take: (text, at, end) => events.take(text, at, end, cursor.value === 'live' ? 'tail' : cursor.value),
    taken: announce, pause: pauseByMessage, ...paceOfWindow,
  })
  let fetchEvents: FetchEvents | null = null
  let load = 0
  /** At the cursor, and at the tail; null without a session. */
  const state = shallowRef<ClusterState | null>(null)
  const tail = shallowRef<ClusterState | null>(null)

  /** seq of the newest event here; 0 without one. */
  const latest = computed(() => { void version.value; return events.latest })
  /** The events that are in memory: seq of the first and of the last. */
  const first = computed(() => { void version.value; return events.first })
  const last = computed(() => { void version.value; return events.last })
  const follow = computed(() => cursor.value === 'live')
  /** seq of the last event at the cursor. */
  const position = computed(() => cursor.value === 'live' ? latest.value : cursor.value)

  /** Forgets everything and begins with another session. */
  function reset(nextSession: number, nextHeader: TraceHeader | null): void {
    stopLoading()
    intake.clear()
    session.value = nextSession
    header.value = nextHeader
    cursor.value = 'live'
    selection.value = null
    events.reset(nextHeader)
    announce()
  }

  /** Takes a batch in slices: lines joined by line feeds, the first that of the event after those taken and waiting. Resolves when more may come. */
  function takeText(text: string): Promise<void> {
    return intake.add(text)
  }

  /** The same at once, for events that are objects. */
  function take(batch: readonly TraceEvent[]): void {
    for (const event of batch) events.takeLine(formatEvent(event), cursor.value === 'live' ? 'tail' : cursor.value)
    if (batch.length > 0) announce()
  }

  /** How events that are not held are asked for; null while there is nobody to ask. */
  function connect(fetch: FetchEvents | null): void {
    fetchEvents = fetch
  }

  function announce(): void {
    version.value++
    tail.value = events.tail
    triggerRef(tail)
    // What happens at the tail changes nothing at an earlier moment.
    if (cursor.value === 'live') showState()
  }

  function showState(): void {
    state.value = cursor.value === 'live' ? events.tail : events.stateAt(cursor.value)
    triggerRef(state)
  }

  function show(next: Cursor): void {
    cursor.value = next
    showState()
  }

  /** Moves the cursor to an event (or to 0, before the first); out of range goes to the nearest. One that is not held is brought first. */
  function goTo(seq: number): void {
    const wanted = Math.max(0, Math.min(Math.trunc(seq), events.latest))
    if (!events.has(wanted)) return void bring(wanted)
    stopLoading()
    show(wanted)
  }

  /** The only way back to the tail. */
  function goLive(): void {
    if (!events.isAttached) return void bring('tail')
    stopLoading()
    show('live')
  }

  async function bring(target: number | 'tail'): Promise<void> {
    const own = ++load
    const fetch = fetchEvents
    if (fetch === null) {
      loadProblem.value = 'These events are not in memory, and there is no connection to the lab to ask for them.'
      return
    }
    loadProblem.value = ''
    loading.value = { target, done: 0, total: 0 }
    try {
      await loadPage(events, {
        target, fetch, pause: pauseByMessage, nowMs: () => performance.now(), isOver: () => own !== load,
        progress: (done, total, isThere) => { if (own === load) showPage(target, done, total, isThere) },
      })
    } catch (error) {
      if (own === load) loadProblem.value = error instanceof Error ? error.message : String(error)
    }
    if (own === load) stopLoading()
  }

  let shownAtMs = 0
  function showPage(target: number | 'tail', done: number, total: number, isThere: boolean): void {
    const nowMs = performance.now()
    const isNew = isThere && (target === 'tail' ? events.isAttached && cursor.value !== 'live' : cursor.value !== target)
    if (!isNew && done < total && nowMs - shownAtMs < 100) return
    shownAtMs = nowMs
    loading.value = { target, done, total }
    if (isNew) cursor.value = target === 'tail' ? 'live' : target
    announce()
    showState()
  }

  /** Gives a page up that is on its way; what has come of it stays. */
  function stopLoading(): void {
    load++
    loading.value = null
  }

  /** Moves the cursor by events; from the tail, back. */
  function step(by: number): void {
    goTo(position.value + by)
  }

  function select(next: Selection | null): void {
    selection.value = next
    if (next?.type === 'event') goTo(next.seq)
  }

  /** Selects and leaves the cursor: a message in an inbox is still under way now, however long ago it was sent. */
  function lookAt(next: Selection): void {
    selection.value = next
  }

  /** Undefined where it is not held. */
  function eventAt(seq: number): TraceEvent | undefined {
    void version.value
    return events.eventAt(seq)
  }

  /** Lines from event `from` on, at least one and at most `count`: from memory, or from the lab. */
  async function readText(from: number, count: number): Promise<{ readonly count: number; readonly text: string }> {
    const lines = events.linesFrom(from, Math.min(count, readAtOnce))
    if (lines.length > 0) return { count: lines.length, text: lines.join('\n') }
    if (fetchEvents === null) throw new Error('There is no connection to the lab to ask for events.')
    return fetchEvents(from, count)
  }

  /** Cluster time of any event in microseconds, near it where it is not held; 0 before the first. */
  function timeOf(seq: number): number {
    void version.value
    return seq <= 0 ? 0 : events.timeOf(seq)
  }

  return {
    session, header, version, cursor, selection, loading, loadProblem, state, tail, latest, first, last, follow, position,
    reset, take, takeText, connect, goTo, goLive, step, select, lookAt, stopLoading, eventAt, timeOf,
    /** Events wait to be taken. */
    isTaking: () => !intake.isIdle,
    lineAt: (seq: number) => events.lineAt(seq),
    /** The last event at or before a cluster time; near it where events are not held. */
    seqAtTime: (micros: number) => events.seqAtTime(micros),
    /** Events worth travelling to, of the whole session, in order. */
    failures: () => events.times.failures,
    viewChanges: () => events.times.views,
    readText,
    addSessionReader: events.addSessionReader.bind(events),
    addPageReader: events.addPageReader.bind(events),
  }
})
