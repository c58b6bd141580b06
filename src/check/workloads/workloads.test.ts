// The judges of workloads: right runs are held, each kind of fault is named with its evidence, and by brute force no verdict accuses a run that could
// have happened.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../protocol'
import { judgeEcho, judgeUniqueIds } from './answers'
import type { Asked } from './asked'
import { judgeCounter } from './counters'
import { judgeBroadcast, judgeGrowOnlySet } from './sets'

let seq = 0
function ask(kind: string, body: JsonObject, answer: JsonObject | null, more: Partial<Asked> = {}): Asked {
  seq += 2
  return { seq, client: 'c1', target: 'n1', kind, body, outcome: answer ? 'ok' : 'unknown', answerKind: answer ? `${kind}_ok` : '', answer: answer ?? {}, returnedSeq: answer ? seq + 1 : 0, isFinal: false, ...more }
}
const final = { isFinal: true }
const read = (target: string, field: string, value: JsonObject[string]): Asked => ask('read', {}, { [field]: value }, { target, ...final })

describe('echo', () => {
  it('holds if everything comes back, and names what did not', () => {
    expect(judgeEcho([ask('echo', { echo: { a: [1] } }, { echo: { a: [1] } }), ask('echo', { echo: 1 }, null)])).toMatchObject({ standing: 'held', text: '1 echoes came back as they were sent' })
    expect(judgeEcho([ask('echo', { echo: 'x' }, { echo: 'y' })])).toMatchObject({ standing: 'broken', text: 'c1 sent "x" to n1, and "y" came back', errorCount: 1 })
    expect(judgeEcho([ask('echo', { echo: 'x' }, {}, { answerKind: 'echoed' })]).text).toBe('n1 answered the echo of c1 with echoed, and echo_ok is the answer')
    expect(judgeEcho([ask('echo', { echo: 1 }, null)])).toMatchObject({ standing: 'unjudged' })
  })
})

describe('unique ids', () => {
  it('names both requests that got the same id', () => {
    const [one, other] = [ask('generate', {}, { id: 'a' }), ask('generate', {}, { id: 'a' }, { target: 'n2', client: 'c2' })]
    expect(judgeUniqueIds([one, ask('generate', {}, { id: 7 }), ask('generate', {}, { id: '7' })]).standing).toBe('held')
    const verdict = judgeUniqueIds([one, other])
    expect(verdict.text).toBe('the id "a" was given twice: by n1 to c1, and by n2 to c2')
    expect(verdict.errors[0]?.evidence).toEqual([one.seq, one.returnedSeq, other.seq, other.returnedSeq])
    expect(judgeUniqueIds([ask('generate', {}, {})]).text).toBe('n1 answered c1 without an id')
  })
})

describe.each([['broadcast', judgeBroadcast, 'broadcast', 'message', 'messages'], ['a grow-only set', judgeGrowOnlySet, 'add', 'element', 'value']] as const)('%s', (_name, judge, add, field, list) => {
  const sent = (value: number, more: Partial<Asked> = {}): Asked => ask(add, { [field]: value }, {}, more)

  it('holds if every node has what was acknowledged, and what may have been sent', () => {
    const asked = [sent(1), ask(add, { [field]: 2 }, null), read('n1', list, [1, 1]), read('n2', list, [2, 1])]
    expect(judge(asked, ['n1', 'n2'])).toMatchObject({ standing: 'held', text: '1 acknowledged values are on every node in the end' })
  })

  it('names the lost value, and the node that lacks it', () => {
    const asked = [sent(1), sent(2), read('n1', list, [1, 2]), read('n2', list, [])]
    expect(judge(asked, ['n1', 'n2'])).toMatchObject({ standing: 'broken', text: 'n2 does not know 1, which n1 acknowledged to c1, nor 1 more' })
  })

  it('names a value that nobody sent, or that was read before it was sent, in any read', () => {
    expect(judge([sent(1), ask('read', {}, { [list]: [9] }), read('n1', list, [1])], ['n1']).text).toBe('n1 told c1 of 9, which nobody had sent')
    const early = ask('read', {}, { [list]: [5] })
    expect(judge([early, sent(5), read('n1', list, [5])], ['n1']).text).toBe('n1 told c1 of 5, which nobody had sent')
    expect(judge([ask(add, { [field]: 3 }, null, { outcome: 'failed' }), sent(1), read('n1', list, [1, 3])], ['n1']).standing).toBe('broken')
  })

  it('is not judged where a node answered no read at the end', () => {
    expect(judge([sent(1), read('n1', list, [1])], ['n1', 'n2'])).toMatchObject({ standing: 'unjudged', text: 'n2 answered no read at the end, so what it knows cannot be told' })
    expect(judge([sent(1), read('n1', list, 'x')], ['n1']).text).toBe(`n1 answered a read of c1 without the list "${list}"`)
  })
})

