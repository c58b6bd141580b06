// The order of a merged recording, and how it reports untaken messages, nodes without a journal, and journals that do not belong together. The
// frames here are made by hand; journals.process.test.ts judges merged recordings of real nodes.
import { describe, expect, it } from 'vitest'
import { defaultSettings, type ProtocolKind, type Settings } from '../../protocol'
import { eventProblem, type TraceEvent } from '../../trace'
import type { JournalLife } from './journal-frames'
import { JournalProblem, type JournalFrame, type JournalInput, type JournalRecord, type ScannedConnection, type ScannedLife } from './journal-reader'
import { mergeJournals, type Merged } from './merge'
import { messageBytes } from '../testing/message-bytes'
import { isForwardAck } from '../wire/wire'

const noBody: Buffer = Buffer.alloc(0)
const getView = messageBytes({ type: 'get-view' })
const ping = messageBytes({ type: 'ping', viewnum: 1, incarnation: 10, address: '/run/s1', initialised: [] })
const request = (requestId: number): Buffer => messageBytes({ type: 'request', clientId: 'far', requestId, viewnum: 1, operation: { type: 'get', key: 'a' as never } })
const reply = (requestId: number): Buffer => messageBytes({ type: 'reply', clientId: 'far', requestId, viewnum: 1, seq: 1, replayed: false, executedViewnum: 1, result: { type: 'missing' } })

/** A journal made by hand: frames are given with their times, in microseconds. */
class Hand {
  readonly scanned: ScannedLife
  readonly frames: JournalFrame[] = []
  #steps = 0
  #connections = 0

  constructor(name: string, kind: ProtocolKind, at: number, more: Partial<JournalLife> = {}) {
    const life: JournalLife = {
      kind, name, incarnation: kind === 'client' ? 1 : 10, address: '', seed: `${name}.seed`, settings: defaultSettings, pid: 1, protocolHash: 'h', host: 'here',
      at, wall: at + 5_000_000, ...more,
    }
    this.scanned = { place: { path: `${name}.journal`, from: 0, to: 0 }, life, lastAt: at, steps: 0, isEnded: false, isTorn: false, connections: new Map() }
    this.step(at, { type: 'start' })
  }

