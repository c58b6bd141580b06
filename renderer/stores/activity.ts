// Throughput, latency and marks along the session's time, for the plots and the time line: gathered once, when one of them looks.
import { defineStore } from 'pinia'
import { useDerivedStore } from './derived'
import { marksOf, type Mark } from './marks'
import { Series } from './series'
import { useTraceStore } from './trace'

export const useActivityStore = defineStore('activity', () => {
  const trace = useTraceStore()
  const derived = useDerivedStore()
  let session = trace.session
  let series = new Series()
  let marks: Mark[] = []
  let marked = 0

  /** Takes in what has happened since the last look. The lists grow in place: a caller copies what it keeps. */
  function look(): { series: Series; marks: readonly Mark[] } {
    if (session !== trace.session || trace.latest < marked) {
      session = trace.session
      series = new Series()
      marks = []
      marked = 0
    }
    series.take(derived.operations.returned)
    for (; marked < trace.latest; marked++) {
      const event = trace.eventAt(marked + 1)
      if (event) marks.push(...marksOf(event))
    }
    return { series, marks }
  }

  return { look }
})
