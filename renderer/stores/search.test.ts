// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings } from '../../src/protocol'
import type { TraceEvent, TraceHeader } from '../../src/trace'
import { useDerivedStore } from './derived'
import { useSearchStore } from './search'
import { useTraceStore } from './trace'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
  nodes: [{ name: 's1', kind: 'replica' }],
}
const event = (seq: number): TraceEvent => ({ type: seq % 2 === 0 ? 'node-resumed' : 'node-paused', seq, at: seq * 1000, wall: 0, node: 's1', incarnation: 1 })
const events = Array.from({ length: 10 }, (_, index) => event(index + 1))

describe('the search of the window', () => {
  beforeEach(() => {
    localStorage.clear()
    setActivePinia(createPinia())
    useDerivedStore()
    const trace = useTraceStore()
    trace.reset(1, header)
    trace.take(events.slice(0, 6))
  })

  it('counts what it finds, says where the cursor stands, and goes on as the session grows', async () => {
    const [trace, search] = [useTraceStore(), useSearchStore()]
    search.text = 'type:resumed'
    expect([search.count, search.place]).toEqual([3, 3])
    trace.goTo(4)
    expect([search.place, search.isOnOne, search.nearest(1), search.nearest(-1)]).toEqual([2, true, 6, 2])
    trace.take(events.slice(6))
    await Promise.resolve()
    expect([search.count, search.matches(10), search.matches(9)]).toEqual([5, true, false])
  })

  it('keeps what was found while what is typed cannot be read, and forgets it with an empty field', () => {
    const search = useSearchStore()
    search.text = 'type:resumed'
    search.text = 'type:resumed view:'
    expect([search.problem?.text.includes('view'), search.count]).toEqual([true, 3])
    search.text = ''
    expect([search.problem, search.query, search.count, search.matches(2)]).toEqual([null, null, 0, false])
  })

  it('begins again with another session', () => {
    const [trace, search] = [useTraceStore(), useSearchStore()]
    search.text = 'type:resumed'
    trace.reset(2, header)
    expect(search.count).toBe(0)
  })

  it('keeps a filter in this browser, and never one that cannot be read', () => {
    const search = useSearchStore()
    search.text = 'type:resumed'
    expect(search.save('resumed')).toBe('')
    search.text = 'view:'
    expect(search.save('bad')).toContain('needs a value')
    setActivePinia(createPinia())
    expect(useSearchStore().saved).toEqual([{ name: 'resumed', text: 'type:resumed' }])
    useSearchStore().removeSaved('resumed')
    expect(localStorage.getItem('understudy.filters')).toBe('[]')
  })
})