  step(at: number, input: JournalInput, ...records: JournalRecord[]): this {
    this.frames.push({ type: 'step', step: this.#steps++, at, input, records })
    this.scanned.lastAt = at
    this.#count(input, records)
    return this
  }

  /** Counts as the scan of a file does. */
  #count(input: JournalInput, records: readonly JournalRecord[]): void {
    const taken = input.type === 'message' ? this.scanned.connections.get(input.connection) : undefined
    if (taken && input.type === 'message') taken.taken = Math.max(taken.taken, input.index + 1)
    for (const record of records) {
      const connection = record.type === 'send' ? this.scanned.connections.get(record.connection) : undefined
      if (!connection || record.type !== 'send') continue
      connection.sent++
      connection.endsWithAck = isForwardAck(record.body)
    }
  }

  timer(at: number, ...records: JournalRecord[]): this {
    return this.step(at, { type: 'timer', name: 'ping', armed: 1 }, ...records)
  }

  takes(at: number, connection: number, index: number, body = noBody, ...records: JournalRecord[]): this {
    return this.step(at, { type: 'message', connection, index, body }, ...records)
  }

  record(at: number, record: JournalRecord): this {
    this.frames.push({ type: 'record', at, record })
    if (record.type === 'end') this.scanned.isEnded = true
    return this
  }

  /** Makes a connection that both ends know; returns the number that each end has for it. */
  dials(other: Hand, at: number, withdrawn: number[] = []): [own: number, others: number] {
    const mark = 1000 + marks++
    const own = this.#opened(other.scanned.life.name, mark, at, withdrawn)
    const others = other.#opened('', 0, at, [])
    this.#greeted(own, other, 0, at)
    other.#greeted(others, this, mark, at)
    return [own, others]
  }

  /** A client without a journal dials this node. */
  dialledBy(name: string, at: number): number {
    const own = this.#opened('', 0, at, [])
    this.#tellGreeting({ type: 'greeted', connection: own, isClient: true, name, incarnation: 0, mark: 0, peer: `${name}/${own}` }, at)
    return own
  }

  #opened(peer: string, mark: number, at: number, withdrawn: number[]): number {
    const connection: ScannedConnection = { mark, peer, greeting: null, withdrawn: new Set(withdrawn), sent: 0, endsWithAck: false, taken: 0 }
    this.scanned.connections.set(++this.#connections, connection)
    this.record(at, { type: 'opened', connection: this.#connections, peer, mark })
    return this.#connections
  }

  #greeted(connection: number, { scanned: { life } }: Hand, mark: number, at: number): void {
    const isClient = life.kind === 'client'
    this.#tellGreeting({ type: 'greeted', connection, isClient, name: life.name, incarnation: isClient ? 0 : life.incarnation, mark, peer: isClient ? `client/${connection}` : life.name }, at)
  }

  #tellGreeting(greeting: Extract<JournalRecord, { type: 'greeted' }>, at: number): void {
    const connection = this.scanned.connections.get(greeting.connection)
    if (connection) connection.greeting = greeting
    this.record(at, greeting)
  }
}
let marks = 1

const send = (to: string, connection: number, body = ping): JournalRecord => ({ type: 'send', to, connection, body })

interface MergedEvents extends Merged {
  readonly all: readonly TraceEvent[]
  /** Type and subject of each event, without notes of the lab. */
  readonly told: readonly string[]
}

function merge(...hands: Hand[]): MergedEvents {
  const lines: string[] = []
  const merged = mergeJournals({ sources: hands.map(({ scanned, frames }) => ({ scanned, frames: frames[Symbol.iterator]() })), title: 't', line: (line) => lines.push(line) })
  const all = lines.slice(1).map((line) => JSON.parse(line) as TraceEvent)
  expect(JSON.parse(lines[0] ?? '')).toEqual(merged.header)
  for (const [index, event] of all.entries()) expect(eventProblem(event, index + 1)).toBeUndefined()
  for (const [index, { at }] of all.entries()) expect(at).toBeGreaterThanOrEqual(all[index - 1]?.at ?? 0)
  return { ...merged, all, told: all.filter(({ type }) => type !== 'lab-note').map(words) }
}

function words(event: TraceEvent): string {
  const of = 'id' in event ? event.id : 'node' in event ? event.node : ''
  const more = event.type === 'message-dropped' ? ` ${event.reason.type}` : 'step' in event && 'node' in event ? ` ${event.node}:${event.step}` : ''
  return `${event.type} ${of}${more}`
}

describe('the order of a merged recording', () => {
  it('is that of the clock, where nothing else decides', () => {
    const vs = new Hand('vs', 'view-server', 100).timer(300).timer(500)
    const s1 = new Hand('s1', 'replica', 200).timer(400)
    expect(merge(vs, s1).told).toEqual(['node-started vs vs:0', 'node-started s1 s1:0', 'timer-fired vs vs:1', 'timer-fired s1 s1:1', 'timer-fired vs vs:2'])
  })

  it('has a message sent before it is taken, whatever the clocks say', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own, others] = s1.dials(vs, 200)
    vs.takes(300, others, 0).timer(301)
    s1.timer(900, send('vs', own))
    const { told } = merge(vs, s1)
    expect(told.slice(2)).toEqual(['timer-fired s1 s1:1', 'message-sent s1.10.1.0', 'message-taken s1.10.1.0 vs:1', 'timer-fired vs vs:2'])
  })

  it('compares hosts by the time of day', () => {
    const vs = new Hand('vs', 'view-server', 100).timer(300)
    const far = new Hand('s1', 'replica', 900_000, { host: 'there', wall: 5_000_250 })
    expect(merge(vs, far).told).toEqual(['node-started vs vs:0', 'node-started s1 s1:0', 'timer-fired vs vs:1'])
  })

