import { describe, expect, it } from 'vitest'
import { defaultSettings } from '../../../src/protocol'
import { beginState, foldEvent, type ClusterState, type EventBody, type TraceEvent } from '../../../src/trace'
import { eventsOfOthers, inboxMessages, inboxWords, messageName, remainingText, timerRows } from './inbox-rows'

/** Events in order, one millisecond apart; `at` of the state is that of the last. */
function folded(bodies: readonly EventBody[]): { state: ClusterState; events: TraceEvent[] } {
  const state = beginState({
    understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
    nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }],
  })
  const events = bodies.map((body, index): TraceEvent => ({ ...body, seq: index + 1, at: (index + 1) * 1000, wall: 0 }))
  for (const event of events) foldEvent(state, event)
  return { state, events }
}

const started = (node: string): EventBody => ({ type: 'node-started', node, incarnation: 1, step: 0, kind: 'replica', pid: 1, seed: '' })
const ping = (id: string, from: string, to: string): EventBody => ({ type: 'message-sent', id, from, to, message: { type: 'ping', name: from, incarnation: 1, viewnum: 2 } as never })
const freeze = (reason = 'by hand', metBy = 0): EventBody => ({ type: 'frozen', freeze: 1, reason, metBy, timers: [
  { node: 's2', name: 'ping', armed: 1, remainingMs: 40 }, { node: 's1', name: 'retry', armed: 1, remainingMs: 80 }, { node: 's1', name: 'ping', armed: 2, remainingMs: 12 },
] })
const ids = (state: ClusterState): string[] => inboxMessages(state, new Set()).map(({ id }) => id)

describe('the rows of the inboxes', () => {
  it('go by receiver in the order of the cluster, then by sending', () => {
    const { state } = folded([ping('a', 's1', 's2'), ping('b', 's1', 'vs'), ping('c', 's2', 'vs'), ping('d', 's2', 's1'), freeze()])
    expect(ids(state)).toEqual(['b', 'c', 'd', 'a'])
    expect(inboxMessages(state, new Set(['c'])).map(({ id }) => id)).toEqual(['b', 'd', 'a'])
  })

  it('are only the late and held ones while time runs', () => {
    const { state } = folded([ping('a', 's1', 's2'), ping('b', 's1', 'vs'), ping('c', 's2', 'vs'), { type: 'message-delayed', id: 'b', fault: 'slow', ms: 30 }, { type: 'message-held', id: 'c', reason: 'hold' }])
    expect(ids(state)).toEqual(['b', 'c'])
  })

  it('leave out what is on its receiver\'s socket', () => {
    const { state } = folded([ping('a', 's1', 's2'), { type: 'message-handed', id: 'a' }, freeze()])
    expect(ids(state)).toEqual([])
  })

  it('say what a message is and how it waits', () => {
    const { state, events } = folded([
      ping('a', 's1', 's2'), ping('b', 's1', 'vs'), { type: 'message-delayed', id: 'b', fault: 'slow', ms: 26 }, ping('c', 's2', 'vs'),
      { type: 'message-held', id: 'c', reason: 'slow read' }, freeze(),
    ])
    const words = inboxMessages(state, new Set()).map((message) => inboxWords(message, events[message.sentSeq - 1] as never, state.at))
    expect(words).toEqual([
      { title: 'ping from s1', payload: 'view 2', wait: 'late, 23 ms left' }, { title: 'ping from s2', payload: 'view 2', wait: 'held by slow read' },
      { title: 'ping from s1', payload: 'view 2', wait: 'waits 5 ms' },
    ])
    const [first] = inboxMessages(state, new Set())
    expect(first && messageName(first, events[1] as never)).toBe('ping from s1 to vs (view 2)')
  })

  it('tell a copy from its original', () => {
    const { state } = folded([ping('a', 's1', 's2'), { type: 'message-duplicated', id: 'a+1', of: 'a', reason: 'by hand', carries: null }, freeze()])
    expect(inboxMessages(state, new Set()).map((message) => inboxWords(message, undefined, 0).title)).toEqual(['ping from s1', 'ping from s1, a copy'])
  })

  it('are ready for thousands of messages', () => {
    const { state } = folded([...Array.from({ length: 5000 }, (_, index) => ping(`m${index}`, 's1', index % 2 === 0 ? 'vs' : 's2')), freeze()])
    expect(ids(state)).toHaveLength(5000)
    // Takes the fastest of several runs, because the machine may be busy.
    const times = Array.from({ length: 5 }, () => {
      const begun = performance.now()
      ids(state)
      return performance.now() - begun
    })
    expect(Math.min(...times)).toBeLessThan(100)
  })
})

describe('the frozen timers', () => {
  it('go by process, then by what is left, without those of the dead', () => {
    const { state } = folded([started('s1'), started('s2'), freeze()])
    expect(timerRows(state).map(({ node, name }) => `${node} ${name}`)).toEqual(['s1 ping', 's1 retry', 's2 ping'])
    foldEvent(state, { type: 'node-exited', node: 's1', incarnation: 1, code: null, signal: 'SIGKILL', stderr: '', seq: 9, at: 0, wall: 0 })
    expect(timerRows(state).map(({ node }) => node)).toEqual(['s2'])
  })

  it('say what is left', () => {
    expect([remainingText(12.4), remainingText(-3), remainingText(12_000)]).toEqual(['12 ms', '0 ms', '12.0 s'])
  })
})

describe('a freeze by itself', () => {
  it('counts what other nodes did before the freeze', () => {
    const { events } = folded([
      ping('a', 's1', 's2'), ping('b', 's1', 'vs'), ping('c', 's2', 'vs'), { type: 'message-held', id: 'c', reason: 'x' }, started('s2'), freeze('a ping is sent', 1), ping('d', 's2', 'vs'),
    ])
    expect(eventsOfOthers((seq) => events[seq - 1], 1)).toBe(2)
  })
})
