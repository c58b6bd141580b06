// The events, the one cursor that every panel reads, and the selection. Panels compute everything else from these.
// A page of events is in memory (session-events.ts): `eventAt` gives those of the page, and readers take each event as it arrives.
// The state changes in place and is announced once per batch; `version` increases with each announcement. A computed over the state must
// never return an object found inside it, only a new value (a number, a string, a fresh object), or Vue sees no change.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { formatEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { Intake } from './intake'
import { farBehindMs, Lag } from './lag'
import { paceOfWindow, pauseByMessage } from './pace'
import { loadPage, type FetchEvents } from './page-load'
import { SessionEvents } from './session-events'

/** `live`: the tail, even as events arrive. Otherwise the seq of the last event that has happened; 0: before the first. */
export type Cursor = 'live' | number

/** What the inspector shows. Selecting an event also moves the cursor to it; other selections and `lookAt` do not. */
export type Selection =
  | { readonly type: 'event'; readonly seq: number }
  | { readonly type: 'node'; readonly node: string }
  | { readonly type: 'operation'; readonly node: string; readonly incarnation: number; readonly operationId: number }
  | { readonly type: 'view'; readonly viewnum: number }

/** Most lines that are joined at once; it takes a millisecond or two. */
const readAtOnce = 8192

/** A page that is being fetched from the lab. */
export interface Loading {
  readonly target: number | 'tail'
  /** Events of the page that have arrived, of `total`. */
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
  /** Why the last page could not be fetched; empty if it could. */
  const loadProblem = ref('')
  const events = new SessionEvents()
  const lag = new Lag()
  /** For how many milliseconds the lab has had events that are not shown here; 0: all are shown. */
  const behindMs = ref(0)
  const intake = new Intake({
    isFarBehind,
    take: (text, at, end) => events.take(text, at, end, cursor.value === 'live' ? 'tail' : cursor.value),
    taken: announce, pause: pauseByMessage, ...paceOfWindow,
  })
  let fetchEvents: FetchEvents | null = null
  let load = 0
  /** The states at the cursor and at the tail; null without a session. */
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

  /** Drops everything and begins another session. */
  function reset(nextSession: number, nextHeader: TraceHeader | null): void {
    stopLoading()
    intake.clear()
    session.value = nextSession
    header.value = nextHeader
    cursor.value = 'live'
    selection.value = null
    events.reset(nextHeader)
    lag.reset()
    announce()
  }

  /** Takes a batch in slices: lines joined by line feeds, which continue the events taken and waiting. Resolves when the next batch may be sent. */
  function takeText(text: string): Promise<void> {
    return intake.add(text)
  }

  /** Takes a batch of event objects at once. */
  function take(batch: readonly TraceEvent[]): void {
    for (const event of batch) events.takeLine(formatEvent(event), cursor.value === 'live' ? 'tail' : cursor.value)
    if (batch.length > 0) announce()
  }

  /** Sets how events that are not in memory are fetched; null without a connection. */
  function connect(fetch: FetchEvents | null): void {
    fetchEvents = fetch
  }

  /** Notes that the lab has events up to `latestThere`. */
  function labHas(latestThere: number): void {
    lag.told(latestThere, performance.now())
    lookBehind()
  }

  function isFarBehind(): boolean {
    return behindMs.value >= farBehindMs
  }

  function lookBehind(): void {
    behindMs.value = lag.behindMs(events.latest, performance.now())
  }

  function announce(): void {
    version.value++
    lookBehind()
    tail.value = events.tail
    triggerRef(tail)
    // Events at the tail do not change the state at an earlier cursor.
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

  /** Moves the cursor to an event (0: before the first); out of range goes to the nearest. An event that is not in memory is fetched first. */
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

  /** Cancels the page that is being fetched; the events that have arrived stay. */
  function stopLoading(): void {
    load++
    loading.value = null
  }

  /** Moves the cursor by a number of events, relative to its position. */
  function step(by: number): void {
    goTo(position.value + by)
  }

  function select(next: Selection | null): void {
    selection.value = next
    if (next?.type === 'event') goTo(next.seq)
  }

  /** Selects without moving the cursor: a message in an inbox is in flight now, however long ago it was sent. */
  function lookAt(next: Selection): void {
    selection.value = next
  }

  /** Undefined if the event is not in memory. */
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

  /** Cluster time of any event in microseconds, approximate if it is not in memory; 0 before the first. */
  function timeOf(seq: number): number {
    void version.value
    return seq <= 0 ? 0 : events.timeOf(seq)
  }

  return {
    session, header, version, cursor, selection, loading, loadProblem, state, tail, latest, first, last, follow, position, behindMs,
    reset, take, takeText, labHas, isFarBehind, connect, goTo, goLive, step, select, lookAt, stopLoading, eventAt, timeOf,
    /** True while events wait to be taken. */
    isTaking: () => !intake.isIdle,
    lineAt: (seq: number) => events.lineAt(seq),
    /** The last event at or before a cluster time; approximate where events are not in memory. */
    seqAtTime: (micros: number) => events.seqAtTime(micros),
    /** The seqs of failures (and of view changes, below) of the whole session, in order. */
    failures: () => events.times.failures,
    viewChanges: () => events.times.views,
    readText,
    addSessionReader: events.addSessionReader.bind(events),
    addPageReader: events.addPageReader.bind(events),
  }
})
