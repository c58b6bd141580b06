// Clients that speak Maelstrom's requests, and the services: what each answers, and how far the weak ones may go.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultSettings, startOf, utf8ToBytes, type Call, type EffectSink, type Json, type JsonObject, type Message, type Operation, type Report } from '../protocol'
import { Caller } from './caller'
import { errorCodes, isDefinite } from './errors'
import { Service, type ServiceName } from './service'

class Out implements EffectSink {
  readonly sent: { readonly to: string; readonly message: Message }[] = []
  readonly reports: Report[] = []
  readonly timers = new Set<string>()
  send(to: string, message: Message): void { this.sent.push({ to, message }) }
  report(report: Report): void { this.reports.push(report) }
  setTimer(name: string): void { this.timers.add(name) }
  cancelTimer(name: string): void { this.timers.delete(name) }

  get bodies(): JsonObject[] {
    return this.sent.map(({ message }) => message.type === 'foreign' ? { type: message.kind, ...message.body } : {})
  }

  get outcomes() {
    return this.reports.flatMap((report) => report.type === 'operation-returned' ? [report.outcome] : [])
  }
}

const foreign = (kind: string, body: JsonObject): Message => ({ type: 'foreign', kind, body })

describe('a client', () => {
  const put: Operation = { type: 'put', key: utf8ToBytes('1'), value: utf8ToBytes('"a"') }
  const get: Operation = { type: 'get', key: utf8ToBytes('word') }
  const cas: Operation = { type: 'cas', key: utf8ToBytes('1'), expected: utf8ToBytes('2'), value: utf8ToBytes('3') }
  const add: Call = { type: 'call', kind: 'add', body: { delta: 3 } }

  function asked(...operations: (Operation | Call)[]) {
    const client = new Caller(startOf({ name: 'c1', kind: 'client', incarnation: 1, settings: defaultSettings, dialect: 'maelstrom' }))
    const out = new Out()
    operations.forEach((operation, index) => client.step({ type: 'operation', operationId: index + 1, session: 0, target: 'n1', operation }, out))
    const answer = (kind: string, body: JsonObject, from = 'n1'): void => client.step({ type: 'message', from, message: foreign(kind, body) }, out)
    return { client, out, answer }
  }

  it('asks in Maelstrom\'s words, one request of a session at a time', () => {
    const { out, answer } = asked(put, get, cas, add)
    expect(out.bodies).toEqual([{ type: 'write', key: 1, value: 'a', msg_id: 1 }])
    answer('write_ok', { in_reply_to: 1 })
    answer('read_ok', { in_reply_to: 2, value: [1] })
    answer('cas_ok', { in_reply_to: 3 })
    answer('add_ok', { in_reply_to: 4, total: 3 })
    expect(out.bodies.slice(1)).toEqual([
      { type: 'read', key: 'word', msg_id: 2 }, { type: 'cas', key: 1, from: 2, to: 3, msg_id: 3 }, { type: 'add', delta: 3, msg_id: 4 },
    ])
    expect(out.outcomes.map((outcome) => outcome.type === 'ok' && outcome.result)).toEqual([
      { type: 'done' }, { type: 'value', value: '[1]' }, { type: 'done' }, { type: 'answered', kind: 'add_ok', body: { total: 3 } },
    ])
    expect(out.timers.size).toBe(0)
  })

  it.each([
    [get, 20, { type: 'ok', result: { type: 'missing' } }], [put, 20, { type: 'failed', code: 20 }], [cas, 22, { type: 'failed', code: 22, text: 'no' }], [put, 13, { type: 'unknown', code: 13 }],
    [add, 0, { type: 'unknown', code: 0 }], [add, 999, { type: 'unknown', code: 999 }], [add, 11, { type: 'failed', code: 11 }],
  ])('takes the answer to %j with error %i for what it says', (operation, code, outcome) => {
    const { out, answer } = asked(operation)
    answer('error', { in_reply_to: 1, code, text: 'no' })
    expect(out.outcomes[0]).toMatchObject(outcome)
  })

  it('takes the answer of a node that its request was passed on to', () => {
    const { out, answer } = asked(add)
    answer('add_ok', { in_reply_to: 1 }, 'n2')
    expect(out.outcomes).toMatchObject([{ type: 'ok', by: 'n2' }])
  })

  it('takes no answer to another request, or after its time', () => {
    const { client, out, answer } = asked(add)
    answer('add_ok', { in_reply_to: 7 })
    expect(out.outcomes).toEqual([])
    client.step({ type: 'timer', name: [...out.timers][0] ?? '' }, out)
    answer('add_ok', { in_reply_to: 1 })
    expect(out.outcomes).toEqual([{ type: 'unknown', reason: 'timeout' }])
  })

  it('refuses what Maelstrom\'s stores do not have, and a request for nobody', () => {
    const { out } = asked({ type: 'delete', key: utf8ToBytes('1') }, { type: 'append', key: utf8ToBytes('1'), value: utf8ToBytes('2') })
    expect(out.outcomes).toMatchObject([{ type: 'failed', reason: 'not-understood' }, { type: 'failed', reason: 'not-understood' }])
    const client = new Caller(startOf({ name: 'c1', kind: 'client', incarnation: 1, settings: defaultSettings }))
    client.step({ type: 'operation', operationId: 1, session: 0, target: '', operation: add }, out)
    expect(out.outcomes.at(-1)).toMatchObject({ type: 'failed', reason: 'never-sent' })
  })

  it('of a code that nobody knows nothing is certain', () => {
    expect(Object.entries(errorCodes).filter(([, code]) => !isDefinite(code)).map(([name]) => name)).toEqual(['timeout', 'crash'])
  })
})

