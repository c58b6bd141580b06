// Recordings with any one part changed or missing. Each is refused with its line and one sentence, or every reader handles it and writes
// neither "undefined" nor "[object Object]". Covers every part of every kind of event, and random parts of long recordings.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Conformance, differenceSentence, EventDigester, LiveHistory, RuleMonitors, standingSentence, wholeVerdictText } from '../check'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { createRecordingReader, eventLine, formatEvent, formatHeader, RecordingProblem, type TraceEvent, type TraceHeader } from '../trace'
import { exporters } from './exporters'

type Path = readonly (string | number)[]

const deep = '['.repeat(20_000) + ']'.repeat(20_000)
/** JSON texts that replace a part. Undefined: the part is removed. */
const others: readonly (string | undefined)[] = [
  undefined, 'null', 'true', '7', '-1', '1.5', '1e400', '"x"', '""', '"base64:A"', '"\\u001b[31m<script>"', '"=HYPERLINK(1)"', '[]', '{}', '[7]', '["x"]', '[null]', '{"type":"x"}',
  '{"toString":1,"startsWith":2}', '{"type":"constructor"}', '{"__proto__":{"type":"cut"}}', deep,
]

/** The paths of all parts inside a value, without the value itself. */
/** What a program says in its own words may have any part. */
const isInOwnWords = (path: Path): boolean => path.includes('state') || path.includes('body')

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => {
    const own = [...path, Array.isArray(value) ? Number(key) : key]
    return [own, ...pathsOf(part, own)]
  })
}

/** The line with one part replaced. It edits text, because some replacements cannot be parsed as a value. */
function changed(line: string, path: Path, other: string | undefined): string {
  const mark = '\ue000mark'
  const value = JSON.parse(line) as Record<string, unknown>
  let parent: Record<string | number, unknown> = value
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>
  const last = path.at(-1) as string
  if (other !== undefined) parent[last] = mark
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete parent[last]
  return JSON.stringify(value).replace(`"${mark}"`, () => other ?? '')
}

/** The line with an extra part that no recording has. */
function withMore(line: string, path: Path): string {
  const value = JSON.parse(line) as Record<string, unknown>
  let place: Record<string | number, unknown> = value
  for (const key of path) place = place[key] as Record<string, unknown>
  place['more'] = 7
  return JSON.stringify(value).replace('"more":7', () => `"more":${deep}`)
}

interface Opened {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
}

/** The recording, or the sentence that refuses it. */
function open(lines: readonly string[]): Opened | string {
  const reader = createRecordingReader()
  try {
    const { events } = reader.push(`${lines.join('\n')}\n`)
    return { header: reader.end().header, events }
  } catch (error) {
    if (error instanceof RecordingProblem) return error.message
    throw error
  }
}

