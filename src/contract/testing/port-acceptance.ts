// The acceptance suite of carriers: a carrier that passes it may carry the lab. Used by tests only.
// It must never depend on one carrier: a difference between carriers is a bug of one of them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultClusterSettings, type EventBatch, type LabHandlers, type SessionStatus } from '../lab'
import type { Frame, Port } from '../port'
import { Refusal } from '../refusal'
import { callsWaitingMax, connectLab, serveLab } from '../rpc'

export interface CarrierUnderTest {
  readonly screen: Port
  readonly lab: Port
  /** Ends what was opened for this test. */
  dispose(): Promise<void>
}

const status: SessionStatus = {
  session: 1, kind: 'live', title: '', reason: '', header: '', frozen: false, workload: null, scenario: null, recording: null, latest: 0,
}

function refuse(): never {
  throw new Refusal('s1 is already dead.')
}

/** Minimal handlers for every call; a test replaces those that it observes. */
function handlersFor(own: Partial<LabHandlers>): LabHandlers {
  return {
    hello: () => ({ version: '1', host: 'in-process', lastSettings: defaultClusterSettings, status, canPause: true, lab: '', readOnly: false, programs: { problem: '', folder: '/home/me', last: [] } }),
    newCluster: () => ({ session: 1 }), endSession: () => ({}), branch: () => ({ session: 1 }), rerun: () => ({ session: 1 }),
    exploreBegin: () => ({ exploration: 1 }), exploreSteer: () => ({}), exploreShow: () => ({ session: 1 }),
    exploreRead: () => ({ states: 1, steps: 0, queue: 1, depth: 0, bytes: 0, ms: 0, paused: false, end: null }),
    act: ({ type }) => type === 'kill' ? refuse() : { operationId: 1 }, listScenarios: () => ({ scenarios: [] }), checkScenario: () => ({ problems: [], slots: [] }), checkPrograms: () => ({ checked: [] }),
    runScenario: () => ({ session: 1 }), steerScenario: () => ({}),
    subscribe: () => ({}), ackBatch: () => ({}),
    readEvents: () => ({ from: 1, count: 1, text: '{}' }), readParent: () => ({ header: '{}', latest: 1, from: 1, count: 1, text: '{}' }),
    readRecording: ({ offset }) => ({ name: 'r.jsonl', base64: '', next: offset, total: offset }),
    exportBegin: () => ({ export: 1, name: 'r.csv' }), exportRead: () => ({ base64: '', share: 1, done: true, events: 0, told: '', notes: [] }), exportEnd: () => ({}),
    uploadBegin: () => ({ upload: 1, key: 'k' }), uploadPiece: () => ({}), uploadOpen: () => ({ session: 1 }),
    ...own,
  }
}

function batch(number: number, text = ''): EventBatch {
  return { session: 1, batch: number, from: number, count: 1, text }
}

const never = new Promise<never>(() => {})

