// A preview says what delivering a message would do, and delivering it then does the same.
import { describe, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes, type ReplicaState } from '../protocol'
import { World } from '../sim'
import type { EventOf, TraceEvent } from '../trace'
import { DeliveryPreview, previewDelivery } from './preview'
import type { EventSource } from './node-replay'

/** A frozen cluster that has executed one put; the forward of a second put to s2 is in flight. */
function frozen(): { world: World; events: TraceEvent[]; source: EventSource; forward: EventOf<'message-sent'>; start: EventOf<'node-started'> } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 2, clients: 1, settings: defaultSettings,
    onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  const put = (value: string): unknown => world.invoke('c1', { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes(value) })
  world.run(1000)
  put('1')
  world.run(100)
  const fault = { name: 'slow', where: { from: ['s1'], to: ['s2'], kinds: ['forward'] }, bothWays: false, effect: { type: 'hold' }, times: 1 } as const
  world.perform({ type: 'add-fault', fault, plan: { inMs: 0, forMs: 0 } })
  put('2')
  world.run(20)
  const sent = new Map(events.flatMap((event) => event.type === 'message-sent' ? [[event.id, event.seq]] : []))
  const source: EventSource = {
    header: world.header, eventAt: (seq) => events[seq - 1],
    sentSeq: (seq) => {
      const event = events[seq - 1]
      return event && 'id' in event ? sent.get(event.id) ?? 0 : 0
    },
  }
  const forward = events.findLast((event): event is EventOf<'message-sent'> => event.type === 'message-sent' && event.message.type === 'forward')
  const start = events.findLast((event): event is EventOf<'node-started'> => event.type === 'node-started' && event.node === 's2')
  if (!forward || !start) throw new Error('nothing was forwarded')
  return { world, events, source, forward, start }
}

describe('if a message were delivered now', () => {
  test('the receiver would be in this state and send this', () => {
    const { source, events, forward, start } = frozen()
    const preview = previewDelivery(source, start, events.length, forward)
    expect(preview && [(preview.before as ReplicaState).executed, (preview.after as ReplicaState).executed]).toEqual([1, 2])
    expect(preview?.sends.map(({ to, message }) => `${message.type} to ${to}`)).toEqual(['forward-ack to s1'])
    expect(preview?.breaks).toBe('')
  })

  test('and that is what happens when it is', () => {
    const { world, source, events, forward, start } = frozen()
    const preview = previewDelivery(source, start, events.length, forward)
    world.perform({ type: 'deliver', id: forward.id })
    world.run(1)
    expect(world.inspect('s2')).toEqual(preview?.after)
  })

  test('nothing of the cluster is touched, and slices give the same', () => {
    const { world, source, events, forward, start } = frozen()
    const { length } = events
    const inSlices = new DeliveryPreview(source, start, length, forward)
    let preview = inSlices.advance(10)
    for (let slices = 0; !preview && slices < 10_000; slices++) preview = inSlices.advance(10)
    expect(preview).toEqual(previewDelivery(source, start, length, forward))
    expect([events.length, (world.inspect('s2') as ReplicaState).executed]).toEqual([length, 1])
  })
})
