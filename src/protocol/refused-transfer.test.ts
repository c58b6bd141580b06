// A transferred state that does not match its digest: the backup installs nothing, does not ack it and logs it.
// The primary then begins the transfer again.
import { expect, test } from 'vitest'
import { utf8ToBytes } from './byte-string'
import type { EffectSink, Input, Machine, Report, Start } from './machine'
import type { Message, StateTransfer } from './messages'
import { createMachine } from './node'
import { defaultSettings, type Settings } from './settings'
import type { View } from './view'

/** A replica that keeps its messages, reports and timers. */
class Driven implements EffectSink {
  readonly sent: Message[] = []
  readonly reports: Report[] = []
  /** The wait before the next retry. */
  retryMs = 0
  readonly #timers = new Set<string>()
  readonly #machine: Machine

  constructor(name: string, settings: Partial<Settings> = {}) {
    const start: Start = { type: 'start', name, kind: 'replica', incarnation: 1, address: '', settings: { ...defaultSettings, ...settings }, seed: `${name}.1` }
    this.#machine = createMachine(start, this)
  }

  send(_to: string, message: Message): void { this.sent.push(message) }
  setTimer(name: string, ms: number): void {
    this.#timers.add(name)
    if (name.startsWith('retry')) this.retryMs = ms
  }
  cancelTimer(name: string): void { this.#timers.delete(name) }
  report(report: Report): void { this.reports.push(report) }

  take(from: string, message: Message): void {
    this.#step({ type: 'message', from, message })
  }

  /** Fires every armed retry timer. */
  retry(): void {
    for (const name of [...this.#timers].filter((timer) => timer.startsWith('retry'))) {
      this.#timers.delete(name)
      this.#step({ type: 'timer', name })
    }
  }

  adopt(viewnum: number, primary: string, ...backups: string[]): void {
    const member = (name: string) => ({ name, incarnation: 1, address: '' })
    const view: View = { viewnum, primary: member(primary), backups: backups.map(member) }
    this.take('vs', { type: 'view-reply', view, toIncarnation: 1 })
  }

  sentOf<Type extends Message['type']>(type: Type): Extract<Message, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<Message, { type: Type }> => message.type === type)
  }

  get state() {
    const state = this.#machine.inspect()
    if (state.kind !== 'replica') throw new Error('a replica is driven here')
    return state
  }

  #step(input: Exclude<Input, Start>): void {
    this.#machine.step(input, this)
  }
}

/** A primary of view 1 with two keys, and the backup of view 2 that it sends its state to. */
function pair(settings: Partial<Settings> = {}): { primary: Driven; backup: Driven } {
  const primary = new Driven('s1', settings)
  primary.adopt(1, 's1')
  for (const [requestId, key] of ['a', 'b'].entries()) {
    primary.take('c1', { type: 'request', clientId: 'c1.0', requestId: requestId + 1, viewnum: 1, operation: { type: 'put', key: utf8ToBytes(key), value: utf8ToBytes('1') } })
  }
  const backup = new Driven('s2', settings)
  for (const server of [primary, backup]) server.adopt(2, 's1', 's2')
  return { primary, backup }
}

/** Delivers the chunks that the primary has sent, each through `change`, and the acks of the backup, until none is left. */
function carry(primary: Driven, backup: Driven, change: (chunk: StateTransfer) => StateTransfer = (chunk) => chunk): void {
  for (let round = 0; round < 20; round++) {
    const chunks = primary.sentOf('state-transfer')
    const acks = backup.sentOf('state-transfer-ack')
    primary.sent.length = backup.sent.length = 0
    if (chunks.length === 0 && acks.length === 0) return
    for (const chunk of chunks) backup.take('s1', change(chunk))
    for (const ack of acks) primary.take('s2', ack)
  }
}

