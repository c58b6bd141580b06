// A keeper shows the same states as a replay from the start: at any event, from any checkpoint, however its events were chunked.
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../protocol'
import { World } from '../sim'
import type { EventOf, TraceEvent, TraceHeader } from '../trace'
import { ReplayKeeper } from './replay-keeper'
import { NodeReplay } from './node-replay'

let header: TraceHeader
let events: TraceEvent[]
beforeAll(() => {
  events = []
  const world = new World({
    title: '', seed: '3', replicas: 3, clients: 2, settings: { ...defaultSettings, transferChunkBytes: 64, transferWindow: 1 },
    onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  header = world.header
  const write = (count: number): void => {
    for (let index = 0; index < count; index++) {
      world.invoke(index % 2 === 0 ? 'c1' : 'c2', { type: index % 3 === 0 ? 'append' : 'put', key: utf8ToBytes(`k${index % 7}`), value: utf8ToBytes(`v${index}`) })
      world.run(7)
    }
  }
  world.run(500)
  write(40)
  world.kill('s1')
  world.run(1500)
  write(30)
  world.restart('s1')
  world.run(300)
  write(20)
  world.restart('c1')
  write(20)
})

/** What a replay from the start of the incarnation shows. */
function fromTheStart(node: string, seq: number): object {
  const start = events.findLast((event): event is EventOf<'node-started'> => event.type === 'node-started' && event.node === node && event.seq <= seq)
  if (!start) return { state: null, before: null, step: -1 }
  const sent = new Map(events.flatMap((event) => event.type === 'message-sent' ? [[event.id, event.seq]] : []))
  const source = {
    header, eventAt: (at: number) => events[at - 1],
    sentSeq: (at: number) => { const event = events[at - 1]; return event && 'id' in event ? sent.get(event.id) ?? 0 : 0 },
  }
  const replay = new NodeReplay(source, start)
  replay.advance(seq, Infinity)
  return { state: replay.after, before: replay.before, step: replay.step }
}

function keeperThatFollowed(pieces: readonly number[], checkpointEvents: number, checkpointsMax = 10_000): ReplayKeeper {
  const keeper = new ReplayKeeper(header, { checkpointEvents, checkpointsMax })
  for (let at = 0, turn = 0; at < events.length; turn++) {
    const count = pieces[turn % pieces.length] ?? 1
    keeper.follow(events.slice(at, at + count))
    at += count
  }
  return keeper
}

function look(keeper: ReplayKeeper, node: string, seq: number): object {
  const { state, before, step, differsFrom } = keeper.look(node, seq, events.slice(keeper.needsFrom(node, seq) - 1, seq))
  expect(differsFrom).toBe(0)
  return { state, before, step }
}

describe('replays that are kept', () => {
  test('see at any moment what stepping from the start sees', () => {
    const keeper = keeperThatFollowed([100], 50)
    const nodes = header.nodes.map(({ name }) => name)
    fc.assert(fc.property(fc.constantFrom(...nodes), fc.integer({ min: 0, max: events.length }), (node, seq) => {
      const [seen, whole] = [look(keeper, node, seq), fromTheStart(node, seq)] as [{ state: unknown; step: number }, { state: unknown; step: number }]
      expect([seen.state, seen.step]).toEqual([whole.state, whole.step])
    }), { numRuns: 60 })
  })

  test('are the same however the events came', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 5, max: 900 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 40, max: 800 }), (pieces, distance) => {
      const keeper = keeperThatFollowed(pieces, distance)
      expect(keeper.followed).toBe(events.length)
      expect(look(keeper, 's2', events.length)).toMatchObject({ state: (fromTheStart('s2', events.length) as { state: object }).state })
    }), { numRuns: 8 })
  })

  test('need few events for a look', () => {
    const keeper = keeperThatFollowed([64], 50)
    const needed = events.length - keeper.needsFrom('s2', events.length) + 1
    expect(needed).toBeLessThanOrEqual(100)
  })

  test('tell the present as a whole replay does, from the few events that they keep', () => {
    let told = 0
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }), (pieces) => {
      const keeper = new ReplayKeeper(header, { checkpointEvents: 500, checkpointsMax: 100 })
      for (let at = 0, turn = 0; at < events.length; turn++) {
        const count = pieces[turn % pieces.length] ?? 1
        keeper.follow(events.slice(at, at + count))
        at += count
        if (turn % 3 > 0) continue
        for (const { name } of header.nodes) {
          const [seen] = keeper.lookNow([name], keeper.followed)
          if (!seen) continue
          told++
          expect({ state: seen.state, before: seen.before, step: seen.step }).toEqual(fromTheStart(name, keeper.followed))
        }
      }
    }), { numRuns: 6 })
    expect(told).toBeGreaterThan(50)
  })

  test('tell no other moment than the present, and none after many events at once', () => {
    const keeper = keeperThatFollowed([64], 50)
    expect(keeper.lookNow(['s2'], keeper.followed)).toHaveLength(1)
    expect(keeper.lookNow(['s2'], keeper.followed - 1)).toEqual([])
    expect(keeper.lookNow(['s2', 'nobody'], keeper.followed)).toEqual([])
    expect(keeperThatFollowed([100_000], 50).lookNow(['s2'], events.length)).toEqual([])
  })

  test('keep no more checkpoints than they may, and still see', () => {
    const keeper = keeperThatFollowed([64], 10, 40)
    expect(keeper.checkpointCount).toBeLessThanOrEqual(40)
    for (const seq of [events.length, Math.floor(events.length / 2)]) {
      expect(look(keeper, 's3', seq)).toMatchObject({ state: (fromTheStart('s3', seq) as { state: object }).state })
    }
  })

  test('show nothing of a node that has not started', () => {
    const keeper = keeperThatFollowed([64], 50)
    expect(look(keeper, 's1', 0)).toEqual({ state: null, before: null, step: -1 })
  })

  test('say from where on the effects are not the recorded ones', () => {
    const forged = events.map((event) => ({ ...event }))
    const at = forged.findIndex((event) => event.type === 'message-sent' && event.message.type === 'forward-ack' && event.message.executed === 9)
    const event = forged[at] as EventOf<'message-sent'>
    forged[at] = { ...event, message: { ...event.message, executed: 7 } as typeof event.message }
    const keeper = new ReplayKeeper(header, { checkpointEvents: 50, checkpointsMax: 100 })
    keeper.follow(forged)
    const { differsFrom } = keeper.look(event.from, forged.length, forged.slice(keeper.needsFrom(event.from, forged.length) - 1))
    expect(differsFrom).toBeGreaterThan(0)
    expect(differsFrom).toBeLessThan(event.seq)
  })
})
