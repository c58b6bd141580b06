import { describe, expect, test } from 'vitest'
import type { EventSource } from '../../../src/check'
import { defaultSettings, utf8ToBytes } from '../../../src/protocol'
import { World } from '../../../src/sim'
import type { TraceEvent } from '../../../src/trace'
import { MessageIndex } from '../../stores/message-index'
import { becoming, Watch, watchedFields, type Watched } from './watching'

/** Writes to two keys, then the primary dies, is restarted, and another write comes. */
function session(): { world: World; events: TraceEvent[]; source: EventSource } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 3, clients: 1, settings: defaultSettings,
    onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  const put = (key: string, value: string): void => {
    world.invoke('c1', { type: 'put', key: utf8ToBytes(key), value: utf8ToBytes(value) })
    world.run(200)
  }
  world.run(1000)
  put('a', '1')
  put('b', '7')
  put('a', '2')
  world.kill('s1')
  world.run(2000)
  put('a', '3')
  world.restart('s1')
  world.run(2000)
  const index = new MessageIndex()
  for (const event of events) index.take(event)
  return { world, events, source: { header: world.header, eventAt: (seq) => events[seq - 1], sentSeq: (seq) => index.sentSeq(seq) } }
}

const { events, source } = session()

function watched(what: Watched, first = 1): Watch {
  const watch = new Watch(source, what, first)
  watch.advance(events.length, Infinity)
  return watch
}

const key = (name: string): Watched => ({ type: 'key', key: name })

describe('a watch', () => {
  test('tells when a key became a value, on whom, and by which event', () => {
    const changes = watched(key('a')).changes
    const twos = becoming(changes, '2')
    expect(twos.map(({ node, from }) => [node, from])).toEqual([['s2', '1'], ['s1', '1'], ['s3', null]])
    // By rule 1 the backup executes on the forward, the primary on the forward-ack; the later backup gets the value by state transfer.
    expect(twos.map(({ seq }) => events[source.sentSeq(seq) - 1]).map((sent) => sent?.type === 'message-sent' && sent.message.type)).toEqual(['forward', 'forward-ack', 'state-transfer'])
    expect(becoming(changes, '')).toBe(changes)
  })

  test('sees a key go with its process, and come with the state transfer', () => {
    const changes = watched(key('a')).changes
    expect(changes.filter(({ node }) => node === 's1').map(({ from, to }) => [from, to])).toEqual([[null, '1'], ['1', '2'], ['2', null]])
    const transfer = changes.find(({ node, to }) => node === 's3' && to === '2')
    expect(transfer?.from).toBeNull()
    expect(events[source.sentSeq(transfer?.seq ?? 0) - 1]).toMatchObject({ message: { type: 'state-transfer' } })
  })

  test('tells no more than looking into every state would', () => {
    for (const field of watchedFields) {
      const { changes } = watched({ type: 'field', field })
      const last = new Map<string, string | null>()
      for (const { node, from, to } of changes) {
        expect(from, `${field} of ${node}`).toBe(last.get(node) ?? null)
        expect(to).not.toBe(from)
        last.set(node, to)
      }
      expect(changes.length, field).toBeGreaterThan(3)
    }
    const views = watched({ type: 'field', field: 'view' }).changes.filter(({ node }) => node === 'vs')
    expect(views.map(({ to }) => to)).toEqual(views.map((_change, index) => String(index)))
    // The change must be in the step that reports the new view, not in a later one.
    const told = events.filter((event) => event.type === 'view-changed').map(({ seq }) => seq)
    for (const { seq, to } of views.slice(1)) expect(told.some((later) => later > seq && later - seq < 4), `view ${to}`).toBe(true)
    expect(watched(key('missing')).changes).toEqual([])
  })

  test('is the same whether it grows in slices or at once', () => {
    const sliced = new Watch(source, key('a'), 1)
    while (sliced.advance(events.length, 13));
    expect(sliced.changes).toEqual(watched(key('a')).changes)
  })

  test('says whose life began before the events that it has', () => {
    const started = events.findLast((event) => event.type === 'node-started')
    const watch = new Watch(source, key('a'), started?.seq ?? 0)
    expect(watch.unknown).toEqual(source.header.nodes.map(({ name }) => name))
    watch.advance(events.length, Infinity)
    expect(watch.unknown).not.toContain('s1')
    expect(watch.unknown).toContain('s2')
  })
})
