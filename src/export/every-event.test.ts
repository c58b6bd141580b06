// Every export of more than operations shows every kind of event, or this test says why it does not.
import { describe, expect, it } from 'vitest'
import { failoverRecording } from '../sim/testing/random-recording'
import { eventTypes, type EventType, type TraceEvent, type TraceHeader } from '../trace'
import { exporters, exportFormats, type ExportFormat } from './exporters'

const { header: sampled } = failoverRecording()
const header: TraceHeader = { ...sampled, nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }] }
const view = (viewnum: number) => ({ viewnum, primary: { name: 's1', incarnation: 1, address: '' }, backups: [] })
const of = (node: string) => ({ node, incarnation: 1, step: 1 })
const fault = { name: 'mark17', where: { from: '', to: '', kinds: [] }, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 0 }
const request = { type: 'request', clientId: 'c1.1', requestId: 1, viewnum: 1, operation: { type: 'put', key: 'mark', value: '1' } }
const ack = { type: 'forward-ack', viewnum: 1, from: 1, to: 1, executed: 991_177 }

/** One event after another; the export must contain the `mark` of each. */
const samples: readonly (readonly [type: EventType, mark: RegExp, body: object])[] = [
  ['node-started', /started/, { ...of('s1'), kind: 'replica', pid: 4, seed: '' }],
  ['node-started', /started/, { ...of('s2'), kind: 'replica', pid: 5, seed: '' }],
  ['message-sent', /forward-ack/, { id: 's1.1.1.0', from: 's1', to: 's2', message: ack }],
  ['message-delayed', /mark01/, { id: 's1.1.1.0', fault: 'mark01', ms: 5 }],
  ['message-held', /mark02/, { id: 's1.1.1.0', reason: 'mark02' }],
  ['message-released', /mark03/, { id: 's1.1.1.0', reason: 'mark03' }],
  ['message-duplicated', /mark04/, { id: 's1.1.1.0+1', of: 's1.1.1.0', reason: 'mark04', carries: null }],
  ['message-handed', /handed over/, { id: 's1.1.1.0' }],
  ['message-taken', /forward-ack/, { id: 's1.1.1.0+1', ...of('s2') }],
  ['message-dropped', /mark05/, { id: 's1.1.1.0', reason: { type: 'fault', fault: 'mark05' } }],
  ['fault-added', /mark06/, { fault: 'f', text: 'mark06', rule: fault, plan: { inMs: 0, forMs: 0 }, isOn: true }],
  ['fault-switched', /mark07/, { fault: 'f', isOn: false, reason: 'mark07' }],
  ['fault-removed', /fault.removed|fault%20removed/, { fault: 'f', reason: 'mark08' }],
  ['timer-fired', /mark09/, { ...of('s1'), name: 'mark09', armed: 1 }],
  ['peer-lost', /peer.lost/, { ...of('s1'), peer: 's2' }],
  ['operation-invoked', /put.mark|put<U\+0020>mark/, { ...of('c1'), label: 'person', operation: { type: 'operation', operationId: 1, session: -1, operation: request.operation, target: '' } }],
  ['operation-started', /took.up/, { ...of('c1'), operationId: 1, clientId: 'c1.1', requestId: 1 }],
  ['operation-returned', /timeout|nobody.answered.in.time/, { ...of('c1'), operationId: 1, outcome: { type: 'unknown', reason: 'timeout' }, tries: 1 }],
  ['frozen', /mark10/, { freeze: 1, timers: [], reason: 'mark10', metBy: 0 }],
  ['timers-stopped', /timers/, { node: 's1', timers: [] }],
  ['thawed', /thawed/, { freeze: 1 }],
  ['break-added', /mark11/, { condition: { name: 'b', staysSet: false } as never, text: 'mark11' }],
  ['break-removed', /break.removed/, { name: 'mark12' }],
  ['scenario-step', /mark13/, { step: 1, text: 'mark13', state: 'running', detail: '' }],
  ['workload-started', /mark14/, { text: 'mark14', plan: null }],
  ['workload-stopped', /workload.*stopped/, {}],
  ['branched', /mark15/, { parent: { title: 'mark15', createdAt: '', seq: 1 }, processes: [] }],
  ['stalled', /stalled/, { node: 's1', ms: 612 }],
  ['lab-note', /mark16/, { text: 'mark16', node: '' }],
  ['violation', /mark17/, { rule: 'rule 1', text: 'mark17', evidence: [1] }],
  ['view-changed', /view.7|view<U\+0020>7/, { ...of('vs'), view: view(7), cause: { type: 'first-server', server: 's1' } }],
  ['view-acked', /view.7.acked|acked/, { ...of('vs'), view: view(7) }],
  ['ping-missed', /ping.missed/, { ...of('vs'), server: 's1', missed: 1 }],
  ['ping-resumed', /ping.resumed/, { ...of('vs'), server: 's1' }],
  ['stuck', /stuck/, { ...of('vs'), stuck: { type: 'history-lost' } }],
  ['role-changed', /believes/, { ...of('s1'), role: 'primary', viewnum: 7, serving: true }],
  ['transfer-progress', /transfer/, { ...of('s1'), to: 's2', viewnum: 7, chunks: 1, bytes: 5, done: false }],
  ['transfer-installed', /installed/, { ...of('s2'), from: 's1', viewnum: 7, keys: 1, executed: 1 }],
  ['view-cached', /knows.view/, { ...of('c1'), viewnum: 7 }],
  ['note', /mark18/, { ...of('s1'), text: 'mark18' }],
  ['superseded', /superseded|incarnation.2/, { ...of('s1'), by: 2 }],
  ['acted', /acted/, of('s1')],
  ['program-level', /mark20/, { node: 's1', incarnation: 1, level: 1, reason: 'mark20' }],
  ['state-told', /mark21/, { ...of('s1'), state: { mark21: 1 } }],
  ['line-refused', /mark22/, { node: 's1', incarnation: 1, line: 'x', reason: 'mark22' }],
  ['program-said', /mark23/, { node: 's1', incarnation: 1, text: 'mark23' }],
  ['node-failed', /mark19/, { node: 's2', incarnation: 1, reason: 'mark19' }],
  ['node-paused', /paused/, { node: 's1', incarnation: 1 }],
  ['node-resumed', /resumed|paused/, { node: 's1', incarnation: 1 }],
  ['node-killed', /killed/, { node: 's1', incarnation: 1 }],
  ['node-exited', /SIGSEGV/, { node: 's2', incarnation: 1, code: null, signal: 'SIGSEGV', stderr: '' }],
]

