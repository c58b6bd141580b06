import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8ToBytes, type Message } from '../protocol'
import { anywhere, deadProblem, faultProblem, faultText, type Envelope, type Fault } from './fault'
import { courseUnreliable, type FaultEffect } from './fault-effect'
import type { NetworkEvent } from './events'
import { Network } from './network'
import { onItsWayBytesMax, Transit } from './transit'

const nodes = ['vs', 's1', 's2', 's3', 'c1', 'c2']

function faultOf(effect: FaultEffect, more: Partial<Fault> = {}): Fault {
  return { name: effect.type, where: anywhere, bothWays: false, effect, times: 0, ...more }
}

function networkWith(...faults: Fault[]): Network {
  const network = new Network('1')
  for (const fault of faults) network.add(fault, true)
  return network
}

let step = 0
function envelope(from: string, to: string, message: Message): Envelope {
  return { id: `${from}.1.${++step}.0`, from, to, message }
}
const ping = (from: string, to = 'vs'): Envelope => envelope(from, to, { type: 'ping', viewnum: 1, incarnation: 1, address: '', initialised: [] })
const request = (from: string, to: string, requestId: number): Envelope =>
  envelope(from, to, { type: 'request', clientId: `${from}.1.0`, requestId, viewnum: 2, operation: { type: 'get', key: utf8ToBytes('a') } })
const reply = (from: string, to: string, requestId: number): Envelope => envelope(from, to,
  { type: 'reply', clientId: `${to}.1.0`, requestId, viewnum: 2, seq: 1, replayed: false, executedViewnum: 2, result: { type: 'done' } })
const between = { viewnum: 2, fromIncarnation: 1, toIncarnation: 1 }
const forward = (seq: number): Envelope => envelope('s1', 's2', { type: 'forward', ...between, seq, clientId: 'c1.1.0', requestId: seq, operation: { type: 'get', key: utf8ToBytes('a') } })
const forwardAck = (executed: number): Envelope => envelope('s2', 's1', { type: 'forward-ack', ...between, executed })

const fateOf = (network: Network, message: Envelope): string => network.onSend(message).fate

describe('where a fault strikes', () => {
  it('cuts one direction of a link and leaves the other', () => {
    const network = networkWith(faultOf({ type: 'cut' }, { where: { from: ['s1'], to: ['vs'], kinds: [] } }))
    expect([fateOf(network, ping('s1')), fateOf(network, ping('s2')), fateOf(network, envelope('vs', 's1', { type: 'get-view' }))]).toEqual(['drop', 'pass', 'pass'])
  })

  it('both ways also strikes what comes back', () => {
    const network = networkWith(faultOf({ type: 'cut' }, { where: { from: ['s1'], to: ['vs'], kinds: [] }, bothWays: true }))
    expect(fateOf(network, envelope('vs', 's1', { type: 'get-view' }))).toBe('drop')
  })

  it('only messages of its kinds', () => {
    const network = networkWith(faultOf({ type: 'cut' }, { where: { from: [], to: [], kinds: ['request'] } }))
    expect([fateOf(network, request('c1', 's1', 1)), fateOf(network, ping('s1'))]).toEqual(['drop', 'pass'])
  })

  it('isolates a node from everyone, but not others from one another', () => {
    const network = networkWith(faultOf({ type: 'isolate', nodes: ['s1'] }))
    expect([fateOf(network, ping('s1')), fateOf(network, request('c1', 's1', 1)), fateOf(network, ping('s2'))]).toEqual(['drop', 'drop', 'pass'])
  })

  it('a partition divides its groups; a node in no group reaches everyone', () => {
    const network = networkWith(faultOf({ type: 'partition', groups: [['s1', 'c1'], ['s2', 'vs']] }))
    expect([fateOf(network, ping('s1')), fateOf(network, request('c1', 's1', 1)), fateOf(network, ping('s2')), fateOf(network, ping('s3')), fateOf(network, request('c2', 's1', 1))])
      .toEqual(['drop', 'pass', 'pass', 'pass', 'pass'])
  })

  it('the next so many messages, and then none', () => {
    const network = networkWith(faultOf({ type: 'hold' }, { times: 2 }))
    expect([1, 2, 3].map((id) => fateOf(network, request('c1', 's1', id)))).toEqual(['hold', 'hold', 'pass'])
  })

  it('nothing while it is off', () => {
    const network = networkWith(faultOf({ type: 'cut' }))
    network.switch('cut', false)
    expect(fateOf(network, ping('s1'))).toBe('pass')
    network.switch('cut', true)
    expect(fateOf(network, ping('s1'))).toBe('drop')
  })

  it('a cut of everything on a link hides even the end of a connection; a cut of one kind does not', () => {
    const all = networkWith(faultOf({ type: 'cut' }, { where: { from: ['s1'], to: ['s2'], kinds: [] } }))
    expect([all.blocks('s1', 's2'), all.blocks('s2', 's1')]).toEqual([true, false])
    expect(networkWith(faultOf({ type: 'cut' }, { where: { from: ['s1'], to: ['s2'], kinds: ['forward'] } })).blocks('s1', 's2')).toBe(false)
  })
})