  it('counts what left: a withdrawn message is lost, and the next has its place', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own, others] = s1.dials(vs, 150, [1])
    s1.timer(200, send('vs', own), send('vs', own), send('vs', own)).record(210, { type: 'withdrawn', connection: own, ordinal: 1 })
    vs.takes(300, others, 0).takes(301, others, 1)
    const { told } = merge(vs, s1)
    expect(told).toContain('message-dropped s1.10.1.1 not-carried')
    expect(told.slice(-2)).toEqual(['message-taken s1.10.1.0 vs:1', 'message-taken s1.10.1.2 vs:2'])
  })

  it('ends before an ack that its sender may have withdrawn, where the journal has lost its end; of a sender that was killed it goes on', () => {
    const ack = messageBytes({ type: 'forward-ack', viewnum: 1, fromIncarnation: 10, toIncarnation: 10, executed: 1 })
    const taking = (taken: number): readonly string[] => {
      const vs = new Hand('vs', 'view-server', 100)
      const s1 = new Hand('s1', 'replica', 100)
      const s2 = new Hand('s2', 'replica', 100)
      const [own, others] = s2.dials(s1, 150)
      s2.timer(200, send('s1', own)).timer(201, send('s1', own, ack))
      for (let index = 0; index < taken; index++) s1.takes(300 + index, others, index)
      return merge(vs, s1, s2).told.filter((text) => text.startsWith('message-taken'))
    }
    expect(taking(2)).toEqual(['message-taken s2.10.1.0 s1:1', 'message-taken s2.10.2.0 s1:2'])
    // It took a third ack, which the journal of s2 does not contain. So the second may have been another ack too.
    expect(taking(3)).toEqual(['message-taken s2.10.1.0 s1:1'])
  })

  it('keeps two connections of the same two nodes apart, and their directions', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own, others] = s1.dials(vs, 150)
    const [back, mine] = vs.dials(s1, 150)
    s1.timer(200, send('vs', own), send('vs', mine))
    vs.timer(200, send('s1', others), send('s1', back))
    vs.takes(300, back, 0).takes(301, others, 0)
    s1.takes(302, mine, 0).takes(303, own, 0)
    const { told } = merge(vs, s1)
    expect(told.slice(-4)).toEqual(['message-taken s1.10.1.1 vs:2', 'message-taken s1.10.1.0 vs:3', 'message-taken vs.10.1.1 s1:2', 'message-taken vs.10.1.0 s1:3'])
  })
})

describe('a message that nobody takes', () => {
  it('is lost at once where no connection had it, and at the end of its connection otherwise', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own, others] = s1.dials(vs, 150)
    s1.timer(200, send('vs', 0), send('vs', own), send('s9', 0))
    vs.record(300, { type: 'closed', connection: others })
    s1.record(301, { type: 'closed', connection: own }).timer(400, send('vs', own))
    const { told } = merge(vs, s1)
    expect(told.filter((text) => text.startsWith('message-dropped'))).toEqual([
      'message-dropped s1.10.1.0 not-carried', 'message-dropped s1.10.1.2 no-such-node', 'message-dropped s1.10.1.1 not-carried', 'message-dropped s1.10.2.0 not-carried',
    ])
  })

  it('is lost with its receiver: with one that ended, and with one that was killed as soon as another saw it', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const s2 = new Hand('s2', 'replica', 100)
    const [toOne, one] = vs.dials(s1, 150)
    const [toTwo] = vs.dials(s2, 150)
    vs.timer(200, send('s1', toOne), send('s2', toTwo))
    s1.record(300, { type: 'end', code: 0 })
    vs.record(400, { type: 'closed', connection: toTwo }).timer(500, send('s1', toOne), send('s2', 0))
    expect(one).toBe(1)
    expect(merge(vs, s1, s2).told.slice(-9)).toEqual([
      'node-exited s1', 'message-dropped vs.10.1.0 receiver-dead', 'node-exited s2', 'message-dropped vs.10.1.1 receiver-dead', 'timer-fired vs vs:2',
      'message-sent vs.10.2.0', 'message-dropped vs.10.2.0 receiver-dead', 'message-sent vs.10.2.1', 'message-dropped vs.10.2.1 receiver-dead',
    ])
  })

  it('stays in flight where the journals end before', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own] = s1.dials(vs, 150)
    s1.timer(200, send('vs', own))
    expect(merge(vs, s1).told.at(-1)).toBe('message-sent s1.10.1.0')
  })
})

