import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { computed } from 'vue'
import { defaultSettings } from '../../src/protocol'
import type { TraceEvent, TraceHeader } from '../../src/trace'
import { useTraceStore } from './trace'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
  nodes: [{ name: 's1', kind: 'replica' }],
}
const life = (type: 'node-paused' | 'node-resumed', seq: number): TraceEvent => ({ type, seq, at: seq * 1000, wall: 0, node: 's1', incarnation: 1 })
const events = [life('node-paused', 1), life('node-resumed', 2), life('node-paused', 3)]

describe('the trace store', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('follows the tail until somebody sets the cursor, and again when told', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    trace.take(events.slice(0, 1))
    expect([trace.follow, trace.position, trace.state?.nodes.get('s1')?.life]).toEqual([true, 1, 'paused'])
    trace.step(0)
    trace.take(events.slice(1))
    expect([trace.follow, trace.position, trace.state?.nodes.get('s1')?.life, trace.tail?.seq]).toEqual([false, 1, 'paused', 3])
    trace.goLive()
    expect([trace.follow, trace.position, trace.state?.seq]).toEqual([true, 3, 3])
  })

  it('knows for how long the lab has had events that are not shown, until they are', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    try {
      const trace = useTraceStore()
      trace.reset(1, header)
      trace.labHas(3)
      now.mockReturnValue(7500)
      trace.take(events.slice(0, 2))
      expect([trace.behindMs, trace.isFarBehind()]).toEqual([6500, true])
      trace.take(events.slice(2))
      expect([trace.behindMs, trace.isFarBehind()]).toEqual([0, false])
    } finally {
      now.mockRestore()
    }
  })

  it('moves the cursor with a selected event, and leaves it with a selected process', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    trace.take(events)
    trace.select({ type: 'event', seq: 2 })
    expect([trace.cursor, trace.state?.nodes.get('s1')?.life]).toEqual([2, 'up'])
    trace.select({ type: 'node', node: 's1' })
    expect(trace.cursor).toBe(2)
  })

  it('keeps the cursor within the events', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    trace.take(events)
    trace.goTo(99)
    expect(trace.position).toBe(3)
    trace.goTo(-5)
    expect([trace.position, trace.state?.seq]).toEqual([0, 0])
  })

  it('announces a batch once, so that what is computed from the state changes with it', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    const word = computed(() => trace.state?.nodes.get('s1')?.life)
    expect(word.value).toBe('none')
    const before = trace.version
    trace.take(events.slice(0, 2))
    expect([word.value, trace.version - before]).toEqual(['up', 1])
  })

  it('refuses a batch with a gap', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    expect(() => trace.take(events.slice(1))).toThrow('event 2 came after 0')
  })

  it('forgets everything with another session', () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    trace.take(events)
    trace.select({ type: 'event', seq: 2 })
    trace.reset(2, header)
    expect([trace.latest, trace.cursor, trace.selection, trace.state?.seq]).toEqual([0, 'live', null, 0])
  })
})
