// Names of nodes are checked in one place. An event is refused, with its line number, if it names a node that the first line does not have,
// or if the node does what its kind never does.
import { expect, test } from 'vitest'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { createRecordingReader, formatEvent, formatHeader, RecordingProblem } from './codec'
import type { EventBody, TraceEvent } from './event'
import { EventNodes } from './event-nodes'

const { header, events } = randomFaultsRecording('names', 60, { replication: 'synchronous' })

function refusalOf(all: readonly TraceEvent[]): string {
  const reader = createRecordingReader()
  try {
    reader.push([formatHeader(header), ...all.map(formatEvent), ''].join('\n'))
    reader.end()
  } catch (error) {
    if (error instanceof RecordingProblem) return error.message
    throw error
  }
  return 'it was read'
}

/** The refusal of the recording with one more event at its end. */
const withEvent = (body: EventBody): string => refusalOf([...events, { seq: events.length + 1, at: 0, wall: 0, ...body }])

/** The event with every node name in it replaced by this name; null if it names no node. */
function naming(event: TraceEvent, stranger: string): TraceEvent | null {
  const changed = JSON.parse(JSON.stringify(event), function rename(this: Record<string, unknown>, key, value: unknown) {
    return typeof value === 'string' && value !== '' && (['node', 'from', 'server', 'by', 'peer'].includes(key) || (key === 'name' && 'incarnation' in this)) ? stranger : value
  }) as TraceEvent
  return JSON.stringify(changed) === JSON.stringify(event) ? null : changed
}

test('every event of a recording that names somebody is refused when it names a stranger, with the line', () => {
  expect(refusalOf(events)).toBe('it was read')
  const tried = new Map<string, number>()
  for (const [index, event] of events.entries()) {
    const times = tried.get(event.type) ?? 0
    // Replies and forwards name incarnations in their contents, which the check does not read.
    const changed = times < 3 ? naming(event, 's9') : null
    if (changed === null) continue
    tried.set(event.type, times + 1)
    expect(refusalOf([...events.slice(0, index), changed]), event.type).toMatch(new RegExp(`^Line ${index + 2} .*s9, which is none of the nodes of the first line \\(vs, s1, s2, s3, c1, c2\\)\\.$`))
  }
  expect([...tried.keys()]).toEqual(expect.arrayContaining([
    'node-started', 'message-sent', 'message-taken', 'timer-fired', 'view-changed', 'view-acked', 'role-changed', 'operation-invoked', 'operation-started',
    'operation-returned', 'transfer-progress', 'transfer-installed', 'view-cached', 'node-killed', 'node-exited', 'frozen', 'ping-missed',
  ]))
})

test('who does what its kind never does is refused', () => {
  const step = { incarnation: 1, step: 9 }
  const operation = { type: 'operation', operationId: 1, session: 0, operation: { type: 'get', key: 'a' }, target: '' } as const
  expect(withEvent({ type: 'operation-invoked', node: 's1', ...step, operation, label: 'person' })).toMatch(/^Line \d+ tells an operation of s1, which is a replica and no client\.$/)
  expect(withEvent({ type: 'role-changed', node: 'c1', ...step, role: 'primary', viewnum: 9, serving: true })).toMatch(/tells "role-changed" of c1, which is a client and no replica\.$/)
  const view = { viewnum: 9, primary: { name: 'c1', incarnation: 1, address: '' }, backups: [] }
  expect(withEvent({ type: 'view-acked', node: 'vs', ...step, view })).toMatch(/has a view with c1, which is a client and no replica\.$/)
  expect(withEvent({ type: 'view-acked', node: 's1', ...step, view })).toMatch(/tells "view-acked" of s1, which is a replica and no view-server\.$/)
  expect(withEvent({ type: 'node-started', node: 's1', incarnation: 9, step: 0, kind: 'client', pid: 0, seed: '' })).toMatch(/starts s1 as a client, and the first line says that it is a replica\.$/)
})

test('a fault, a freeze, a branch and a note name nodes too', () => {
  const rule = { name: 'f', where: { from: ['s1'], to: ['x1'], kinds: [] }, bothWays: false, effect: { type: 'cut' }, times: 0 } as const
  const fault = { type: 'fault-added', fault: 'f', text: '', plan: { inMs: 0, forMs: 0 }, isOn: true } as const
  expect(withEvent({ ...fault, rule })).toMatch(/has a fault with x1, which is none/)
  expect(withEvent({ ...fault, rule: { ...rule, where: { from: [], to: [], kinds: [] }, effect: { type: 'partition', groups: [['s1'], ['x2']] } } })).toMatch(/has a fault with x2/)
  expect(withEvent({ ...fault, rule: { ...rule, where: { from: [], to: [], kinds: [] }, effect: { type: 'isolate', nodes: ['x3'] } } })).toMatch(/has a fault with x3/)
  expect(withEvent({ type: 'frozen', freeze: 1, timers: [{ node: 'x4', name: 'ping', armed: 1, remainingMs: 1 }], reason: '', metBy: 0 })).toMatch(/stops timers of x4/)
  expect(withEvent({ type: 'timers-stopped', node: 'x5', timers: [] })).toMatch(/stops timers of x5/)
  expect(withEvent({ type: 'branched', parent: { title: '', createdAt: '', seq: 1 }, processes: [{ node: 'x6', incarnation: 1, pid: 1 }] })).toMatch(/goes on with x6/)
  expect(withEvent({ type: 'lab-note', node: 'x7', text: '' })).toMatch(/has a note of x7/)
  expect(withEvent({ type: 'lab-note', node: '', text: '' })).toBe('it was read')
})

test('a message to who does not exist may be lost, and comes to nobody', () => {
  const nodes = new EventNodes(header)
  const stamp = { seq: 1, at: 0, wall: 0 }
  const sent = (id: string): TraceEvent => ({ ...stamp, type: 'message-sent', id, from: 'c1', to: 's9', message: { type: 'get-view' } })
  expect(nodes.problem(sent('c1.1.1.0'))).toBeUndefined()
  expect(nodes.problem({ ...stamp, type: 'message-dropped', id: 'c1.1.1.0', reason: { type: 'no-such-node' } })).toBeUndefined()
  expect(nodes.problem({ ...stamp, type: 'peer-lost', node: 'c1', incarnation: 1, step: 2, peer: 's9' })).toBeUndefined()
  expect(nodes.problem({ ...stamp, type: 'peer-lost', node: 'c1', incarnation: 1, step: 2, peer: 's8' })).toMatch(/lost connection to s8/)
  expect(nodes.problem(sent('c1.1.3.0'))).toBeUndefined()
  expect(nodes.problem({ ...stamp, type: 'message-handed', id: 'c1.1.3.0' })).toMatch(/^lets a message go on to s9, which is none/)
})

test('a first line that has a node twice is refused', () => {
  const reader = createRecordingReader()
  expect(() => reader.push(`${formatHeader({ ...header, nodes: [...header.nodes, { name: 's1', kind: 'client' }] })}\n`)).toThrow('its list of nodes has s1 twice')
})
