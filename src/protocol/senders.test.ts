// Which senders a primary answers if another sender repeats a request: a client that reconnects has another name there.
import { describe, expect, test } from 'vitest'
import { createMachine, defaultSettings, utf8ToBytes, type EffectSink, type Input, type Machine, type Message, type Settings, type View } from './index'

const member = (name: string): { name: string; incarnation: number; address: string } => ({ name, incarnation: 1, address: '' })
const viewOf = (viewnum: number, primary: string, ...backups: string[]): View => ({ viewnum, primary: member(primary), backups: backups.map(member) })
const message = (from: string, of: Message): Exclude<Input, { type: 'start' }> => ({ type: 'message', from, message: of })
const view = (of: View): ReturnType<typeof message> => message('vs', { type: 'view-reply', view: of, toIncarnation: 1 })
const request = (from: string, requestId = 1, viewnum = 2): ReturnType<typeof message> =>
  message(from, { type: 'request', clientId: 'c', requestId, viewnum, operation: { type: 'append', key: utf8ToBytes('k'), value: utf8ToBytes('x') } })
const between = { viewnum: 2, fromIncarnation: 1, toIncarnation: 1 }
const installed = message('s2', { type: 'state-transfer-ack', ...between, chunk: 0, installed: true })
const forwardAck = (executed: number): ReturnType<typeof message> => message('s2', { type: 'forward-ack', ...between, executed })

/** A primary that keeps its answers with their receivers. */
class Primary implements EffectSink {
  readonly answers: string[] = []
  readonly machine: Machine

  constructor(settings: Partial<Settings> = {}) {
    this.machine = createMachine({ type: 'start', name: 's1', kind: 'replica', incarnation: 1, address: '', settings: { ...defaultSettings, ...settings }, seed: 's1' }, this)
    this.take(view(viewOf(1, 's1')), view(viewOf(2, 's1', 's2')))
  }

  take(...inputs: readonly ReturnType<typeof message>[]): this {
    for (const input of inputs) this.machine.step(input, this)
    return this
  }

  send(to: string, { type, ...of }: Message): void {
    if (type === 'reply' || type === 'rejected') this.answers.push(`${to} ${type} ${'reason' in of ? of.reason : ''}`.trimEnd())
  }

  setTimer(): void { /* timers are ignored */ }
  cancelTimer(): void { /* timers are ignored */ }
  report(): void { /* reports are ignored */ }
}

describe('a request that comes again from another sender', () => {
  test('while it is in flight is answered to both, once each', () => {
    const primary = new Primary().take(installed, request('a/1'), request('a/2'), request('a/1'), request('a/2'))
    expect(primary.answers).toEqual([])
    expect(primary.take(forwardAck(1)).answers).toEqual(['a/1 reply', 'a/2 reply'])
  })

  test('while it waits for the view to start is answered to both when it has', () => {
    const primary = new Primary().take(request('a/1'), request('a/2'), installed)
    expect(primary.answers).toEqual([])
    expect(primary.take(forwardAck(1)).answers).toEqual(['a/1 reply', 'a/2 reply'])
  })

  test('is answered to the newest and the first of very many', () => {
    const primary = new Primary().take(installed, ...Array.from({ length: 9 }, (_, index) => request(`a/${index + 1}`)), forwardAck(1))
    expect(primary.answers).toEqual(['a/1 reply', 'a/7 reply', 'a/8 reply', 'a/9 reply'])
  })

  test('is in flight over a change of the view with all who sent it', () => {
    const primary = new Primary().take(installed, request('a/1'), request('a/2'), view(viewOf(3, 's1', 's3')), request('a/3'))
    primary.take(
      message('s3', { type: 'state-transfer-ack', ...between, viewnum: 3, chunk: 0, installed: true }), request('a/4'),
      message('s3', { type: 'forward-ack', ...between, viewnum: 3, executed: 1 }),
    )
    expect(primary.answers).toEqual(['a/1 reply', 'a/2 reply', 'a/3 reply', 'a/4 reply'])
  })

  test.each(['in flight', 'waiting'])('%s is refused to all when the primary is deposed', (where) => {
    const primary = new Primary().take(...where === 'in flight' ? [installed] : [], request('a/1'), request('a/2'), view(viewOf(3, 's2')))
    expect(primary.answers).toEqual(['a/1 rejected deposed', 'a/2 rejected deposed'])
  })

  test('and was executed is answered to who asks, from the table', () => {
    const primary = new Primary().take(installed, request('a/1'), forwardAck(1), request('a/2'))
    expect(primary.answers).toEqual(['a/1 reply', 'a/2 reply'])
  })

  test('is answered at once in asynchronous replication, and after the start of the view to both', () => {
    expect(new Primary({ replication: 'asynchronous' }).take(installed, request('a/1'), request('a/2')).answers).toEqual(['a/1 reply', 'a/2 reply'])
    expect(new Primary({ replication: 'asynchronous' }).take(request('a/1'), request('a/2'), installed).answers).toEqual(['a/1 reply', 'a/2 reply'])
  })

  test('of another id of the same client has nothing to do with it: the earlier is answered to its own, and an older copy to nobody', () => {
    const primary = new Primary().take(installed, request('a/1'), request('a/2', 2), request('a/3'), forwardAck(2))
    expect(primary.answers).toEqual(['a/1 reply', 'a/2 reply'])
  })

  test('is kept apart by a copy of the machine', () => {
    const primary = new Primary().take(installed, request('a/1'))
    const copy = primary.machine.copy()
    primary.take(request('a/2'))
    const answered: string[] = []
    copy.step(forwardAck(1), { send: (to) => void answered.push(to), setTimer: () => undefined, cancelTimer: () => undefined, report: () => undefined })
    expect(answered).toEqual(['a/1'])
    expect(primary.take(forwardAck(1)).answers).toEqual(['a/1 reply', 'a/2 reply'])
  })
})