const withoutValueOfB = (chunk: StateTransfer): StateTransfer => ({
  ...chunk, entries: chunk.entries.map((entry) => entry.key === 'b' ? { key: entry.key, value: utf8ToBytes('') } : entry),
})
const withoutB = (chunk: StateTransfer): StateTransfer => ({ ...chunk, entries: chunk.entries.filter(({ key }) => key !== 'b') })

test('the last chunk alone carries a digest, of all keys and rows', () => {
  const { primary, backup } = pair({ transferChunkBytes: 1 })
  const digests: unknown[] = []
  carry(primary, backup, (chunk) => {
    digests.push(chunk.digest)
    return chunk
  })
  expect(digests.slice(0, -1).every((digest) => digest === undefined)).toBe(true)
  expect(digests.at(-1)).toMatchObject({ keys: 2, rows: 1 })
})

test.each([
  ['a value that is another', withoutValueOfB, 's2 installs nothing of the state that s1 sent in view 2: 2 keys and 1 rows came, as many as s1 has, and they do not hold the same; the transfer begins again'],
  ['a key that is missing', withoutB, 's2 installs nothing of the state that s1 sent in view 2: 1 keys and 1 rows came, and s1 says that it has 2 keys and 1 rows; the transfer begins again'],
])('%s: nothing is installed or acked, and the transfer begins again until it comes whole', (_, change, sentence) => {
  for (const settings of [{}, { transferChunkBytes: 1 }]) {
    const { primary, backup } = pair(settings)
    carry(primary, backup, change)
    expect(backup.state).toMatchObject({ serving: false, executed: 0, store: [], table: [] })
    expect(primary.state.serving).toBe(false)
    expect(backup.reports).toContainEqual({ type: 'note', text: sentence })
    expect(backup.reports.some(({ type }) => type === 'transfer-installed')).toBe(false)
    // Every retry arrives wrong too: nothing is installed, and more refusals are logged.
    for (let retry = 0; retry < 6; retry++) {
      primary.retry()
      carry(primary, backup, change)
    }
    expect(backup.state.serving).toBe(false)
    expect(backup.reports.filter(({ type }) => type === 'note').length).toBeGreaterThan(1)
    // Then it arrives intact.
    for (let retry = 0; retry < 6; retry++) {
      primary.retry()
      carry(primary, backup)
    }
    expect([primary.state.serving, backup.state.serving]).toEqual([true, true])
    expect([backup.state.store, backup.state.table, backup.state.executed]).toEqual([primary.state.store, primary.state.table, primary.state.executed])
  }
})

test('a state that is refused again and again goes later each time, up to 64 retries apart, and is not given up', () => {
  const { primary, backup } = pair({ retryMs: 10, transferChunkBytes: 1 })
  const waits: number[] = []
  for (let retry = 0; retry < 60; retry++) {
    const begins = primary.sentOf('state-transfer').some(({ chunk }) => chunk === 0)
    if (begins) waits.push(primary.retryMs)
    carry(primary, backup, withoutB)
    primary.retry()
  }
  expect([...new Set(waits)]).toEqual([10, 20, 40, 80, 160, 320, 640])
  for (let retry = 0; retry < 6; retry++) {
    carry(primary, backup)
    primary.retry()
  }
  expect([primary.state.serving, backup.state.serving]).toEqual([true, true])
})

test('the chunk with which a state is refused is not acked, and all others are', () => {
  const { primary, backup } = pair({ transferChunkBytes: 1, transferWindow: 64 })
  const chunks = primary.sentOf('state-transfer').map(withoutB)
  backup.sent.length = 0
  for (const chunk of chunks.toReversed()) backup.take('s1', chunk)
  expect(backup.sentOf('state-transfer-ack')).toMatchObject(chunks.slice(1).toReversed().map(({ chunk }) => ({ chunk, installed: false })))
})

test('a sender that gives no digest is taken at its word', () => {
  const { primary, backup } = pair()
  carry(primary, backup, ({ digest: _digest, ...chunk }) => chunk)
  expect([primary.state.serving, backup.state.serving, backup.state.store.length]).toEqual([true, true, 2])
})