describe('what it does', () => {
  it('delays add up, each with its name', () => {
    const network = networkWith(faultOf({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 40 } }, { name: 'slow' }),
      faultOf({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 2 } }, { name: 'slower' }))
    expect(network.onSend(ping('s1')).delays).toEqual([{ fault: 'slow', ms: 40 }, { fault: 'slower', ms: 2 }])
  })

  it.each([
    ['uniform', { type: 'uniform', minMs: 10, maxMs: 30 } as const, 20, 10, 30],
    ['exponential', { type: 'exponential', meanMs: 20 } as const, 20, 0, 400],
  ])('a %s delay has its mean and its limits', (_name, delay, mean, min, max) => {
    const network = networkWith(faultOf({ type: 'delay', probability: 1, delay }))
    const drawn = Array.from({ length: 20_000 }, () => network.onSend(ping('s1')).delays[0]?.ms ?? -1)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(min)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(max)
    expect(Math.abs(drawn.reduce((sum, ms) => sum + ms, 0) / drawn.length - mean)).toBeLessThan(0.6)
  })

  it('a copy is not copied again', () => {
    const network = networkWith(faultOf({ type: 'duplicate', probability: 1 }))
    expect([network.onSend(ping('s1')).copies, network.onSend(ping('s1'), true).copies]).toEqual([['duplicate'], []])
  })

  it('a message that was set back follows the next one of its link, and no other', () => {
    const network = networkWith(faultOf({ type: 'reorder', probability: 1, withinMs: 200 }, { times: 1 }))
    const first = request('c1', 's1', 1)
    expect(network.onSend(first)).toMatchObject({ delays: [{ fault: 'reorder', ms: 200 }], overtakes: [] })
    expect(network.onSend(request('c2', 's1', 1)).overtakes).toEqual([])
    expect(network.onSend(request('c1', 's1', 2)).overtakes).toEqual([first.id])
    expect(network.onSend(request('c1', 's1', 3)).overtakes).toEqual([])
  })
})

