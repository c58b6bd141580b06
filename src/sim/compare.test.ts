// Comparing recordings: with themselves, with another run, with a branch, with one value changed.
import { describe, expect, test } from 'vitest'
import { align, EventDigester, headerDifferences, rowStates, type Alignment, type Digests } from '../check'
import type { TraceEvent } from '../trace'
import { failoverRecording, randomRecording } from './testing/random-recording'

function digestsOf(events: readonly TraceEvent[]): Digests {
  const digester = new EventDigester()
  for (const event of events) digester.take(event)
  return digester.digests()
}

const compared = (a: readonly TraceEvent[], b: readonly TraceEvent[], heartbeats = true): Alignment => align(digestsOf(a), digestsOf(b), { heartbeats })

const { events, header } = failoverRecording()

describe('a recording', () => {
  test('is alike with itself, whatever the clock said and whichever process ids there were', () => {
    const elsewhere = events.map((event): TraceEvent => ({ ...event, at: event.at + 5, wall: event.wall + 7_000, ...(event.type === 'node-started' ? { pid: 99 } : {}) }))
    const { differences, first } = compared(events, elsewhere)
    expect(differences).toHaveLength(0)
    expect(first).toHaveLength(events.length)
  })

  test('is alike with a run on a machine that stalled, but for what is left out', () => {
    const stalled: TraceEvent[] = [...events.slice(0, 400), { seq: 401, at: 1, wall: 1, type: 'stalled', node: 's1', ms: 612 }, ...events.slice(400).map((event) => ({ ...event, seq: event.seq + 1 }))]
    const { differences, leftOut } = compared(events, stalled, false)
    expect([differences.length, leftOut.second - leftOut.first]).toEqual([0, 1])
    expect(compared(events, stalled).differences).toHaveLength(1)
  })

  test('differs where one value was changed, and in every event that tells that message', () => {
    const at = events.findIndex((event) => event.type === 'message-sent' && event.message.type === 'forward')
    const sent = events[at] as Extract<TraceEvent, { type: 'message-sent' }>
    const changed = events.with(at, { ...sent, message: { ...sent.message, seq: 777 } as typeof sent.message })
    const { first, states, lanes } = compared(events, changed)
    const differing = [...first].filter((_, row) => rowStates[states[row] as number] !== 'alike')
    expect(differing[0]).toBe(at + 1)
    expect(differing.every((seq) => { const event = events[seq - 1]; return event !== undefined && 'id' in event && event.id.split('+')[0] === sent.id })).toBe(true)
    expect(lanes[0]).toEqual({ lane: sent.from, first: at + 1, second: at + 1 })
  })

  test('is alike with its own beginning up to where that ends', () => {
    const { differences, states } = compared(events, events.slice(0, 500))
    expect(differences).toHaveLength(1)
    expect([...states].filter((state) => rowStates[state] === 'only-first')).toHaveLength(events.length - 500)
  })

  test('has most of its rows alike after one that another run does not have', () => {
    const without = events.filter((event) => event.seq !== 300)
    const { states } = compared(events, without)
    expect([...states].filter((state) => rowStates[state] !== 'alike').length).toBeLessThan(8)
  })
})

test('two random runs differ, every event has its row, and heartbeats are left out unless wanted', () => {
  const [one, other] = [randomRecording('compare-1'), randomRecording('compare-2')]
  const all = compared(one.events, other.events)
  expect([...all.first].filter((seq) => seq > 0)).toHaveLength(one.events.length)
  expect([...all.second].filter((seq) => seq > 0)).toHaveLength(other.events.length)
  expect(all.differences.length).toBeGreaterThan(0)
  const some = compared(one.events, other.events, false)
  expect(some.leftOut.first).toBeGreaterThan(0)
  expect([...some.first].filter((seq) => seq > 0)).toHaveLength(one.events.length - some.leftOut.first)
})

test('what recordings were made with is compared by name', () => {
  const other = { ...header, title: 'another', seed: 'x', settings: { ...header.settings, deadPings: 9, mutants: [] }, nodes: header.nodes.slice(0, -1) }
  expect(headerDifferences(header, other)).toEqual([
    { name: 'nodes', first: 'vs, s1, s2, s3, c1, c2', second: 'vs, s1, s2, s3, c1' },
    { name: 'deadPings', first: '3', second: '9' },
    { name: 'seed', first: 'failover', second: 'x' },
  ])
  expect(headerDifferences(header, header)).toEqual([])
  const branch = { ...header, title: 'b', seed: 'failover@9', parent: { title: header.title, createdAt: header.createdAt, seq: 9 } }
  expect(headerDifferences(header, branch)).toEqual([])
})