export function describeCarrier(name: string, open: () => Promise<CarrierUnderTest>): void {
  describe(`the carrier ${name}`, () => {
    let carrier: CarrierUnderTest
    beforeEach(async () => { carrier = await open() })
    afterEach(async () => { await carrier.dispose() })

    /** The next frame that the lab's side sends to a screen which speaks in raw frames. */
    function askRaw(frame: unknown): Promise<Frame> {
      return new Promise((resolve) => {
        carrier.screen.onFrame(resolve)
        carrier.screen.send(frame as Frame)
      })
    }

    it('carries a call and its answer', async () => {
      serveLab(carrier.lab, handlersFor({}))
      const answer = await connectLab(carrier.screen).call('hello', {})
      expect(answer.lastSettings).toEqual(defaultClusterSettings)
    })

    it('carries a refusal as the sentence that it is', async () => {
      serveLab(carrier.lab, handlersFor({}))
      const lab = connectLab(carrier.screen)
      await expect(lab.call('act', { type: 'kill', node: 's1' })).rejects.toThrow(new Refusal('s1 is already dead.'))
    })

    it.each(['formatDisk', 'constructor', '__proto__', 'toString'])('refuses a call named %s, which the contract does not list', async (unlisted) => {
      serveLab(carrier.lab, handlersFor({}))
      const answer = await askRaw({ type: 'call', id: 1, name: unlisted, takes: {} })
      expect(answer).toEqual({ type: 'refusal', id: 1, sentence: `The lab has no call named "${unlisted}".` })
    })

    it.each([
      ['a number over its limit', { replicas: 12 }, 'replicas must be at most 7, not 12.'],
      ['a number under its limit', { deadPings: 0 }, 'deadPings must be at least 1, not 0.'],
      ['half a replica', { replicas: 2.5 }, 'replicas must be a whole number, not 2.5.'],
      ['a long title', { title: 'x'.repeat(121) }, 'title must be at most 120 characters long, not 121.'],
      ['a replication that does not exist', { replication: 'maybe' }, 'replication must be "synchronous" or "asynchronous", not "maybe".'],
      ['a field that does not exist', { colour: 1 }, 'The value must not have "colour".'],
    ])('refuses %s with one sentence that names field and limit', async (_what, wrong, sentence) => {
      let started = 0
      serveLab(carrier.lab, handlersFor({ newCluster: () => ({ session: ++started }) }))
      const answer = await askRaw({ type: 'call', id: 7, name: 'newCluster', takes: { ...defaultClusterSettings, ...wrong } })
      expect(answer).toEqual({ type: 'refusal', id: 7, sentence })
      expect(started).toBe(0)
    })

    it('refuses an undefined in a call before it is sent', async () => {
      serveLab(carrier.lab, handlersFor({}))
      const lab = connectLab(carrier.screen)
      await expect(lab.call('act', { type: 'kill', node: 's1', extra: undefined } as never)).rejects.toThrow('The value must not have "extra".')
    })

    it('lets no undefined out of the lab', async () => {
      serveLab(carrier.lab, handlersFor({ act: () => ({ operationId: 1, extra: undefined }) as never }))
      await expect(connectLab(carrier.screen).call('act', { type: 'freeze' })).rejects.toThrow('breaks the contract')
    })

    it('rejects an answer that is not what the call gives', async () => {
      carrier.lab.onFrame((frame) => {
        if (frame.type === 'call') carrier.lab.send({ type: 'answer', id: frame.id, gives: { operationId: 'one' } })
      })
      const answer = connectLab(carrier.screen).call('act', { type: 'invoke', client: 'c1', operation: { type: 'get', key: 'a' }, target: '' })
      await expect(answer).rejects.toThrow('answer to act is of another version')
    })

    it('keeps the order of thousands of events', async () => {
      const server = serveLab(carrier.lab, handlersFor({}))
      const heard: number[] = []
      const all = new Promise<void>((resolve) => {
        connectLab(carrier.screen).on('events', (data) => {
          heard.push(data.batch)
          if (data.batch === 5000) resolve()
        })
      })
      const told = Array.from({ length: 5000 }, (_, index) => index + 1)
      for (const number of told) server.tell('events', batch(number))
      await all
      expect(heard).toEqual(told)
    })

    it('keeps the order of calls', async () => {
      const asked: number[] = []
      serveLab(carrier.lab, handlersFor({ ackBatch: ({ batch: number }) => { asked.push(number); return {} } }))
      const lab = connectLab(carrier.screen)
      const sent = Array.from({ length: callsWaitingMax }, (_, index) => index)
      await Promise.all(sent.map((number) => lab.call('ackBatch', { session: 1, batch: number })))
      expect(asked).toEqual(sent)
    })

    it('keeps an event before the answer that followed it', async () => {
      const server = serveLab(carrier.lab, handlersFor({ act: () => { server.tell('status', { ...status, frozen: true }); return { operationId: 0 } } }))
      const lab = connectLab(carrier.screen)
      const order: string[] = []
      lab.on('status', () => order.push('status'))
      await lab.call('act', { type: 'freeze' }).then(() => order.push('answer'))
      expect(order).toEqual(['status', 'answer'])
    })

    it('tells a listener what came after it was registered, and nothing after it left', async () => {
      const server = serveLab(carrier.lab, handlersFor({}))
      const lab = connectLab(carrier.screen)
      const early: number[] = []
      const late: number[] = []
      const leave = lab.on('events', (data) => early.push(data.batch))
      server.tell('events', batch(1))
      await lab.call('act', { type: 'thaw' })
      lab.on('events', (data) => late.push(data.batch))
      server.tell('events', batch(2))
      await lab.call('act', { type: 'thaw' })
      leave()
      server.tell('events', batch(3))
      await lab.call('act', { type: 'thaw' })
      expect({ early, late }).toEqual({ early: [1, 2], late: [2, 3] })
    })

    it('keeps frames for a side that does not listen yet', async () => {
      const answer = connectLab(carrier.screen).call('endSession', {})
      await new Promise((resolve) => setTimeout(resolve, 0))
      serveLab(carrier.lab, handlersFor({}))
      await expect(answer).resolves.toEqual({})
    })

    it('rejects every call that waits when the lab closes', async () => {
      let asked: () => void
      const both = new Promise<void>((resolve) => { let count = 0; asked = () => { if (++count === 2) resolve() } })
      serveLab(carrier.lab, handlersFor({ act: () => { asked(); return never } }))
      const lab = connectLab(carrier.screen)
      const calls = [lab.call('act', { type: 'freeze' }), lab.call('act', { type: 'freeze' })]
      const told = new Promise<void>((resolve) => lab.onClose(resolve))
      const outcomes = Promise.allSettled(calls)
      await both
      carrier.lab.close()
      await told
      for (const outcome of await outcomes) {
        expect(outcome).toEqual({ status: 'rejected', reason: new Refusal('The connection to the lab has ended.') })
      }
      await expect(lab.call('act', { type: 'thaw' })).rejects.toThrow('The connection to the lab has ended.')
    })

    it('tells the lab when the screen closes', async () => {
      const server = serveLab(carrier.lab, handlersFor({}))
      const lab = connectLab(carrier.screen)
      await lab.call('act', { type: 'thaw' })
      lab.close()
      await server.closed
      server.tell('status', status)
    })

    it('refuses more waiting calls than the limit', async () => {
      serveLab(carrier.lab, handlersFor({ act: () => never }))
      const lab = connectLab(carrier.screen)
      for (let count = 0; count < callsWaitingMax; count++) lab.call('act', { type: 'freeze' }).catch(() => { /* ends with the carrier */ })
      await expect(lab.call('act', { type: 'thaw' })).rejects.toThrow('calls are waiting for an answer')
    })

    it('carries large strings whole, with every kind of character', async () => {
      const value = 'a\u0000\u2028\ud83d\ude00"\\'.repeat(1_000_000)
      let heard = ''
      const server = serveLab(carrier.lab, handlersFor({
        act: (request) => {
          if (request.type === 'invoke' && request.operation.type === 'put') server.tell('events', batch(1, request.operation.value))
          return { operationId: 1 }
        },
      }))
      const lab = connectLab(carrier.screen)
      lab.on('events', (data) => { heard = data.text })
      await lab.call('act', { type: 'invoke', client: 'c1', operation: { type: 'put', key: 'k', value }, target: '' })
      expect(heard === value).toBe(true)
    })

    it.each([
      ['a number', 5], ['a list', [1]], ['an object without a type', {}], ['a call without an id', { type: 'call', name: 'hello', takes: {} }],
    ])('closes on %s, which is no frame', async (_what, garbage) => {
      const server = serveLab(carrier.lab, handlersFor({}))
      carrier.screen.send(garbage as Frame)
      await server.closed
    })

    it('closes on an answer that nobody asked for at the lab', async () => {
      const server = serveLab(carrier.lab, handlersFor({}))
      carrier.screen.send({ type: 'answer', id: 1, gives: {} })
      await server.closed
    })
  })
}