/** Steps that are invisible from outside, and events that an arrow or another line already shows. */
const quiet: Readonly<Partial<Record<ExportFormat, readonly EventType[]>>> = {
  shiviz: ['message-handed', 'timers-stopped'],
  // Handing over is half of an arrow. Timers, and what a client starts by itself, are internal steps. Of a transfer only the install is shown.
  mermaid: ['message-handed', 'timer-fired', 'timers-stopped', 'operation-started', 'transfer-progress', 'view-cached'],
  plantuml: ['message-handed', 'timer-fired', 'timers-stopped', 'operation-started', 'transfer-progress', 'view-cached'],
  html: ['message-handed', 'timer-fired', 'timers-stopped', 'operation-started', 'transfer-progress', 'view-cached'],
  // A slice ends where its fault does; the tries of an operation begin where the client took it up.
  perfetto: ['message-handed', 'timers-stopped', 'operation-started', 'fault-removed'],
}

it('has a sample of every kind of event', () => {
  expect([...new Set(samples.map(([type]) => type))].sort()).toEqual([...eventTypes].sort())
})

/** They have operations alone. */
const ofOperations: readonly ExportFormat[] = ['jepsen', 'csv']

describe.each(exportFormats.filter((format) => !ofOperations.includes(format)))('as %s', (format) => {
  it.each(samples)('%s is told', (type, mark) => {
    const until = samples.findIndex(([each]) => each === type) + 1
    const text = (count: number): string => {
      const writer = exporters[format].begin(header)
      const events = samples.slice(0, count).map(([each, , body], index) => (
        { seq: index + 1, at: index * 1000, wall: index * 1000, type: each, ...body }) as unknown as TraceEvent)
      return events.map((event) => writer.take(event)).join('') + [...writer.end()].join('')
    }
    // A copy, or a message's delay, is shown by the arrow where the message ends.
    const told = text(type.startsWith('message-') ? samples.length : until)
    const shown = format === 'html' ? told.slice(told.indexOf('</style>')) : told
    const isTold = mark.test(shown.replaceAll(/<U\+0020>/g, ' '))
    expect(isTold || (quiet[format] ?? []).includes(type), `${type} in ${format}`).toBe(true)
  })
})
