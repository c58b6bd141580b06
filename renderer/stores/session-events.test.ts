import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../../src/protocol'
import { World } from '../../src/sim'
import { beginState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { loadPage } from './page-load'
import { SessionEvents, type PageLimits } from './session-events'

let header: TraceHeader
let lines: string[]
beforeAll(() => {
  lines = []
  const world = new World({ title: '', seed: '5', replicas: 3, clients: 1, settings: defaultSettings, onEvent: (event) => lines.push(JSON.stringify(event)) })
  header = world.header
  world.run(500)
  for (let index = 0; index < 900; index++) {
    world.invoke('c1', { type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes(String(index)) })
    world.run(7)
    if (index === 400) world.kill('s1')
  }
})

const limits: PageLimits = { events: 9000, bytes: 1e9, lettingGo: 1 / 8 }

function stateAfter(count: number): ClusterState {
  const state = beginState(header)
  for (const line of lines.slice(0, count)) foldEvent(state, JSON.parse(line) as TraceEvent)
  return state
}

/** A reader that checks the guarantees that every reader gets. */
function pageReader(): { held: number[]; begins: number } & Parameters<SessionEvents['addPageReader']>[0] {
  const reader = {
    held: [] as number[],
    begins: 0,
    next: 1,
    begin(first: number, before: ClusterState | null) {
      this.begins++
      this.held = []
      this.next = first
      expect(before?.seq ?? 0).toBe(first - 1)
    },
    take({ seq }: TraceEvent) {
      // No `expect`, because this runs millions of times.
      if (seq !== this.next++) throw new Error(`event ${seq} came where event ${this.next - 1} must`)
      this.held.push(seq)
    },
    dropBefore(first: number) { this.held = this.held.filter((seq) => seq >= first) },
  }
  return reader
}

function eventsOf(count: number, position: (seq: number) => number | 'tail' = () => 'tail', with_ = limits) {
  const events = new SessionEvents(with_)
  events.reset(header)
  const reader = pageReader()
  events.addPageReader(reader)
  for (let seq = 1; seq <= count; seq++) events.takeLine(lines[seq - 1] as string, position(seq))
  return { events, reader }
}

const fetch = (most: number) => (from: number, count: number) => {
  const some = lines.slice(from - 1, from - 1 + Math.min(count, most))
  return Promise.resolve({ from, count: some.length, text: some.join('\n') })
}
const loading = (target: number | 'tail', most = 700) => ({
  target, fetch: fetch(most), pause: () => Promise.resolve(), nowMs: () => 0, isOver: () => false, progress: () => undefined,
})

describe('the events of a session', () => {
  it('are held no more than the limit says, the newest ones while people look at the tail', () => {
    const { events, reader } = eventsOf(lines.length)
    expect([events.latest, events.last]).toEqual([lines.length, lines.length])
    expect(events.last - events.first + 1).toBeLessThanOrEqual(limits.events)
    expect([reader.held[0], reader.held.at(-1), reader.begins]).toEqual([events.first, events.last, 1])
    expect(events.eventAt(events.first - 1)).toBeUndefined()
  })

  it('are those around the cursor while people look at an earlier moment; the tail goes on', () => {
    const { events } = eventsOf(lines.length, () => 100)
    expect([events.first, events.isAttached, events.latest]).toEqual([1, false, lines.length])
    expect(events.last).toBe(limits.events + 1)
    expect(events.tail?.seq).toBe(lines.length)
  })

  it('know the state at every moment of the page, and say so where they cannot', () => {
    const { events } = eventsOf(lines.length)
    for (const seq of [events.first - 1, events.first, events.first + 4097, events.last]) expect(events.stateAt(seq)).toEqual(stateAfter(seq))
    expect(events.has(events.first - 2)).toBe(false)
  })

  it('are bounded in bytes too, although single ones are long', () => {
    const events = new SessionEvents({ events: 1e9, bytes: 40_000_000, lettingGo: 1 / 8 })
    events.reset(header)
    for (let seq = 1; seq <= 120; seq++) {
      events.takeLine(JSON.stringify({ seq, at: seq, wall: 0, type: 'lab-note', text: 'x'.repeat(1_000_000), node: '' }), 'tail')
      expect((events.last - events.first + 1) * 1_000_000).toBeLessThan(60_000_000)
    }
    expect([events.last, events.stateAt(events.first)?.seq]).toEqual([120, events.first])
  })

  it('come back page by page, with the same states, from anywhere', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.nat(lines.length), fc.constant('tail' as const)), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 3000 }), async (targets, most) => {
      const { events, reader } = eventsOf(lines.length)
      for (const target of targets) {
        await loadPage(events, loading(target, most))
        const seq = target === 'tail' ? lines.length : target
        expect(events.has(seq)).toBe(true)
        expect(events.stateAt(seq)).toEqual(stateAfter(seq))
        expect([reader.held[0] ?? events.first, reader.held.at(-1) ?? events.last]).toEqual([events.first, events.last])
        if (target === 'tail') expect(events.isAttached).toBe(true)
      }
    }), { numRuns: 12 })
  })

  it('go on at the tail after a page of it came back', async () => {
    const half = Math.floor(lines.length / 2)
    const { events, reader } = eventsOf(half, () => 100, { ...limits, events: 5000 })
    expect(events.isAttached).toBe(false)
    await loadPage(events, loading('tail'))
    for (let seq = half + 1; seq <= lines.length; seq++) events.takeLine(lines[seq - 1] as string, 'tail')
    expect([events.isAttached, reader.held.at(-1)]).toEqual([true, lines.length])
    expect(events.stateAt(lines.length - 5)).toEqual(stateAfter(lines.length - 5))
  })

  it('know the time of any event, near it where it is not held, and the event of any time', () => {
    const { events } = eventsOf(lines.length)
    const at = (seq: number): number => (JSON.parse(lines[seq - 1] as string) as TraceEvent).at
    expect(events.timeOf(lines.length)).toBe(at(lines.length))
    expect(events.timeOf(events.first + 3)).toBe(at(events.first + 3))
    expect(at(3000) - events.timeOf(3000)).toBeGreaterThanOrEqual(0)
    expect(events.timeOf(3000)).toBe(at(2049))
    const seq = events.first + 5000
    expect(events.seqAtTime(at(seq))).toBeGreaterThanOrEqual(seq)
    expect(at(events.seqAtTime(at(seq)))).toBe(at(seq))
    expect(events.seqAtTime(at(3000))).toBeLessThanOrEqual(3000)
    expect(events.times.failures.length).toBe(1)
  })

  it('refuse a gap', () => {
    const { events } = eventsOf(10)
    expect(() => events.takeLine(lines[11] as string, 'tail')).toThrow('event 12 came after 10')
  })

  it('tell every reader of the session each event once, whatever is held', () => {
    const events = new SessionEvents({ ...limits, events: 5000 })
    const seen: number[] = []
    events.addSessionReader({ begin: () => { seen.length = 0 }, take: ({ seq }) => seen.push(seq) })
    events.reset(header)
    for (const line of lines) events.takeLine(line, 100)
    expect(seen).toEqual(lines.map((_, index) => index + 1))
  })
})