/** All that every reader writes about the recording. */
function allWords({ header, events }: Opened): string {
  const said: string[] = []
  const conformance = new Conformance(header)
  const monitors = new RuleMonitors(header)
  const history = new LiveHistory(header)
  const digester = new EventDigester()
  for (const event of events) {
    conformance.take(event)
    monitors.take(event)
    history.take(event)
    digester.take(event)
    said.push(Object.values(eventLine(event, () => undefined)).join(' '))
  }
  const { difference } = conformance.finish()
  if (difference) said.push(differenceSentence(difference))
  const standing = history.finish({ stepsMax: 10_000, memoMax: 10_000 })
  said.push(standingSentence(standing), wholeVerdictText(monitors.states(), standing), ...monitors.states().map(({ first }) => first?.text ?? ''))
  for (const [format, exporter] of Object.entries(exporters)) {
    const writer = exporter.begin(header)
    const text = [...events.map((event) => writer.take(event)), ...writer.end()].join('')
    // Text from the file must stay text in every export: no mark-up, no formula, no terminal control.
    if (format === 'html') expect(text).not.toContain('<script>')
    if (format === 'csv') expect(text).not.toMatch(/(^|,)"?=HYPERLINK/m)
    else expect(text).not.toContain('\u001b')
    said.push(text, writer.told, ...writer.notes)
  }
  return said.join('\n')
}

const nonsense = /undefined|\[object Object\]|\bNaN\b/

/** Opens the lines and passes them to every reader; returns the refusal, or '' if they were read. */
function judge(lines: readonly string[], number: number): string {
  const opened = open(lines)
  if (typeof opened !== 'string') {
    expect(nonsense.exec(allWords(opened))?.[0] ?? '').toBe('')
    return ''
  }
  expect(opened).not.toMatch(nonsense)
  expect(opened).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(opened.length).toBeLessThan(400)
  // A message may be addressed to an unknown node and be lost; it is refused only if a later line lets it go on.
  const later = /^Line (\d+) lets a message go on to [^\n]*\.$/.exec(opened)?.[1]
  if (later !== undefined && number > 1) expect(Number(later)).toBeGreaterThanOrEqual(number)
  else expect(opened).toMatch(number === 1 ? /^(The first line of this recording cannot be used: [^]*|This file is not an Understudy recording|This recording has format version \d+[^]*)\.$/ : new RegExp(`^Line ${number} [^\\n]*\\.$`))
  return opened
}

const page = readFileSync(new URL('../../docs/recording.md', import.meta.url), 'utf8')
const headerLine = /^```json header\n(.+)\n```$/m.exec(page)?.[1] ?? ''
const examples = [...page.matchAll(/^### `([a-z-]+)`\n[\s\S]*?^```json\n(.+)\n```$/gm)].map(([, type = '', line = '']) => [type, line] as const)

const view = { viewnum: 3, primary: { name: 's1', incarnation: 1, address: '' }, backups: [{ name: 's2', incarnation: 1, address: '' }] }
const operation = { type: 'cas', key: 'k', expected: null, value: 'v' }
const between = { viewnum: 3, fromIncarnation: 1, toIncarnation: 1 }
const ofRequest = { clientId: 'c1.1', requestId: 1 }
const messages: readonly object[] = [
  { type: 'ping', viewnum: 1, incarnation: 1, address: '', initialised: [{ name: 's2', incarnation: 1 }] }, { type: 'view-reply', view, toIncarnation: 1 },
  { type: 'superseded', toIncarnation: 1, incarnation: 2 }, { type: 'get-view' }, { type: 'query' },
  { type: 'query-reply', current: view, acked: view, historyLost: false, pings: 1, getViews: 1, queries: 1 }, { type: 'request', ...ofRequest, viewnum: 1, operation },
  { type: 'reply', ...ofRequest, viewnum: 1, seq: 1, replayed: false, executedViewnum: 1, result: { type: 'mismatch', actual: 'base64:/w==' } },
  { type: 'rejected', ...ofRequest, reason: 'busy', requestViewnum: 1, viewnum: 1 }, { type: 'not-yet', viewnum: 1, ...ofRequest }, { type: 'forward', ...between, seq: 1, ...ofRequest, operation },
  { type: 'forward-ack', ...between, executed: 1 }, {
    type: 'state-transfer', ...between, chunk: 0, last: true, executed: 1, entries: [{ key: 'k', value: 'v' }],
    rows: [{ ...ofRequest, result: { type: 'value', value: 'v' }, seq: 1, viewnum: 1 }], digest: { keys: 1, rows: 1, hash: -5 },
  },
  { type: 'state-transfer-ack', ...between, chunk: 0, installed: true }, { type: 'restarted', ...between },
]
const effects: readonly object[] = [
  { type: 'cut' }, { type: 'partition', groups: [['s1'], ['s2']] }, { type: 'isolate', nodes: ['s1'] }, { type: 'drop', probability: 0.5 },
  { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 1, maxMs: 2 } }, { type: 'delay', probability: 1, delay: { type: 'constant', ms: 2 } },
  { type: 'delay', probability: 1, delay: { type: 'exponential', meanMs: 2 } }, { type: 'duplicate', probability: 1 },
  { type: 'reorder', probability: 1, withinMs: 3 }, { type: 'hold' }, { type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 },
]
const line = (body: object): string => JSON.stringify({ seq: 1, at: 1, wall: 1, ...body })
const where = { from: ['s1'], to: [], kinds: ['forward'] }
const ofStep = { node: 'c1', incarnation: 1, step: 1 }
const more: readonly (readonly [what: string, line: string])[] = [
  ...messages.map((message) => [`message ${(message as { type: string }).type}`, line({ type: 'message-sent', id: 's1.1.1.0', from: 's1', to: 's2', message })] as const),
  ['late copy', line({ type: 'message-duplicated', id: 'a.1.1.0+1', of: 'a.1.1.0', reason: 'f', carries: { from: 'c1', to: 's1', fromAs: 'c1/2', message: messages[6] } })],
  ...effects.map((effect) => [`fault ${(effect as { type: string }).type}`, line({ type: 'fault-added', fault: 'f', text: 't', rule: { name: 'f', where, bothWays: false, effect, times: 0 }, plan: { inMs: 1, forMs: 2 }, isOn: true })] as const),
  ['break promoted', line({ type: 'break-added', condition: { name: 'b', on: { type: 'promoted', node: 's1' }, exact: true, stays: true }, text: 't' })],
  ['workload', line({ type: 'workload-started', text: 't', plan: { rate: 5, inFlight: 1, mix: { put: 1, append: 1, get: 1, delete: 1, cas: 1 }, keys: 3, valueBytes: 5, clients: ['c1'] } })],
  ['view change', line({ type: 'view-changed', node: 'vs', incarnation: 1, step: 1, view, cause: { type: 'change', left: [{ server: 's1', because: 'restarted' }], promoted: 's2', joined: ['s1'] } })],
  ['stuck', line({ type: 'stuck', node: 'vs', incarnation: 1, step: 1, stuck: { type: 'ack-waits-for-dead-backup', primary: 's1', backup: 's2' } })],
  ['returned ok', line({ type: 'operation-returned', ...ofStep, operationId: 1, tries: 1, outcome: { type: 'ok', result: { type: 'value', value: 'v' }, by: 's1', viewnum: 1, seq: 1, replayed: false, executedViewnum: 1 } })],
  ['returned failed', line({ type: 'operation-returned', ...ofStep, operationId: 1, tries: 1, outcome: { type: 'failed', reason: 'never-sent', by: '' } })],
  ['returned told', line({ type: 'operation-returned', ...ofStep, operationId: 1, tries: 1, outcome: { type: 'unknown', reason: 'told', told: 'w' } })],
]

describe('each part of each kind of event, in the place of which is something else', () => {
  it.each([...examples, ...more])('%s', (_what, whole) => {
    expect(judge([headerLine, whole], 2)).toBe('')
    const value = JSON.parse(whole) as object
    for (const path of pathsOf(value)) for (const other of others) judge([headerLine, changed(whole, path, other)], 2)
    const objects = [[], ...pathsOf(value)].filter((path) => {
      const part = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value)
      return typeof part === 'object' && part !== null && !Array.isArray(part)
    })
    // A part that no event has is refused, so no reader meets it, however deeply it nests.
    for (const path of objects.filter((path) => !isInOwnWords(path))) expect(judge([headerLine, withMore(whole, path)], 2)).toContain('a part that no recording has: "more"')
  })

  it('the first line', () => {
    expect(judge([headerLine], 1)).toBe('')
    for (const path of pathsOf(JSON.parse(headerLine))) for (const other of others) judge([changed(headerLine, path, other)], 1)
    for (const path of [[], ['settings'], ['nodes', 0]]) expect(judge([withMore(headerLine, path)], 1)).not.toBe('')
  })
})

test('of a long recording any parts may be damaged at once', () => {
  const { header, events } = randomFaultsRecording('damaged', 60)
  const lines = [formatHeader(header), ...events.map(formatEvent)]
  expect(judge(lines, 0)).toBe('')
  const first = events.findIndex((event) => event.type === 'message-sent' && events.some((later) => later.type === 'message-handed' && later.id === event.id)) + 1
  expect(judge(lines.with(first, changed(lines[first] ?? '', ['to'], '"x"')), first + 1)).toMatch(/^Line \d+ lets a message go on to x, which is none/)
  let refused = 0
  fc.assert(fc.property(fc.nat({ max: lines.length - 2 }), fc.nat(), fc.constantFrom(...others), (index, place, other) => {
    const whole = lines[index + 1] ?? ''
    const paths = pathsOf(JSON.parse(whole))
    const damaged = changed(whole, paths[place % paths.length] ?? [], other)
    if (judge([...lines.slice(0, index + 1), damaged, ...lines.slice(index + 2)], index + 2) !== '') refused++
  }), { numRuns: 150 })
  expect(refused).toBeGreaterThan(30)
})