describe('the course\'s unreliable mode', () => {
  it('leaves the view server alone', () => {
    const network = networkWith(faultOf({ type: 'unreliable', requestLoss: 1, replyLoss: 1 }))
    expect([network.onDelivery(ping('s1')), network.onDelivery(request('c1', 's1', 1))]).toEqual([undefined, { type: 'fault', fault: 'unreliable' }])
  })

  it('loses the answer of the request that it drew, once, and no other', () => {
    const network = networkWith(faultOf({ type: 'unreliable', requestLoss: 0, replyLoss: 1 }))
    expect(network.onDelivery(request('c1', 's1', 7))).toBeUndefined()
    network.switch('unreliable', false)
    expect([reply('s1', 'c1', 6), reply('s1', 'c2', 7), reply('s1', 'c1', 7), reply('s1', 'c1', 7)].map((answer) => fateOf(network, answer)))
      .toEqual(['pass', 'pass', 'drop', 'pass'])
  })

  it('a later arrival of the same request that passes takes the loss back', () => {
    const network = networkWith(faultOf({ type: 'unreliable', requestLoss: 0, replyLoss: 1 }, { times: 1 }))
    network.onDelivery(request('c1', 's1', 1))
    network.remove('unreliable')
    network.add(faultOf({ type: 'unreliable', requestLoss: 0, replyLoss: 0 }), true)
    network.onDelivery(request('c1', 's1', 1))
    expect(fateOf(network, reply('s1', 'c1', 1))).toBe('pass')
  })

  it('an ack answers every forward up to its number', () => {
    const network = networkWith(faultOf({ type: 'unreliable', requestLoss: 0, replyLoss: 1 }, { times: 1 }))
    network.onDelivery(forward(5))
    network.onDelivery(forward(6))
    expect([forwardAck(4), forwardAck(5), forwardAck(6)].map((ack) => fateOf(network, ack))).toEqual(['pass', 'drop', 'pass'])
  })

  it.each(['1', '2', '3', '4', '5'])('seed %s: over 10 000 requests, a tenth lost and a fifth of the others answered in vain, within 99 %%', (seed) => {
    const network = new Network(seed)
    network.add(faultOf(courseUnreliable), true)
    let lost = 0
    let inVain = 0
    for (let id = 1; id <= 10_000; id++) {
      if (network.onDelivery(request('c1', 's1', id))) lost++
      else if (fateOf(network, reply('s1', 'c1', id)) === 'drop') inVain++
    }
    expect(isWithin99(lost, 10_000, 0.1), `${lost} of 10000 lost`).toBe(true)
    expect(isWithin99(inVain, 10_000 - lost, 0.2), `${inVain} of ${10_000 - lost} in vain`).toBe(true)
  })
})

/** Within the binomial's 99 % interval, by the normal approximation: 2.576 standard deviations. */
function isWithin99(count: number, of: number, probability: number): boolean {
  return Math.abs(count - of * probability) <= 2.576 * Math.sqrt(of * probability * (1 - probability))
}

it('the same seed, faults and messages meet the same fate; another seed another', () => {
  const play = (seed: string, count: number): string => {
    step = 0
    const network = new Network(seed)
    network.add(faultOf({ type: 'drop', probability: 0.3 }), true)
    network.add(faultOf({ type: 'delay', probability: 0.5, delay: { type: 'uniform', minMs: 0, maxMs: 9 } }), true)
    return JSON.stringify(Array.from({ length: count }, (_, id) => network.onSend(request('c1', 's1', id))))
  }
  fc.assert(fc.property(fc.string(), fc.integer({ min: 20, max: 60 }), (seed, count) => {
    expect(play(seed, count)).toBe(play(seed, count))
    expect(play(seed, count)).not.toBe(play(`${seed}!`, count))
  }), { numRuns: 50 })
})

describe('messages that are late or held', () => {
  it('have a limit in bytes: what would be over it is lost, and room comes back when some go on', () => {
    const events: NetworkEvent[] = []
    const due: (() => void)[] = []
    const transit = new Transit<number>({
      seed: '1', nodes, event: (event) => events.push(event), hasDied: () => false, incarnationOf: () => 1, bytesOf: (bytes) => bytes, onArrival: () => undefined,
      after: (_ms, action) => {
        due.push(action)
        return () => undefined
      },
    })
    transit.addFault(faultOf({ type: 'hold' }, { name: 'held' }))
    const lost = (): string[] => events.flatMap((event) => event.type === 'message-dropped' && event.reason.type === 'queue-full' ? [event.id] : [])
    const half = onItsWayBytesMax / 2
    const [one, other, third] = [ping('s1'), ping('s1'), ping('s1')]
    transit.send(one, half)
    transit.send(other, half)
    transit.send(third, 1)
    expect(lost()).toEqual([third.id])
    expect(() => transit.duplicate(one.id)).toThrow('There is no room for another copy')
    transit.release(one.id, 'by hand')
    transit.removeFault('held')
    transit.addFault(faultOf({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 5 } }, { name: 'late' }))
    const late = ping('s1')
    transit.send(late, half)
    transit.send(ping('s1'), 1)
    expect(lost()).toHaveLength(2)
    due.at(-1)?.()
    transit.send(ping('s1'), half)
    expect(lost()).toHaveLength(2)
  })
})

