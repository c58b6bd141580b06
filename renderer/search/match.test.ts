import { describe, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../../src/protocol'
import { World } from '../../src/sim'
import type { EventOf, TraceEvent } from '../../src/trace'
import { MessageIndex } from '../stores/message-index'
import { Hits } from './hits'
import { Matcher, type Scope, type SearchSource } from './match'
import { parseQuery } from './parse'

/** A cluster with one write, whose primary dies, and one more write after. */
function session(): { events: TraceEvent[]; source: SearchSource; sentOf: (event: TraceEvent) => EventOf<'message-sent'> | undefined } {
  const events: TraceEvent[] = []
  const world = new World({ title: '', seed: '1', replicas: 3, clients: 2, settings: defaultSettings, onEvent: (event) => events.push(event) })
  world.run(1000)
  world.invoke('c1', { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes('1') })
  world.run(300)
  world.kill('s1')
  world.run(2000)
  world.invoke('c2', { type: 'append', key: utf8ToBytes('Ab'), value: utf8ToBytes('2') })
  world.run(1000)
  const index = new MessageIndex()
  for (const event of events) index.take(event)
  const eventAt = (seq: number): TraceEvent | undefined => events[seq - 1]
  const sentOf = (event: TraceEvent) => eventAt(index.sentSeq(event.seq)) as EventOf<'message-sent'> | undefined
  return { events, sentOf, source: { eventAt, typeAt: (seq) => index.typeAt(seq), isHeartbeat: (seq) => index.isHeartbeat(seq), sentOf } }
}

const { events, source, sentOf } = session()
const everything: Scope = { heartbeats: true, details: true }

function found(text: string, scope: Scope = everything): TraceEvent[] {
  const { query } = parseQuery(text)
  if (!query) throw new Error(`${text} cannot be read`)
  const matcher = new Matcher(query, source, scope)
  return events.filter((event) => matcher.test(event.seq))
}

const messageOf = (event: TraceEvent): EventOf<'message-sent'> | undefined => event.type === 'message-sent' ? event : sentOf(event)

describe('a search', () => {
  test('finds what happens to messages of a kind, by sender and receiver', () => {
    const forwards = found('kind:forward from:s1 to:s2')
    expect(forwards.map(({ type }) => type)).toEqual(expect.arrayContaining(['message-sent', 'message-taken']))
    expect(forwards.every((event) => messageOf(event)?.to === 's2')).toBe(true)
    expect(forwards.every((event) => messageOf(event)?.message.type === 'forward')).toBe(true)
    expect(new Set(found('kind:forward,reply type:sent').map((event) => messageOf(event)?.message.type))).toEqual(new Set(['forward', 'reply']))
  })

  test('finds messages that were lost, by the word that people use', () => {
    const lost = found('type:lost')
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.every(({ type }) => type === 'message-dropped')).toBe(true)
    expect(found('type:LOST to:s1').length).toBe(lost.filter((event) => messageOf(event)?.to === 's1').length)
  })

  test('knows the key, value, kind and client of an operation, and keys are told from others by large letters', () => {
    expect(found('op:put key:a client:c1 type:invoked').length).toBe(1)
    expect(found('key:ab').length).toBe(0)
    expect(found('key:Ab value:2 type:sent').every((event) => messageOf(event)?.message.type !== 'ping')).toBe(true)
    expect(found('key:A*').length).toBe(found('key:Ab').length)
    expect(found('client:c2 kind:request').every((event) => messageOf(event)?.from === 'c2')).toBe(true)
  })

  test('compares views, numbers and times', () => {
    expect(found('seq:10..12,20').map(({ seq }) => seq)).toEqual([10, 11, 12, 20])
    expect(found('at:>2').every(({ at }) => at > 2_000_000)).toBe(true)
    expect(found('at:>2').length + found('at:<=2').length).toBe(events.length)
    expect(found('type:view-changed view:>2').map((event) => event.type === 'view-changed' && event.view.viewnum)).toEqual([3])
  })

  test('leaves out what is negated, term by term', () => {
    expect(found('-kind:ping').length + found('kind:ping').length).toBe(events.length)
    expect(found('-"view changed"').length + found('view changed').length).toBe(events.length)
  })

  test('leaves heartbeats and details out where the log does, unless they are named', () => {
    const folded: Scope = { heartbeats: false, details: false }
    expect(found('from:s1', folded).some((event) => messageOf(event)?.message.type === 'ping')).toBe(false)
    expect(found('kind:ping', folded).length).toBeGreaterThan(0)
    expect(found('type:handed kind:forward', folded).length).toBe(found('type:handed kind:forward').length)
    expect(found('-kind:reply', folded).some((event) => source.isHeartbeat(event.seq))).toBe(false)
  })

  test('finds a broken rule by its number', () => {
    const violation = { seq: 1, at: 0, wall: 0, type: 'violation', rule: 'rule 1', text: '', evidence: [] } as TraceEvent
    const one: SearchSource = { eventAt: () => violation, typeAt: () => 'violation', isHeartbeat: () => false, sentOf: () => undefined }
    expect(['rule:1', 'rule:2'].map((text) => new Matcher(parseQuery(text).query ?? [], one, everything).test(1))).toEqual([true, false])
  })
})

describe('the hits of a search', () => {
  const even = { test: (seq: number) => seq % 2 === 0 }

  test('are the same whether they grow in slices or at once, and know their place', () => {
    const hits = new Hits(even, 1)
    while (hits.advance(101, 7));
    expect([hits.count, hits.upTo(1), hits.upTo(2), hits.upTo(200)]).toEqual([50, 0, 1, 50])
    expect([hits.nearest(6, 1), hits.nearest(6, -1), hits.nearest(100, 1), hits.nearest(2, -1)]).toEqual([8, 4, undefined, undefined])
    expect([hits.has(7), hits.has(8), hits.has(102), hits.has(103)]).toEqual([false, true, true, false])
  })

  test('forget events that are let go, and begin where the page begins', () => {
    const hits = new Hits(even, 11)
    hits.advance(20, 100)
    hits.dropBefore(15)
    expect([hits.count, hits.nearest(0, 1), hits.taken]).toEqual([3, 16, 20])
  })
})
