// What happened, the one cursor that every panel reads, and what is selected. Panels compute everything else from here.
// `events` and `state` are changed in place and announced once per batch: a computed over them must return a new value
// (a number, a string, a fresh object), never an object found inside them, or Vue sees no change. `version` grows with each announcement.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { beginState, copyState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { createHistory, type History } from './history'

/** Distance of checkpoints for going back, and how many may be kept before it doubles. */
const historyOptions = { checkpointEvents: 4096, checkpointsMax: 128 }

/** `live`: the tail, whatever comes. Otherwise the seq of the last event that has happened; 0: before the first. */
export type Cursor = 'live' | number

/** What the inspector shows. Selecting an event also moves the cursor there; the others leave it. */
export type Selection =
  | { readonly type: 'event'; readonly seq: number }
  | { readonly type: 'node'; readonly node: string }
  | { readonly type: 'operation'; readonly node: string; readonly incarnation: number; readonly operationId: number }
  | { readonly type: 'view'; readonly viewnum: number }

export const useTraceStore = defineStore('trace', () => {
  /** The session that the events belong to; 0: none. */
  const session = ref(0)
  const header = shallowRef<TraceHeader | null>(null)
  /** `events[seq - 1]` is the event `seq`. */
  const events = shallowRef<TraceEvent[]>([])
  const version = ref(0)
  const cursor = ref<Cursor>('live')
  const selection = shallowRef<Selection | null>(null)
  let history: History<ClusterState> | null = null
  /** At the cursor, and at the tail; null without a session. */
  const state = shallowRef<ClusterState | null>(null)
  const tail = shallowRef<ClusterState | null>(null)

  /** seq of the newest event here; 0 without one. */
  const latest = computed(() => { void version.value; return events.value.length })
  const follow = computed(() => cursor.value === 'live')
  /** seq of the last event at the cursor. */
  const position = computed(() => cursor.value === 'live' ? latest.value : cursor.value)

  /** Forgets everything and begins with another session. */
  function reset(nextSession: number, nextHeader: TraceHeader | null): void {
    session.value = nextSession
    header.value = nextHeader
    events.value = []
    cursor.value = 'live'
    selection.value = null
    history = nextHeader === null ? null : createHistory<ClusterState, TraceEvent>(
      { begin: () => beginState(nextHeader), fold: foldEvent, copy: copyState }, events.value, historyOptions)
    announce()
  }

  /** Appends a batch whose first event must be the one after `latest`. */
  function take(batch: readonly TraceEvent[]): void {
    if (batch.length === 0) return
    if (batch[0]?.seq !== events.value.length + 1) throw new Error(`event ${batch[0]?.seq} came after ${events.value.length}`)
    for (const event of batch) events.value.push(event)
    history?.advance()
    announce()
  }

  function announce(): void {
    version.value++
    triggerRef(events)
    tail.value = history?.tail() ?? null
    triggerRef(tail)
    // What happens at the tail changes nothing at an earlier moment.
    if (cursor.value === 'live') showState()
  }

  function showState(): void {
    state.value = history === null ? null : cursor.value === 'live' ? history.tail() : history.at(cursor.value)
    triggerRef(state)
  }

  /** Moves the cursor to an event (or to 0, before the first); out of range goes to the nearest. */
  function goTo(seq: number): void {
    cursor.value = Math.max(0, Math.min(Math.trunc(seq), events.value.length))
    showState()
  }

  /** The only way back to the tail. */
  function goLive(): void {
    cursor.value = 'live'
    showState()
  }

  /** Moves the cursor by events; from the tail, back. */
  function step(by: number): void {
    goTo(position.value + by)
  }

  function select(next: Selection | null): void {
    selection.value = next
    if (next?.type === 'event') goTo(next.seq)
  }

  function eventAt(seq: number): TraceEvent | undefined {
    return events.value[seq - 1]
  }

  return {
    session, header, events, version, cursor, selection, state, tail, latest, follow, position,
    reset, take, goTo, goLive, step, select, eventAt,
  }
})