describe('a network that goes on from a snapshot of another', () => {
  interface Due { readonly ms: number; readonly action: () => void }

  function begun(snapshot: Partial<Parameters<Transit<null>['begin']>[0]>) {
    const events: NetworkEvent[] = []
    const due: Due[] = []
    const arrived: string[] = []
    const transit = new Transit<null>({
      seed: '1', nodes, event: (event) => events.push(event), hasDied: () => false, incarnationOf: (name) => name === 's2' ? 2 : 1,
      after: (ms, action) => {
        due.push({ ms, action })
        return () => { due.splice(due.findIndex((one) => one.action === action), 1) }
      },
      onArrival: ({ id }) => arrived.push(id),
    })
    transit.begin({ faults: [], travelling: [], copies: new Map(), ...snapshot })
    return { transit, events, due, arrived }
  }
  const travelling = (message: Envelope, inMs: number | null, more: { incarnation?: number; mayBeOvertaken?: boolean } = {}) =>
    ({ envelope: message, payload: null, incarnation: 1, inMs, mayBeOvertaken: false, ...more })

  it('has late messages for as long as they had left, held ones held, and tells nothing of them again', () => {
    const [late, held, old] = [ping('s1'), ping('s3'), forward(1)]
    const { transit, events, due, arrived } = begun({ travelling: [travelling(late, 12.5), travelling(held, null), travelling(old, 3, { incarnation: 1 })] })
    expect([events, due.map(({ ms }) => ms)]).toEqual([[], [12.5, 3]])
    due[0]?.action()
    expect(arrived).toEqual([late.id])
    // To an incarnation of s2 that has ended.
    due[1]?.action()
    expect(events).toEqual([{ type: 'message-dropped', id: old.id, reason: { type: 'receiver-restarted' } }])
    transit.release(held.id, 'by hand')
    expect(arrived).toEqual([late.id, held.id])
  })

  it('lets a message that waited to be overtaken go when it is', () => {
    const late = ping('s1')
    const { transit, arrived } = begun({ travelling: [travelling(late, 20, { mayBeOvertaken: true })] })
    const next = ping('s1')
    transit.send(next, null)
    expect(arrived).toEqual([next.id, late.id])
  })

  it('has faults with what they may still strike, and what was planned for them; copies are numbered on', () => {
    const twice = faultOf({ type: 'cut' }, { name: 'twice', times: 2 })
    const later = faultOf({ type: 'hold' }, { name: 'later' })
    const { transit, events, due } = begun({
      copies: new Map([['s1.1.1.0', 2]]), faults: [
        { fault: twice, plan: { inMs: 0, forMs: 0 }, isOn: true, struck: 1, next: null },
        { fault: later, plan: { inMs: 50, forMs: 30 }, isOn: false, struck: 0, next: { what: 'begin', inMs: 20 } },
      ],
    })
    expect(transit.faults).toEqual(['twice', 'later'])
    transit.send(ping('s1'), null)
    transit.send(ping('s1'), null)
    expect(events.filter(({ type }) => type === 'message-dropped')).toHaveLength(1)
    expect(due.map(({ ms }) => ms)).toEqual([20])
    due[0]?.action()
    expect([events.at(-1)?.type, due.at(-1)?.ms]).toEqual(['fault-switched', 30])
    due.at(-1)?.action()
    expect(events.at(-1)).toEqual({ type: 'fault-removed', fault: 'later', reason: 'as planned' })
    expect(transit.copyOf({ ...ping('s1'), id: 's1.1.1.0' }, 'by hand').id).toBe('s1.1.1.0+3')
  })
})

