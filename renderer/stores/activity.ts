// Throughput, latency and marks along the session's time, for the plots and the time line: of the whole session, whatever is held of it.
import { defineStore } from 'pinia'
import type { TraceEvent } from '../../src/trace'
import { marksOf, type Mark } from './marks'
import { Series } from './series'
import { useTraceStore } from './trace'

/** Marks that are kept; the first ones, as more would lie on one another on any screen. */
const marksMax = 20_000
/** Operations that are out at once and are timed. */
const openMax = 100_000

export const useActivityStore = defineStore('activity', () => {
  const trace = useTraceStore()
  let series = new Series()
  let marks: Mark[] = []
  /** When each operation that has not returned was invoked, in microseconds. */
  let open = new Map<string, number>()

  function take(event: TraceEvent): void {
    if (event.type === 'operation-invoked') {
      if (open.size < openMax) open.set(keyOf(event, event.operation.operationId), event.at)
      return
    }
    if (event.type === 'operation-returned') return takeReturn(event)
    if (marks.length < marksMax) marks.push(...marksOf(event))
  }

  function takeReturn(event: Extract<TraceEvent, { type: 'operation-returned' }>): void {
    const key = keyOf(event, event.operationId)
    const invokedAt = open.get(key)
    if (invokedAt === undefined) return
    open.delete(key)
    series.take({ invokedAt, returnedAt: event.at, isOk: event.outcome.type === 'ok' })
  }

  trace.addSessionReader({
    begin: () => {
      series = new Series()
      marks = []
      open = new Map()
    },
    take,
  })

  /** What is known by now. The lists grow in place: a caller copies what it keeps. */
  function look(): { series: Series; marks: readonly Mark[] } {
    return { series, marks }
  }

  return { look }
})

function keyOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}