describe('nodes', () => {
  it('have no addresses in a recording; where they listen is a note', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100, { address: '/run/s1' })
    const [own] = s1.dials(vs, 150)
    s1.timer(200, send('vs', own))
    const { all } = merge(vs, s1)
    expect(all.find(({ type }) => type === 'message-sent')).toMatchObject({ message: { type: 'ping', address: '' } })
    expect(all).toContainEqual(expect.objectContaining({ type: 'lab-note', node: 's1', text: 's1 listens at /run/s1.' }))
  })

  it('that are clients are as many as lived at once, each with one life after the other', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const clients = [new Hand('client', 'client', 200, { seed: 'a' }).timer(300), new Hand('client', 'client', 250, { seed: 'b' }), new Hand('client', 'client', 400, { seed: 'c' })]
    const { header, all } = merge(vs, ...clients)
    expect(header.nodes.map(({ name }) => name)).toEqual(['vs', 'c1', 'c2'])
    expect(all.flatMap((event) => event.type === 'node-started' ? [`${event.node}.${event.incarnation} ${event.seed}`] : [])).toEqual(['vs.10 vs.seed', 'c1.1 a', 'c2.1 b', 'c1.2 c'])
  })

  it('that keep no journal have operations from the first request that was taken to the first reply, and incarnation 0', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [first, second] = [s1.dialledBy('far', 150), s1.dialledBy('far', 150)]
    s1.takes(200, first, 0, request(1)).takes(300, second, 0, request(1)).takes(400, first, 1, getView)
    s1.timer(500, send(`far/${first}`, first, reply(1)), send(`far/${second}`, second, reply(1)))
    const { told, all, header } = merge(vs, s1)
    expect(header.nodes.at(-1)).toEqual({ name: 'far', kind: 'client' })
    expect(told.slice(2)).toEqual([
      'operation-invoked far far:0', 'operation-started far far:1', 'message-sent far.0.2.0', 'message-taken far.0.2.0 s1:1',
      'message-sent far.0.3.0', 'message-taken far.0.3.0 s1:2', 'message-sent far.0.4.0', 'message-taken far.0.4.0 s1:3',
      'timer-fired s1 s1:4', 'message-sent s1.10.4.0', 'message-sent s1.10.4.1',
      'message-taken s1.10.4.0 far:5', 'operation-returned far far:6', 'message-taken s1.10.4.1 far:7',
    ])
    expect(all.filter((event) => 'node' in event && event.node === 'far').every((event) => 'incarnation' in event && event.incarnation === 0)).toBe(true)
    expect(all.find(({ type }) => type === 'operation-returned')).toMatchObject({ tries: 2, outcome: { type: 'ok', by: 's1', result: { type: 'missing' } } })
  })

  it('are told up to what a journal that ended too early has not got', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const s1 = new Hand('s1', 'replica', 100)
    const [own, others] = s1.dials(vs, 150)
    s1.timer(200, send('vs', own))
    vs.takes(300, others, 0).takes(400, others, 1).timer(500)
    const { told, notes } = merge(vs, s1)
    expect(told.at(-1)).toBe('message-taken s1.10.1.0 vs:1')
    expect(notes).toEqual(['vs is told up to its step 1: what it took next was sent by a node whose journal ends before.'])
  })

  it('have one life at a time: what the earlier of two did besides is left out and said', () => {
    const vs = new Hand('vs', 'view-server', 100)
    const { told, notes } = merge(vs, new Hand('s1', 'replica', 200).timer(500), new Hand('s1', 'replica', 300, { incarnation: 11 }).timer(600))
    expect(told.slice(1)).toEqual(['node-started s1 s1:0', 'node-exited s1', 'node-started s1 s1:0', 'timer-fired s1 s1:1'])
    expect(notes).toEqual(['Two processes had the name s1 at once: what the earlier one did after the later had begun is left out.'])
  })
})

describe('journals that make no recording are refused in one sentence', () => {
  const vs = (): Hand => new Hand('vs', 'view-server', 100)
  const withSettings = (settings: Partial<Settings>): Partial<JournalLife> => ({ settings: { ...defaultSettings, ...settings } })

  it.each<[string, () => Hand[], string]>([
    ['two of the same life', () => [vs(), new Hand('s1', 'replica', 1), new Hand('s1', 'replica', 1)], 's1.journal and s1.journal are journals of the same life of s1; name each only once.'],
    ['another build', () => [vs(), new Hand('s1', 'replica', 1, { protocolHash: 'x' })], 's1.journal was written by another build of the protocol (x) than vs.journal (h); merge journals of one build.'],
    ['no view server', () => [new Hand('s1', 'replica', 1)], 'None of these is the journal of a view server; without it nothing is known of views.'],
    ['none', () => [], 'There is no journal to merge.'],
    [
      'other settings', () => [vs(), new Hand('s1', 'replica', 1), new Hand('s2', 'replica', 1, withSettings({ inFlightMax: 5 }))],
      's1.journal and s2.journal tell of nodes with different settings (inFlightMax), and a recording has one for all.',
    ],
    [
      'a server without one', () => {
        const view = vs()
        view.dials(new Hand('s3', 'replica', 1), 150)
        return [view]
      }, 's3 (incarnation 10) took part, as vs.journal tells, and its journal is not here; merge needs the journal of every server.',
    ],
  ])('%s', (_what, hands, sentence) => {
    expect(() => merge(...hands())).toThrow(new JournalProblem(sentence))
  })

  it('but how long somebody waits may differ', () => {
    const { header } = merge(vs(), new Hand('s1', 'replica', 1, withSettings({ pingIntervalMs: 7 })), new Hand('s2', 'replica', 1, withSettings({ pingIntervalMs: 9 })))
    expect(header.settings.pingIntervalMs).toBe(7)
  })
})
