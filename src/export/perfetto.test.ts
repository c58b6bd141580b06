// The Chrome trace against a schema of the format, and against what Perfetto needs: slices that nest, arrows with slices at both ends.
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { failoverRecording, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { exportPieces, wholeRecording, type ExportRange } from './exporter'
import { perfetto } from './perfetto'
import type { ChromeEvent } from './perfetto-tracks'

const integer = { type: 'integer', minimum: 0 }
const base = { name: { type: 'string', minLength: 1 }, pid: integer, tid: integer, args: { type: 'object' }, cat: { type: 'string' } }
const timed = { ...base, ts: { type: 'number', minimum: 0 } }
const kind = (ph: string, properties: object, required: readonly string[]): object => (
  { type: 'object', additionalProperties: false, properties: { ...properties, ph: { const: ph } }, required: ['ph', 'name', 'pid', 'tid', ...required] }
)

/** As in the format's description and Perfetto's documents. */
const schema = {
  type: 'object', additionalProperties: false, required: ['traceEvents', 'displayTimeUnit'],
  properties: {
    displayTimeUnit: { enum: ['ms', 'ns'] },
    otherData: { type: 'object', additionalProperties: { type: 'string' } },
    traceEvents: {
      type: 'array',
      items: {
        oneOf: [
          kind('X', { ...timed, dur: { type: 'number', minimum: 0 } }, ['ts', 'dur']),
          kind('i', { ...timed, s: { enum: ['g', 'p', 't'] } }, ['ts', 's']),
          kind('s', { ...timed, id: { type: 'string' } }, ['ts', 'id', 'cat']),
          kind('f', { ...timed, id: { type: 'string' }, bp: { const: 'e' } }, ['ts', 'id', 'cat', 'bp']),
          kind('C', { ...timed, args: { type: 'object', additionalProperties: { type: 'number' } } }, ['ts', 'args']),
          kind('M', { ...base, name: { enum: ['process_name', 'thread_name', 'process_sort_index'] } }, ['args']),
        ],
      },
    },
  },
}
const isChromeTrace = new Ajv({ allowUnionTypes: true }).compile<{ traceEvents: ChromeEvent[]; otherData: Record<string, string> }>(schema)

function traceOf({ header, events }: SampleRecording, range: ExportRange = wholeRecording, note = ''): { traceEvents: ChromeEvent[]; otherData: Record<string, string> } {
  const trace: unknown = JSON.parse([...exportPieces(perfetto, header, events, range, note)].join(''))
  if (!isChromeTrace(trace)) throw new Error(JSON.stringify(isChromeTrace.errors?.slice(0, 3)))
  return trace
}

interface Slice { readonly name: string; readonly track: string; readonly begin: number; readonly end: number }

const slicesOf = (events: readonly ChromeEvent[]): Slice[] => events.filter(({ ph }) => ph === 'X')
  .map(({ name, pid, tid, ts = 0, dur = 0 }) => ({ name, track: `${pid}.${tid}`, begin: ts, end: ts + dur }))

/** Slices of one track that overlap without nesting. */
function overlapsOf(events: readonly ChromeEvent[]): string[] {
  const problems: string[] = []
  const open = new Map<string, Slice[]>()
  for (const slice of slicesOf(events).sort((one, other) => one.begin - other.begin || other.end - one.end)) {
    const stack = open.get(slice.track) ?? []
    open.set(slice.track, stack)
    while (stack.length > 0 && (stack.at(-1)?.end ?? 0) <= slice.begin) stack.pop()
    const outer = stack.at(-1)
    if (outer && slice.end > outer.end) problems.push(`${slice.name} and ${outer.name} on ${slice.track}`)
    stack.push(slice)
  }
  return problems
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/** Arrows without a slice around an end, and arrows with only one end. */
function arrowProblems(events: readonly ChromeEvent[]): string[] {
  const byTrack = grouped(slicesOf(events), ({ track }) => track)
  const ends = events.filter(({ ph }) => ph === 's' || ph === 'f')
  const problems: string[] = []
  for (const [id, pair] of grouped(ends, ({ id = '' }) => id)) {
    const [begin, end] = [pair.find(({ ph }) => ph === 's'), pair.find(({ ph }) => ph === 'f')]
    if (pair.length !== 2 || !begin || !end) problems.push(`${id} has ${pair.map(({ ph }) => ph).join()}`)
    else if ((begin.ts ?? 0) > (end.ts ?? 0)) problems.push(`${id} ends before it begins`)
    for (const { pid, tid, ts = 0 } of pair) {
      const around = byTrack.get(`${pid}.${tid}`)?.filter((slice) => slice.begin <= ts && ts < slice.end)
      if (around?.length !== 1) problems.push(`${id} has ${around?.length ?? 0} slices around an end`)
    }
  }
  return problems
}

describe('the Perfetto trace', { timeout: 300_000 }, () => {
  it('of a failover: a process for each node, and what happened to them', () => {
    const recording = failoverRecording()
    const { traceEvents, otherData } = traceOf(recording)
    const named = (name: string): unknown[] => traceEvents.filter((event) => event.ph === 'M' && event.name === name).map(({ args }) => args?.name)
    expect(named('process_name')).toEqual(['lab', ...recording.header.nodes.map(({ name }) => name)])
    const names = new Set(traceEvents.map(({ name }) => name))
    for (const name of ['life 1', 'life 2', 'paused', 'killed', 'view 3', 'view 3: s2 primary, s3 backup', 'not acked', 'messages in flight', 'rule 1 broken', 'some are lost', 'forward delivered', 'try 2: s2']) {
      expect(names.has(name), name).toBe(true)
    }
    expect(otherData.title).toBe('failover <under> faults; end')
    const forwards = recording.events.filter((event) => event.type === 'message-taken').length
    expect(traceEvents.filter(({ ph }) => ph === 'f').length).toBe(forwards)
  })

  it('slices nest and arrows have slices at both ends, for 15 random recordings, whole and from their middle', () => {
    for (let seed = 1; seed <= 15; seed++) {
      const recording = randomRecording(String(seed))
      for (const range of [wholeRecording, { from: 300 + seed * 7, to: 900 + seed * 5 }]) {
        const { traceEvents } = traceOf(recording, range)
        expect(overlapsOf(traceEvents), `seed ${seed}`).toEqual([])
        expect(arrowProblems(traceEvents), `seed ${seed}`).toEqual([])
      }
    }
  })

  it('operations of one client that are open together have a track each', () => {
    const { traceEvents } = traceOf(failoverRecording())
    const tracks = new Set(traceEvents.filter((event) => event.ph === 'M' && event.name === 'thread_name' && String(event.args?.name).startsWith('operations')).map(({ pid, tid }) => `${pid}.${tid}`))
    expect(tracks.size).toBeGreaterThanOrEqual(4)
  })

  it('the counter ends at what is in flight', () => {
    const recording = failoverRecording()
    const { traceEvents } = traceOf(recording)
    const open = new Set<string>()
    for (const event of recording.events) {
      if (event.type === 'message-sent' || event.type === 'message-duplicated') open.add(event.id)
      if (event.type === 'message-taken' || event.type === 'message-dropped') open.delete(event.id)
    }
    expect(traceEvents.filter(({ ph }) => ph === 'C').at(-1)?.args).toEqual({ messages: open.size })
  })

  it('says what is said of the recording', () => {
    expect(traceOf(failoverRecording(), wholeRecording, 'The last line was cut off.').otherData.note).toBe('The last line was cut off.')
  })

  it('a recording without events is a trace all the same', () => {
    expect(traceOf({ header: failoverRecording().header, events: [] }).traceEvents.every(({ ph }) => ph === 'M')).toBe(true)
  })
})
