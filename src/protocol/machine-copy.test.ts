// A copy of a machine behaves like the original, and the inputs of one do not affect the other.
import { describe, expect, test } from 'vitest'
import { createMachine } from './node'
import type { EffectSink, Input, Machine, Start } from './machine'
import { defaultSettings } from './settings'
import { utf8ToBytes } from './byte-string'
import type { Message } from './messages'
import { noView, type View } from './view'
import { MapStore } from './map-store'

class Effects implements EffectSink {
  readonly list: unknown[] = []
  send(to: string, message: Message): void { this.list.push({ to, message }) }
  setTimer(name: string, ms: number): void { this.list.push({ name, ms }) }
  cancelTimer(name: string): void { this.list.push({ cancelled: name }) }
  report(report: object): void { this.list.push(report) }
}

const start = (kind: Start['kind'], name: string): Start => ({ type: 'start', name, kind, incarnation: 1, address: '', settings: defaultSettings, seed: `${name}.1` })
const member = (name: string) => ({ name, incarnation: 1, address: '' })
const view = (viewnum: number, primary: string, ...backups: string[]): View => ({ viewnum, primary: member(primary), backups: backups.map(member) })
const message = (from: string, body: Message): Exclude<Input, Start> => ({ type: 'message', from, message: body })
const viewReply = (of: View): Exclude<Input, Start> => message('vs', { type: 'view-reply', view: of, toIncarnation: 1 })
const put = (requestId: number, viewnum: number): Exclude<Input, Start> =>
  message('c1', { type: 'request', clientId: 'c1.1.0', requestId, viewnum, operation: { type: 'put', key: utf8ToBytes(`k${requestId}`), value: utf8ToBytes('v') } })

function machineAfter(kind: Start['kind'], name: string, inputs: readonly Exclude<Input, Start>[]): Machine {
  const machine = createMachine(start(kind, name), new Effects())
  for (const input of inputs) machine.step(input, new Effects())
  return machine
}

const cases: [string, Start['kind'], string, Exclude<Input, Start>[], Exclude<Input, Start>[]][] = [
  ['a view server', 'view-server', 'vs',
    [message('s1', { type: 'ping', viewnum: 0, incarnation: 1, address: '', initialised: [] }), { type: 'timer', name: 'ping-check' }],
    [message('s2', { type: 'ping', viewnum: 0, incarnation: 1, address: '', initialised: [] }), { type: 'timer', name: 'ping-check' }, { type: 'timer', name: 'ping-check' }]],
  ['a view server that has lost its history', 'view-server', 'vs', [message('s1', { type: 'ping', viewnum: 5, incarnation: 1, address: '', initialised: [] })],
    [message('s2', { type: 'ping', viewnum: 0, incarnation: 1, address: '', initialised: [] }), { type: 'timer', name: 'ping-check' }]],
  ['a primary alone', 'replica', 's1', [viewReply(view(1, 's1')), put(1, 1)], [put(2, 1), put(2, 1), { type: 'timer', name: 'ping' }]],
  ['a client with an operation out', 'client', 'c1',
    [{ type: 'operation', operationId: 1, session: -1, operation: { type: 'get', key: utf8ToBytes('k') }, target: '' }, message('vs', { type: 'view-reply', view: view(1, 's1'), toIncarnation: 0 })],
    [{ type: 'operation', operationId: 2, session: 0, operation: { type: 'get', key: utf8ToBytes('k') }, target: '' }, { type: 'timer', name: 'retry:0' }]],
]

describe('a copy of a machine', () => {
  test.each(cases)('of %s does what the machine does, and leaves it alone', (_, kind, name, before, after) => {
    const machine = machineAfter(kind, name, before)
    const untouched = machine.inspect()
    const copy = machine.copy()
    expect(copy.inspect()).toEqual(untouched)
    const [own, others] = [new Effects(), new Effects()]
    for (const input of after) copy.step(input, own)
    expect(machine.inspect()).toEqual(untouched)
    for (const input of after) machine.step(input, others)
    expect(own.list).toEqual(others.list)
    expect([copy.essence(), copy.incidental()]).toEqual([machine.essence(), machine.incidental()])
    expect(copy.inspect()).toEqual(machine.inspect())
    expect(copy.inspect()).not.toEqual(untouched)
  })

  test('goes on with a running state transfer', () => {
    const settings = { ...defaultSettings, transferChunkBytes: 1, transferWindow: 1 }
    const machine = createMachine({ ...start('replica', 's1'), settings }, new Effects())
    const ack = (chunk: number): Exclude<Input, Start> =>
      message('s2', { type: 'state-transfer-ack', viewnum: 2, fromIncarnation: 1, toIncarnation: 1, chunk, installed: false })
    for (const input of [viewReply(view(1, 's1')), put(1, 1), put(2, 1), viewReply(view(2, 's1', 's2')), ack(0)]) machine.step(input, new Effects())
    const copy = machine.copy()
    expect([copy.essence(), copy.incidental()]).toEqual([machine.essence(), machine.incidental()])
    const untouched = JSON.stringify([machine.essence(), machine.incidental()])
    const [own, others] = [new Effects(), new Effects()]
    const rest: Exclude<Input, Start>[] = [ack(1), { type: 'timer', name: 'retry:s2' }, { type: 'timer', name: 'retry:s2' }, ack(2)]
    for (const input of rest) copy.step(input, own)
    expect(JSON.stringify([machine.essence(), machine.incidental()])).toBe(untouched)
    for (const input of rest) machine.step(input, others)
    expect(own.list).toEqual(others.list)
    expect(own.list.length).toBeGreaterThan(3)
  })

  test('shares no key of the store that either writes or deletes', () => {
    const store = new MapStore()
    for (let index = 0; index < 500; index++) store.put({ key: utf8ToBytes(`k${index}`), value: utf8ToBytes('old') })
    const copy = store.copy()
    const second = copy.copy()
    copy.put({ key: utf8ToBytes('k1'), value: utf8ToBytes('new') })
    copy.delete(utf8ToBytes('k2'))
    store.put({ key: utf8ToBytes('k3'), value: utf8ToBytes('newer') })
    expect([store.get(utf8ToBytes('k1')), store.get(utf8ToBytes('k2')), store.size]).toEqual(['old', 'old', 500])
    expect([copy.get(utf8ToBytes('k3')), copy.size]).toEqual(['old', 499])
    expect([second.get(utf8ToBytes('k1')), second.get(utf8ToBytes('k3')), second.size]).toEqual(['old', 'old', 500])
  })

  test('of no view is none that could be mistaken for one', () => {
    expect(machineAfter('replica', 's9', []).copy().inspect()).toMatchObject({ view: noView })
  })
})
