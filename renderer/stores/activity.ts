// Throughput, latency and marks of the whole session, for the plots and the time line, also for events that are not in memory.
import { defineStore } from 'pinia'
import type { TraceEvent } from '../../src/trace'
import { marksOf, type Mark } from './marks'
import { Series } from './series'
import { useTraceStore } from './trace'

/** Most marks that are stored; later ones are dropped, because more would overlap on any screen. */
const marksMax = 20_000
/** Most operations in flight that are timed at once. */
const openMax = 100_000

export const useActivityStore = defineStore('activity', () => {
  const trace = useTraceStore()
  let series = new Series()
  let marks: Mark[] = []
  /** By operation that has not returned: the time of its invocation, in microseconds. */
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

  /** The current series and marks. The lists grow in place, so a caller must copy what it stores. */
  function look(): { series: Series; marks: readonly Mark[] } {
    return { series, marks }
  }

  return { look }
})

function keyOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}
