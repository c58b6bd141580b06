// Every recording of the simulator conforms, and a changed one does not; the checker says where.
// `npm run conformance:wide` takes 500 of them, this test 100.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Conformance, RuleMonitors, type Conformity } from '../check'
import { createRecordingReader, formatEvent, formatHeader, RecordingProblem, type TraceEvent, type TraceHeader } from '../trace'
import { randomFaultsRecording } from './testing/random-faults-recording'

const recordings = Number(process.env['UNDERSTUDY_RECORDINGS'] ?? (process.env['UNDERSTUDY_LONG'] === '1' ? 100 : 30))

function judge(header: TraceHeader, events: readonly TraceEvent[]): Conformity {
  const conformance = new Conformance(header)
  for (const event of events) conformance.take(event)
  return conformance.finish()
}

test(`${recordings} recordings with random faults conform`, () => {
  const kinds = new Set<string>()
  let events = 0
  let steps = 0
  let lives = 0
  let judgedMs = 0
  for (let seed = 1; seed <= recordings; seed++) {
    const { header, events: recorded } = randomFaultsRecording(String(seed), 30)
    for (const { type } of recorded) kinds.add(type)
    const began = performance.now()
    const conformity = judge(header, recorded)
    judgedMs += performance.now() - began
    expect(conformity.difference, `seed ${seed}`).toBeNull()
    expect(conformity.note, `seed ${seed}`).toBe('')
    events += conformity.events
    steps += conformity.steps
    lives += conformity.lives
  }
  console.log(JSON.stringify({ recordings, events, steps, lives, eventsPerSecond: Math.round(events / judgedMs * 1000) }))
  // Recordings in which little happens would prove little.
  expect(lives).toBeGreaterThan(recordings * 7)
  for (const kind of ['transfer-installed', 'message-held', 'message-released', 'message-duplicated', 'peer-lost', 'frozen', 'node-paused', 'operation-returned']) expect(kinds).toContain(kind)
})

test('a recording of before transfers had a digest conforms', () => {
  const recorded = randomFaultsRecording('digest', 60, { transferChunkBytes: 20, operationTimeoutMs: 400 })
  let transfers = 0
  const older = recorded.events.map((event) => {
    if (event.type !== 'message-sent' || event.message.type !== 'state-transfer' || event.message.digest === undefined) return event
    transfers++
    const { digest: _digest, ...message } = event.message
    return { ...event, message }
  })
  expect(transfers).toBeGreaterThan(1)
  expect(judge(recorded.header, older).difference).toBeNull()
  // And it must not be judged whether its transfers were whole.
  const monitors = new RuleMonitors(recorded.header)
  expect(older.flatMap((event) => monitors.take(event))).toEqual([])
  expect(monitors.states().find(({ rule }) => rule === 'whole-transfer')).toMatchObject({ standing: 'not-exercised', held: 0 })
})

// ---- one changed value

const { header, events } = randomFaultsRecording('7', 30)

/** Events whose fields are all effects, or are matched to effects. */
const effectTypes = new Set(['message-sent', 'view-changed', 'view-acked', 'ping-missed', 'ping-resumed', 'stuck', 'role-changed', 'transfer-progress',
  'transfer-installed', 'view-cached', 'operation-returned', 'operation-started', 'note', 'superseded'])
/** For an input, the fields that identify it. Its other fields show only in its effects, and it may have none. */
const inputFields: Readonly<Record<string, readonly string[]>> = {
  'message-taken': ['id', 'node', 'incarnation', 'step'], 'timer-fired': ['node', 'incarnation', 'step', 'name', 'armed'],
  'node-started': ['node', 'step', 'kind'], 'peer-lost': ['node', 'incarnation', 'step'], 'operation-invoked': ['node', 'incarnation', 'step'],
}
const judged = events.filter(({ type }) => effectTypes.has(type) || type in inputFields)

type Path = readonly (string | number)[]

/** The paths of all texts, numbers and booleans in a value. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, Array.isArray(value) ? Number(key) : key]))
}

function changed(value: unknown, path: Path): unknown {
  const [key, ...rest] = path
  if (key !== undefined) {
    const copy = (Array.isArray(value) ? [...value as unknown[]] : { ...value as object }) as Record<string | number, unknown>
    copy[key] = changed(copy[key], rest)
    return copy
  }
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  // One character is replaced; `x` and `y` are no names of anything here.
  return typeof value === 'string' ? `${value.slice(0, -1)}${value.endsWith('x') ? 'y' : 'x'}` : 1
}

/** Where reading the recording's text again reveals the change: the codec's refusal, or the event of the difference. */
function foundAt(at: number, event: TraceEvent): { refused: string } | { event: number | undefined; seq: number | undefined } {
  const reader = createRecordingReader()
  const conformance = new Conformance(header)
  try {
    reader.push(`${formatHeader(header)}\n`)
    for (const recorded of events) for (const read of reader.push(`${formatEvent(recorded.seq === at ? event : recorded)}\n`).events) conformance.take(read)
  } catch (error) {
    if (error instanceof RecordingProblem) return { refused: error.message }
    throw error
  }
  const { difference } = conformance.finish()
  return { event: difference?.event, seq: difference?.seq }
}

describe('one changed value', () => {
  test('in an effect is found at that event, in an input at that step, or is refused by the codec', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: judged.length - 1 }), fc.nat(), (index, pick) => {
      const event = judged[index] as TraceEvent
      const paths = leaves(event).filter(([field]) => inputFields[event.type]?.includes(String(field)) ?? !['seq', 'at', 'wall'].includes(String(field)))
      const path = paths[pick % paths.length] as Path
      const found = foundAt(event.seq, changed(event, path) as TraceEvent)
      if ('refused' in found) expect(found.refused).toMatch(/^Line \d+ /)
      else expect(found.event, `${event.type} #${event.seq} ${path.join('.')}`).toBe(event.seq)
    }), { numRuns: 150, seed: 1 })
  })

  test('in what a client was asked for is found where it has an effect, and so is the number of a life', () => {
    const isRequest = (event: TraceEvent | undefined): boolean => event?.type === 'message-sent' && event.message.type === 'request'
    const put = events.find((event, at) => event.type === 'operation-invoked' && event.operation.operation.type === 'put' && isRequest(events[at + 2])) as TraceEvent
    const request = events[put.seq + 1] as TraceEvent
    expect(foundAt(put.seq, changed(put, ['operation', 'operation', 'value']) as TraceEvent)).toEqual({ event: request.seq, seq: put.seq })
    const ping = events.find((event) => event.type === 'message-sent' && event.from === 's2') as TraceEvent
    const start = events.find((event) => event.type === 'node-started' && event.node === 's2') as TraceEvent
    expect(foundAt(start.seq, changed(start, ['incarnation']) as TraceEvent)).toMatchObject({ event: ping.seq })
  })

  test('an event that was left out, or told twice, is found', () => {
    const index = events.findIndex((event) => event.type === 'message-sent' && event.seq > 500)
    const without = events.filter((_, at) => at !== index)
    expect(judge(header, without).difference).not.toBeNull()
    const twice = [...events.slice(0, index + 1), ...events.slice(index)]
    expect(judge(header, twice).difference?.event).toBe(events[index]?.seq)
  })
})

test('a recording that ends in the middle of a step conforms as far as it goes, and says so', () => {
  const end = events.findIndex((event, at) => event.type === 'message-taken' && events[at + 1]?.type === 'message-sent')
  expect(judge(header, events.slice(0, end + 1))).toMatchObject({ difference: null, note: expect.stringMatching(/^The last step, step \d+ of \w+, is not whole\.$/) as string })
})
