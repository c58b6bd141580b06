// The shared state of the diagram: the model of the session, the stretch in view, and the switches of its bar.
// It must never draw, and never move the cursor except through the trace store.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch, type ShallowRef } from 'vue'
import type { TraceHeader } from '../../../src/trace'
import { useTraceStore } from '../../stores/trace'
import { causeOrBefore, effectOf } from './causality'
import { DiagramModel } from './model/model'
import type { Axis } from './model/places'
import { firstViewport, fit, follow, pan, reveal, zoom, type Extent, type Viewport } from './viewport'

/** Two events whose distance is measured; 0 for one that is not chosen yet. */
export interface Measured {
  readonly from: number
  readonly to: number
}

/** Zoom factor of one press of + or -. */
const keyZoom = 1.6
/** Share of the view by which one key press pans. */
const keyPanShare = 0.25

export const useDiagram = defineStore('diagram', () => {
  const trace = useTraceStore()
  const model = shallowRef<DiagramModel | null>(null)
  /** Increases with each batch that the model has taken. */
  const version = ref(0)
  /** null: no measurement is active. */
  const measured = shallowRef<Measured | null>(null)
  const stretch = stretchInView(model)
  const { viewport, view, extent, placeOf } = stretch
  let header: TraceHeader | null = null

  // A plain variable, because reading a ref for each event is slow.
  let taking: DiagramModel | null = null
  trace.addPageReader({
    begin: (_first, before) => {
      const isOther = trace.header !== header
      header = trace.header
      model.value = taking = header ? new DiagramModel(header, before ?? undefined) : null
      if (!isOther) return
      viewport.value = null
      measured.value = null
    },
    take: (event) => { taking?.take(event) },
    // The model keeps columns of numbers and no events, so it may reach further back than the page.
    dropBefore: () => undefined,
  })
  watch(() => trace.version, () => { version.value++ }, { flush: 'sync' })

  /** The view stays at the newest event, and so does the cursor. */
  const isFollowing = computed(() => trace.follow && (viewport.value?.follows ?? true))

  function goLive(): void {
    viewport.value = { ...view(), follows: true }
    trace.goLive()
  }

  function toggleMeasure(): void {
    measured.value = measured.value === null ? { from: 0, to: 0 } : null
  }

  /** Sets the first event of a measurement, then the second; a third call begins another measurement. */
  function measure(seq: number): void {
    const { from, to } = measured.value ?? { from: 0, to: 0 }
    measured.value = from === 0 || to > 0 ? { from: seq, to: 0 } : { from, to: seq }
  }

  /** Moves to the cause (`by` -1) or the effect (`by` 1) of the event at the cursor; returns false if there is none. */
  function walk(by: 1 | -1): boolean {
    const chosen = trace.selection?.type === 'event' ? trace.selection.seq : trace.position
    const next = model.value === null ? 0 : by === 1 ? effectOf(model.value, chosen) : causeOrBefore(model.value, chosen)
    if (next === 0) return false
    trace.select({ type: 'event', seq: next })
    return true
  }

  // A cursor at an event must be in view; a cursor that returns to the tail makes the view follow again.
  watch(() => trace.cursor, (cursor, before) => {
    if (cursor !== 'live') viewport.value = reveal({ ...view(), follows: false }, placeOf(cursor), extent())
    else if (before !== 'live') viewport.value = { ...view(), follows: true }
  }, { flush: 'sync' })

  return {
    model, version, measured, isFollowing, ...stretch, goLive, toggleMeasure, measure, walk,
    zoomByKey: (by: 1 | -1) => stretch.zoomByKey(by, placeOf(trace.position)),
  }
})

/** The axis, the stretch of it that is in view, and the functions that move it. */
function stretchInView(model: ShallowRef<DiagramModel | null>) {
  const axis = ref<Axis>('real')
  const isFolded = ref(true)
  /** The viewport as a person left it; `view()` gives the current one. */
  const viewport = shallowRef<Viewport | null>(null)
  const widthPx = ref(900)

  function extent(): Extent {
    const places = model.value?.places
    if (!places || places.length === 0) return { first: 0, last: 0 }
    return { first: Math.min(0, places.of(places.base, axis.value, isFolded.value)), last: places.of(places.latest, axis.value, isFolded.value) }
  }

  /** The current viewport: one that follows moves with the newest event. */
  function view(): Viewport {
    const kept = viewport.value
    if (kept === null) return firstViewport(axis.value, extent(), widthPx.value)
    return kept.follows ? follow(kept, extent()) : kept
  }

  function fitAll(): void {
    viewport.value = fit(axis.value, extent())
  }

  function zoomAround(factor: number, place: number): void {
    viewport.value = zoom(view(), axis.value, factor, place, extent())
  }

  /** Zooms around the cursor if it is in view, else around the middle. */
  function zoomByKey(by: 1 | -1, cursor: number): void {
    const { from, to } = view()
    zoomAround(keyZoom ** by, cursor >= from && cursor <= to ? cursor : (from + to) / 2)
  }

  function panBy(by: number): void {
    viewport.value = pan(view(), by, extent())
  }

  function panByKey(by: 1 | -1): void {
    const { from, to } = view()
    panBy((to - from) * keyPanShare * by)
  }

  function placeOf(seq: number): number {
    return model.value?.places.of(seq, axis.value, isFolded.value) ?? 0
  }

  /** Changes the axis and keeps the same events in view. */
  function rescale(change: () => void): void {
    const { from, to, follows } = view()
    const places = model.value?.places
    const seqs = [from, to].map((place) => places?.seqAt(place, axis.value, isFolded.value) ?? 0)
    change()
    if (follows || !places) viewport.value = firstViewport(axis.value, extent(), widthPx.value)
    else {
      const [first = 0, last = 0] = seqs.map(placeOf)
      viewport.value = zoom({ from: first, to: Math.max(first + 1, last), follows: false }, axis.value, 1, first, extent())
    }
  }

  /** seq of the first and of the last event in view; null if there is none. */
  function seqsInView(): { from: number; to: number } | null {
    const places = model.value?.places
    if (!places || places.length === 0) return null
    const { from, to } = view()
    const first = Math.max(1, places.seqAt(from, axis.value, isFolded.value) + 1)
    const last = Math.min(places.latest, places.seqAt(to, axis.value, isFolded.value))
    return first <= last ? { from: first, to: last } : null
  }

  function setAxis(next: Axis): void {
    if (next !== axis.value) rescale(() => { axis.value = next })
  }

  function toggleHeartbeats(): void {
    if (axis.value === 'real') isFolded.value = !isFolded.value
    else rescale(() => { isFolded.value = !isFolded.value })
  }

  return { axis, isFolded, viewport, widthPx, view, extent, fitAll, zoomAround, zoomByKey, panBy, panByKey, placeOf, seqsInView, setAxis, toggleHeartbeats }
}
