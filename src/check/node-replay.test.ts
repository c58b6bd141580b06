// A replay gives the states that the nodes had, and says where a recording does not conform.
import { describe, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes, type ReplicaState } from '../protocol'
import { World } from '../sim'
import type { EventOf, TraceEvent } from '../trace'
import { NodeReplay, type EventSource } from './node-replay'

function session(): { world: World; events: TraceEvent[]; source: EventSource } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 3, clients: 1, settings: defaultSettings,
    onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  world.run(500)
  world.invoke('c1', { type: 'put', key: utf8ToBytes('ä'), value: utf8ToBytes('1') })
  world.run(100)
  world.kill('s1')
  world.run(1500)
  world.invoke('c1', { type: 'append', key: utf8ToBytes('ä'), value: utf8ToBytes('\u0000\u00ff') })
  world.run(500)
  world.restart('s1')
  world.run(500)
  const sent = new Map(events.flatMap((event) => event.type === 'message-sent' ? [[event.id, event.seq]] : []))
  return {
    world, events,
    source: {
      header: world.header, eventAt: (seq) => events[seq - 1],
      sentSeq: (seq) => {
        const event = events[seq - 1]
        return event && 'id' in event ? sent.get(event.id) ?? 0 : 0
      },
    },
  }
}

const lastStart = (events: readonly TraceEvent[], node: string): EventOf<'node-started'> =>
  events.findLast((event): event is EventOf<'node-started'> => event.type === 'node-started' && event.node === node) as EventOf<'node-started'>

describe('stepping a node again', () => {
  test('ends in the state that every node is in, with the effects that were recorded', () => {
    const { world, events, source } = session()
    for (const node of world.names) {
      const replay = new NodeReplay(source, lastStart(events, node))
      expect(replay.advance(events.length, Infinity)).toBe(true)
      replay.finish()
      expect(replay.difference, node).toBeNull()
      expect(replay.after, node).toEqual(world.inspect(node))
    }
  })

  test('is the same in slices as at once', () => {
    const { events, source } = session()
    const replay = new NodeReplay(source, lastStart(events, 's2'))
    let slices = 0
    while (!replay.advance(events.length, 10)) slices++
    expect(slices).toBeGreaterThan(10)
    expect((replay.after as ReplicaState).executed).toBe(2)
  })

  test('knows the state before the last step', () => {
    const { events, source } = session()
    const installed = events.find((event) => event.type === 'transfer-installed' && event.node === 's3') as TraceEvent
    const replay = new NodeReplay(source, lastStart(events, 's3'))
    replay.advance(installed.seq, Infinity)
    expect([(replay.before as ReplicaState).executed, (replay.after as ReplicaState).executed]).toEqual([0, 1])
  })

  test('names the first step whose effects are not the recorded ones', () => {
    const { events, source } = session()
    const forged = events.findIndex((event) => event.type === 'message-sent' && event.message.type === 'forward-ack' && event.message.executed === 1)
    const event = events[forged] as EventOf<'message-sent'>
    events[forged] = { ...event, message: { ...event.message, executed: 7 } as typeof event.message }
    const replay = new NodeReplay(source, lastStart(events, event.from))
    replay.advance(events.length, Infinity)
    expect(replay.difference).toMatchObject({ expected: expect.stringContaining('"executed":7') as string, found: expect.stringContaining('"executed":1') as string })
    expect(replay.difference?.seq).toBeLessThan(event.seq)
  })

  test('names it at once where the recording ends with that effect, and calls no step different whose effects are still to come', () => {
    const { events, source } = session()
    const at = events.findIndex((event) => event.type === 'message-sent' && event.message.type === 'forward-ack' && event.message.executed === 1)
    const event = events[at] as EventOf<'message-sent'>
    const until = (seq: number): NodeReplay['difference'] => {
      const replay = new NodeReplay(source, lastStart(events, event.from))
      replay.advance(seq, Infinity)
      return replay.difference
    }
    events[at] = { ...event, message: { ...event.message, executed: 7 } as typeof event.message }
    expect(until(event.seq - 1)).toBeNull()
    expect(until(event.seq)).toMatchObject({ found: expect.stringContaining('"executed":1') as string })
  })
})
