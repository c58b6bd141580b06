import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { defaultSettings } from '../../../src/protocol'
import { traceVersion, type TraceEvent, type TraceHeader } from '../../../src/trace'
import { useTraceStore } from '../../stores/trace'
import { useInboxes } from './inboxes'

const header: TraceHeader = {
  understudy: 'recording', version: traceVersion, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '1', protocolHash: '',
  nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }],
}
let seq = 0
const event = (body: object): TraceEvent => ({ seq: ++seq, at: seq, wall: seq, ...body }) as unknown as TraceEvent
const sent = (to: string): TraceEvent => event({ type: 'message-sent', id: `s1.1.${seq}.0`, from: 's1', to, message: { type: 'ping', viewnum: 1, incarnation: 1, address: '', initialised: [] } })
const frozen = (freeze: number, metBy: number): TraceEvent => event({ type: 'frozen', freeze, timers: [], reason: 'x', metBy })

describe('the inboxes of a frozen cluster', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    seq = 0
  })

  it('have the message selected for which it froze, whatever waits before it, and in the next freeze the next', async () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    const inboxes = useInboxes()
    trace.take([sent('vs'), sent('vs'), sent('s2'), frozen(1, 3)])
    await nextTick()
    expect([inboxes.messages.map(({ sentSeq }) => sentSeq), inboxes.current]).toEqual([[1, 2, 3], 2])
    inboxes.select(0)
    trace.take([sent('vs')])
    await nextTick()
    expect(inboxes.current, 'a person has chosen another').toBe(0)
    trace.goTo(2)
    await nextTick()
    trace.goLive()
    await nextTick()
    expect(inboxes.current, 'and has travelled away and back').toBe(0)
    trace.take([event({ type: 'thawed', freeze: 1 }), sent('s2'), frozen(2, 7)])
    await nextTick()
    expect(inboxes.messages[inboxes.current]?.sentSeq).toBe(7)
  })

  it('have the first selected, where it froze by hand, and where what it froze for is no message', async () => {
    const trace = useTraceStore()
    trace.reset(1, header)
    const inboxes = useInboxes()
    trace.take([sent('vs'), sent('s2'), frozen(1, 0)])
    await nextTick()
    expect(inboxes.current).toBe(0)
    expect(trace.selection).toEqual({ type: 'event', seq: 1 })
  })
})