describe('what cannot be', () => {
  it.each([
    [faultOf({ type: 'cut' }, { name: '' }), 'A fault\'s name has 1 to 80 characters.'],
    [faultOf({ type: 'cut' }, { where: { from: ['s9'], to: [], kinds: [] } }), 'There is no node s9.'],
    [faultOf({ type: 'isolate', nodes: [] }), 'Isolating needs a node at least.'],
    [faultOf({ type: 'partition', groups: [['s1'], []] }), 'A partition needs two groups at least.'],
    [faultOf({ type: 'partition', groups: [['s1'], ['s1', 's2']] }), 's1 is in two groups of the partition.'],
    [faultOf({ type: 'drop', probability: 1.5 }), 'A probability is from 0 to 1, not 1.5.'],
    [faultOf({ type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 9, maxMs: 3 } }), 'A delay from 9 to 3 ms has no length.'],
    [faultOf({ type: 'cut' }, { times: -1 }), 'A fault strikes 0 (always) to 1000000 messages, not -1.'],
  ])('%#: one sentence', (fault, sentence) => {
    expect(faultProblem(fault, nodes)).toBe(sentence)
  })

  it('nothing is wrong with one that can be', () => {
    expect(faultProblem(faultOf({ type: 'partition', groups: [['s1'], ['s2']] }), nodes)).toBeUndefined()
  })
})

describe('a fault on what has died', () => {
  const link = (from: string[], to: string[]): Partial<Fault> => ({ where: { from, to, kinds: [] } })
  const dead = (name: string): boolean => name === 's1' || name === 's2'
  it.each([
    [faultOf({ type: 'cut' }, link(['s1'], ['vs'])), 's1 is dead: nothing comes from it or goes to it. Restart it first, or plan the fault ahead.'],
    [faultOf({ type: 'hold' }, link([], ['s2'])), 's2 is dead: nothing comes from it or goes to it. Restart it first, or plan the fault ahead.'],
    [faultOf({ type: 'isolate', nodes: ['s1', 's2'] }), 's1 and s2 are dead: nothing comes from them or goes to them. Restart them first, or plan the fault ahead.'],
    [faultOf({ type: 'partition', groups: [['s1', 's2'], ['vs']] }), 's1 and s2 are dead: nothing comes from them or goes to them. Restart them first, or plan the fault ahead.'],
    [faultOf({ type: 'cut' }, link(['s1', 's3'], ['vs'])), undefined],
    [faultOf({ type: 'isolate', nodes: ['s1', 's3'] }), undefined],
    [faultOf({ type: 'partition', groups: [['s1', 's3'], ['vs', 's2']] }), undefined],
    [faultOf(courseUnreliable), undefined],
  ])('%#: would do nothing, and says so', (fault, sentence) => {
    expect(deadProblem(fault, dead)).toBe(sentence)
  })
})

it('a fault is told in words', () => {
  const link = { from: ['s1'], to: ['s2'], kinds: [] }
  expect([
    faultOf({ type: 'cut' }, { where: link }), faultOf({ type: 'cut' }, { where: link, bothWays: true }), faultOf({ type: 'drop', probability: 0.1 }, { where: { ...link, kinds: ['forward'] } }),
    faultOf({ type: 'delay', probability: 0.25, delay: { type: 'constant', ms: 40 } }, { where: link }), faultOf({ type: 'partition', groups: [['s1'], ['s2', 'vs']] }),
    faultOf({ type: 'hold' }, { times: 1 }), faultOf(courseUnreliable),
  ].map(faultText)).toEqual([
    'cut s1 → s2', 'cut s1 ↔ s2', 'drop 10 % of forward s1 → s2', 'delay 25 % of messages s1 → s2 by 40 ms', 'partition s1 | s2 vs',
    'hold messages, the next one', 'unreliable: 10 % of requests lost, 20 % of the other answers',
  ])
})