class Served {
  readonly service: Service
  readonly out = new Out()

  constructor(name: ServiceName, seed = 'a') {
    this.service = new Service(startOf({ name, kind: 'service', incarnation: 1, settings: defaultSettings, seed }))
  }

  ask(type: string, body: JsonObject, from = 'n1'): JsonObject {
    this.service.step({ type: 'message', from, message: foreign(type, { ...body, msg_id: 5 }) }, this.out)
    return this.out.bodies.at(-1) ?? {}
  }
}

describe('lin-kv', () => {
  it('reads, writes, compares and swaps, and says what it cannot', () => {
    const store = new Served('lin-kv')
    expect(store.ask('read', { key: 1 })).toMatchObject({ type: 'error', code: 20, in_reply_to: 5 })
    expect(store.ask('write', { key: 1, value: { a: 1 } })).toEqual({ type: 'write_ok', in_reply_to: 5 })
    expect(store.ask('read', { key: 1 })).toEqual({ type: 'read_ok', value: { a: 1 }, in_reply_to: 5 })
    expect(store.ask('read', { key: '1' })).toMatchObject({ code: 20 })
    expect(store.ask('cas', { key: 1, from: 2, to: 3 })).toMatchObject({ type: 'error', code: 22 })
    expect(store.ask('cas', { key: 1, from: { a: 1 }, to: 3 })).toMatchObject({ type: 'cas_ok' })
    expect(store.ask('cas', { key: 2, from: 0, to: 7 })).toMatchObject({ code: 20 })
    expect(store.ask('cas', { key: 2, from: 0, to: 7, create_if_not_exists: true })).toMatchObject({ type: 'cas_ok' })
    expect(store.ask('dance', {})).toMatchObject({ code: 10 })
    expect(store.service.inspect()).toEqual({ kind: 'other', state: { 1: 3, 2: 7 } })
  })
})

describe('seq-kv', () => {
  it('answers each client from states that never go back, and never from one that was not', () => {
    let stale = 0
    fc.assert(fc.property(fc.string(), fc.array(fc.record({ who: fc.constantFrom('n1', 'n2', 'n3'), write: fc.boolean() }), { maxLength: 40 }), (seed, steps) => {
      const store = new Served('seq-kv', seed)
      const seen = new Map<string, number>()
      let written = 0
      for (const { who, write } of steps) {
        if (write) {
          store.ask('write', { key: 'k', value: ++written }, who)
          seen.set(who, written)
          continue
        }
        const answer = store.ask('read', { key: 'k' }, who)
        const value = answer['type'] === 'read_ok' ? Number(answer['value']) : 0
        expect(value).toBeGreaterThanOrEqual(seen.get(who) ?? 0)
        expect(value).toBeLessThanOrEqual(written)
        if (value < written) stale++
        seen.set(who, value)
      }
    }))
    expect(stale).toBeGreaterThan(0)
  })
})

describe('lww-kv', () => {
  it('may forget a write in a read, says so, and keeps the last one in the end', () => {
    const store = new Served('lww-kv')
    for (let value = 1; value <= 30; value++) store.ask('write', { key: 'k', value })
    const values: Json[] = Array.from({ length: 60 }, () => store.ask('read', { key: 'k' })['value'] ?? null)
    expect(values.some((value) => value !== 30)).toBe(true)
    expect(values.at(-1)).toBe(30)
    expect(store.out.reports.some((report) => report.type === 'note' && report.text.includes('has not learned of the last write'))).toBe(true)
  })
})

describe('lin-tso', () => {
  it('gives every timestamp once, in order', () => {
    const clock = new Served('lin-tso')
    expect(Array.from({ length: 4 }, () => clock.ask('ts', {})['ts'])).toEqual([0, 1, 2, 3])
    expect(clock.ask('read', { key: 1 })).toMatchObject({ code: 10 })
  })
})

it('the same seed gives the same answers, and a copy goes on as its original', () => {
  const play = (name: ServiceName) => {
    const one = new Served(name, 'seed')
    for (let value = 0; value < 10; value++) one.ask('write', { key: 'k', value }, `n${value % 3}`)
    const copy = one.service.copy()
    const rest = (service: Service): JsonObject[] => {
      const out = new Out()
      for (let index = 0; index < 20; index++) service.step({ type: 'message', from: 'n9', message: foreign('read', { key: 'k', msg_id: 1 }) }, out)
      return out.bodies
    }
    const own = rest(one.service)
    expect(rest(copy)).toEqual(own)
    return own
  }
  for (const name of ['seq-kv', 'lww-kv', 'lin-kv'] as const) expect(play(name)).toEqual(play(name))
})
