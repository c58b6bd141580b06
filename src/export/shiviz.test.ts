// ShiViz's rules, checked by a reader written only from their description: it knows the text but not the writer.
import { describe, expect, it } from 'vitest'
import { createRandom } from '../network'
import { failoverRecording, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { exportPieces, wholeRecording, type ExportRange } from './exporter'
import { shiviz } from './shiviz'

interface LogEvent {
  readonly host: string
  readonly clock: ReadonlyMap<string, number>
  readonly groups: Readonly<Record<string, string>>
}

/** Reads a file as ShiViz does: the parser's regular expression, the delimiter, the log. */
function readLog(text: string): LogEvent[] {
  const [pattern = '', delimiter = '', ...rest] = text.split('\n')
  expect(delimiter).toBe('')
  const log = rest.join('\n')
  const events = [...log.matchAll(new RegExp(`^${pattern}$`, 'gm'))].map(({ groups = {} }) => ({
    host: groups.host ?? '', groups, clock: new Map(Object.entries(JSON.parse(groups.clock ?? '') as Record<string, number>)),
  }))
  // The log must be consumed completely: two lines for each event, and the last line feed.
  expect(rest.length).toBe(events.length * 2 + 1)
  return events
}

/** Violations that ShiViz refuses, as sentences. */
function problemsOf(events: readonly LogEvent[]): string[] {
  const problems: string[] = []
  const counts = new Map<string, number>()
  for (const { host, clock } of events) {
    const own = clock.get(host)
    if (own === undefined) problems.push(`local host ${host} is missing`)
    if (own !== (counts.get(host) ?? 0) + 1) problems.push(`${host} goes from ${counts.get(host) ?? 0} to ${own}`)
    counts.set(host, own ?? 0)
  }
  const byPlace = new Map(events.map((event) => [`${event.host} ${event.clock.get(event.host)}`, event]))
  for (const { host, clock } of events) {
    for (const [other, value] of clock) {
      if (!counts.has(other)) problems.push(`${host} knows ${other}, which is no host`)
      else if (!Number.isInteger(value) || value < 1 || value > (counts.get(other) ?? 0)) problems.push(`${host} knows ${other} ${value}, its last is ${counts.get(other)}`)
      // An event that knows another knows all that this one knew. Else each of two events would be before the other, or an edge would be missing.
      const known = byPlace.get(`${other} ${value}`)
      for (const [third, before] of known?.clock ?? []) if (before > (clock.get(third) ?? 0)) problems.push(`${host} knows ${other} ${value}, and not ${third} ${before}, which that knew`)
    }
  }
  // A cycle: an event of another host that is known must come earlier in the log, which is written in one order.
  const seen = new Map<string, number>()
  for (const { host, clock } of events) {
    for (const [other, value] of clock) if (other !== host && value > (seen.get(other) ?? 0)) problems.push(`${host} knows ${other} ${value} before it happened`)
    seen.set(host, clock.get(host) ?? 0)
  }
  return problems
}

const logOf = ({ header, events }: SampleRecording, range?: ExportRange): LogEvent[] => readLog([...exportPieces(shiviz, header, events, range)].join(''))

/** The latest sender event that a taking knows must be the sending: ShiViz draws the arrow from there. */
function arrowProblems({ events }: SampleRecording, log: readonly LogEvent[], range: ExportRange): string[] {
  const bySeq = new Map(log.map((event) => [Number(event.groups.seq), event]))
  const sent = new Map<string, number>()
  const problems: string[] = []
  for (const event of events) {
    if (event.type === 'message-sent') sent.set(event.id, event.seq)
    if (event.type === 'message-duplicated') sent.set(event.id, sent.get(event.of) ?? 0)
    if (event.type !== 'message-taken' || event.seq < range.from || event.seq > range.to) continue
    const [taking, sending] = [bySeq.get(event.seq), bySeq.get(sent.get(event.id) ?? 0)]
    if (!taking) problems.push(`event ${event.seq} is not in the log`)
    else if (sending && (taking.clock.get(sending.host) ?? 0) < (sending.clock.get(sending.host) ?? 0)) problems.push(`event ${event.seq} does not know its sending`)
  }
  return problems
}

describe('the ShiViz log', { timeout: 300_000 }, () => {
  it('keeps every rule of ShiViz for 200 random recordings, whole and from their middle', () => {
    let arrows = 0
    for (let seed = 1; seed <= 200; seed++) {
      const recording = randomRecording(String(seed), 12)
      const random = createRandom(String(seed), 'range')
      const from = 1 + random.below(recording.events.length)
      for (const range of [wholeRecording, { from, to: from + random.below(recording.events.length) }]) {
        const log = logOf(recording, range)
        expect(problemsOf(log), `seed ${seed}, from ${range.from} to ${range.to}`).toEqual([])
        expect(arrowProblems(recording, log, range), `seed ${seed}, from ${range.from} to ${range.to}`).toEqual([])
        arrows += log.filter(({ groups }) => groups.kind?.endsWith('-delivered')).length
      }
    }
    expect(arrows).toBeGreaterThan(20_000)
  })

  it('a restarted server goes on as the same host, and the life is a field', () => {
    const lives = logOf(failoverRecording()).filter(({ host, groups }) => host === 's1' && groups.kind === 'started').map(({ groups }) => groups.life)
    expect(lives).toEqual(['1', '2'])
  })

  it('a message whose sending is before the range merges nothing and says so', () => {
    const recording = failoverRecording()
    const taken = recording.events.find((event) => event.type === 'message-taken' && event.seq > 500)
    const [first] = logOf(recording, { from: taken?.seq ?? 0, to: taken?.seq ?? 0 })
    expect(first?.groups.event).toContain('its sending is not in this log')
    expect([...first?.clock ?? []]).toEqual([[first?.host, 1]])
  })

  it('the checker finds what it must', () => {
    const event = (host: string, clock: Record<string, number>): LogEvent => ({ host, clock: new Map(Object.entries(clock)), groups: {} })
    expect(problemsOf([event('a', { b: 1 })])[0]).toBe('local host a is missing')
    expect(problemsOf([event('a', { a: 2 })])[0]).toBe('a goes from 0 to 2')
    expect(problemsOf([event('a', { a: 1, z: 1 })])[0]).toBe('a knows z, which is no host')
    expect(problemsOf([event('b', { b: 1 }), event('a', { a: 1, b: 2 })])[0]).toBe('a knows b 2, its last is 1')
  })

  it('names that ShiViz could not take are changed, and stay different', () => {
    const { header, events } = failoverRecording()
    const nodes = [...header.nodes, { name: 'a b', kind: 'client' as const }, { name: 'a_b', kind: 'client' as const }, { name: 'lab', kind: 'client' as const }]
    const started = (node: string, seq: number) => ({ seq, at: 0, wall: 0, type: 'node-started' as const, node, incarnation: 1, step: 0, kind: 'client' as const, pid: 0, seed: '' })
    const note = { seq: 4, at: 0, wall: 0, type: 'lab-note' as const, text: 'x\n{"a":1}', node: '' as const }
    const log = logOf({ header: { ...header, nodes }, events: [started('a b', 1), started('a_b', 2), started('lab', 3), note] })
    expect(log.map(({ host }) => host)).toEqual(['a_b', 'a_b_2', 'lab', 'lab_2'])
    expect(events.length).toBeGreaterThan(1000)
  })
})