describe('a counter', () => {
  it('holds for the sum, with any part of what may have been counted', () => {
    const asked = [ask('add', { delta: 3 }, {}), ask('add', { delta: -1 }, null), ask('add', { delta: 10 }, null, { outcome: 'failed' })]
    for (const value of [3, 2]) expect(judgeCounter([...asked, read('n1', 'value', value)], ['n1']).standing).toBe('held')
    for (const value of [4, 13, 1]) expect(judgeCounter([...asked, read('n1', 'value', value)], ['n1'])).toMatchObject({ standing: 'broken', text: `n1 says ${value} in the end: the acknowledged deltas are 3, and 1 more may have been counted` })
    expect(judgeCounter([...asked, read('n1', 'value', 'x')], ['n1']).text).toBe('n1 told c1 "x", which is no whole number')
  })

  it('accuses nobody of a sum that some part of the unknown ones gives', () => {
    fc.assert(fc.property(fc.array(fc.record({ delta: fc.integer({ min: -4, max: 6 }), outcome: fc.constantFrom('ok', 'unknown', 'failed'), counted: fc.boolean() }), { maxLength: 40 }), (given) => {
      const asked = given.map(({ delta, outcome }) => ask('add', { delta }, outcome === 'ok' ? {} : null, { outcome }))
      const value = given.reduce((sum, { delta, outcome, counted }) => sum + (outcome === 'ok' || outcome === 'unknown' && counted ? delta : 0), 0)
      expect(judgeCounter([ask('add', { delta: 0 }, {}), ...asked, read('n1', 'value', value)], ['n1']).standing).toBe('held')
    }))
  })
})

describe('a run of a right program', () => {
  /** Values spread to some nodes while the run lasts, and to all before the end: nothing that it answers is wrong. */
  const step = fc.record({ kind: fc.constantFrom('add', 'read', 'spread'), node: fc.nat({ max: 2 }), value: fc.nat({ max: 20 }), outcome: fc.constantFrom('ok', 'unknown', 'failed'), isDone: fc.boolean() })

  it('is never accused', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const nodes = [new Set<number>(), new Set<number>(), new Set<number>()]
      const asked: Asked[] = []
      for (const { kind, node, value, outcome, isDone } of steps) {
        const own = nodes[node] ?? new Set()
        if (kind === 'spread') for (const known of own) nodes[value % 3]?.add(known)
        if (kind === 'read') asked.push(ask('read', {}, { messages: [...own] }, { target: `n${node + 1}` }))
        if (kind !== 'add') continue
        if (outcome === 'ok' || outcome === 'unknown' && isDone) own.add(value)
        asked.push(ask('broadcast', { message: value }, outcome === 'ok' ? {} : null, { outcome, target: `n${node + 1}` }))
      }
      const all = new Set(nodes.flatMap((known) => [...known]))
      for (const target of ['n1', 'n2', 'n3']) asked.push(read(target, 'messages', [...all]))
      expect(judgeBroadcast(asked, ['n1', 'n2', 'n3']).standing).not.toBe('broken')
      // And with one acknowledged value less on one node, it always is.
      const acknowledged = asked.find((one) => one.kind === 'broadcast' && one.outcome === 'ok')
      if (!acknowledged) return
      const without = asked.map((one) => one.isFinal && one.target === 'n2' ? { ...one, answer: { messages: [...all].filter((value) => value !== acknowledged.body['message']) } } : one)
      expect(judgeBroadcast(without, ['n1', 'n2', 'n3']).standing).toBe('broken')
    }))
  })
})
