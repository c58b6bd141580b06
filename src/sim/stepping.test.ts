// Freezing, stepping and thawing in virtual time, break conditions, and refusals: the same as with real processes.
import { expect, test } from 'vitest'
import { anywhere, atOnce, type BreakCondition, type Fault, type FaultEffect } from '../network'
import { defaultSettings, utf8ToBytes, type MessageType } from '../protocol'
import { beginState, currentView, foldEvent, type ClusterState, type TraceEvent } from '../trace'
import { World } from './world'

interface Played {
  readonly world: World
  readonly events: TraceEvent[]
  readonly state: ClusterState
}

/** Two replicas with an acked view 2. */
function ready(seed = '1'): Played {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed, replicas: 2, clients: 2, settings: { ...defaultSettings, pingIntervalMs: 20, pingCheckIntervalMs: 20 },
    onEvent: (event) => events.push(event),
  })
  const state = beginState(world.header)
  const played = { world, events, state }
  world.runUntil(() => {
    fold(played)
    return (currentView(state)?.view.viewnum ?? 0) === 2 && (currentView(state)?.ackedAt ?? -1) >= 0
  }, 5000)
  return played
}

function fold({ events, state }: Played): ClusterState {
  for (let seq = state.seq; seq < events.length; seq++) foldEvent(state, events[seq] as TraceEvent)
  return state
}

function put({ world }: Played, client: string, value: string): number {
  return world.invoke(client, { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes(value) })
}

function waiting(played: Played, kind: MessageType): string[] {
  return [...fold(played).inFlight].filter(([, { type }]) => type === kind).map(([id]) => id)
}

function deliverAll(played: Played, kind: MessageType): void {
  for (const id of waiting(played, kind)) played.world.perform({ type: 'deliver', id })
}

const fault = (effect: FaultEffect, more: Partial<Fault> = {}): Fault => ({ name: effect.type, where: anywhere, bothWays: false, effect, times: 0, ...more })
const condition = (on: BreakCondition['on']): BreakCondition => ({ name: 'stop here', on, exact: false, stays: false })

test('in a freeze no time passes, and an operation goes as far as it is let', () => {
  const played = ready()
  const { world, events } = played
  world.freeze()
  const before = world.nowMs
  put(played, 'c1', '1')
  world.run(10_000)
  expect(world.nowMs).toBe(before)
  deliverAll(played, 'get-view')
  deliverAll(played, 'view-reply')
  deliverAll(played, 'request')
  deliverAll(played, 'forward')
  expect(waiting(played, 'forward-ack')).toHaveLength(1)
  expect(events.some(({ type }) => type === 'operation-returned')).toBe(false)
  deliverAll(played, 'forward-ack')
  deliverAll(played, 'reply')
  expect(events.findLast(({ type }) => type === 'operation-returned')).toMatchObject({ outcome: { type: 'ok' } })
  world.thaw()
  world.run(2000)
  expect(currentView(fold(played))?.view.viewnum).toBe(2)
})

test('timers are frozen with their remaining time, can be fired, and go on after the thaw', () => {
  const played = ready()
  const { world, events } = played
  world.freeze()
  const ping = fold(played).frozenTimers.find(({ node, name }) => node === 's2' && name === 'ping')
  expect(ping?.remainingMs).toBeGreaterThan(0)
  const sent = (): number => events.filter((event) => event.type === 'message-sent' && event.from === 's2' && event.message.type === 'ping').length
  const before = sent()
  world.perform({ type: 'fire', node: 's2', timer: 'ping' })
  expect(sent()).toBe(before + 1)
  expect(fold(played).frozenTimers.find(({ node, name }) => node === 's2' && name === 'ping')).toMatchObject({ armed: (ping?.armed ?? 0) + 1, remainingMs: 20 })
  world.thaw()
  world.run(19)
  expect(sent()).toBe(before + 1)
  world.run(2)
  expect(sent()).toBe(before + 2)
})

test('two messages can be delivered in the other order, dropped, and doubled', () => {
  const played = ready()
  const { world } = played
  put(played, 'c1', 'warm')
  put(played, 'c2', 'warm')
  world.run(50)
  world.freeze()
  const first = put(played, 'c1', '1')
  put(played, 'c2', '2')
  const [one = '', two = ''] = waiting(played, 'request')
  world.perform({ type: 'deliver', id: two })
  world.perform({ type: 'duplicate', id: one })
  expect(waiting(played, 'request')).toEqual([one, `${one}+1`])
  world.perform({ type: 'drop', id: one })
  world.perform({ type: 'deliver', id: `${one}+1` })
  expect(played.events.filter((event) => event.type === 'message-sent' && event.message.type === 'forward').slice(-2))
    .toMatchObject([{ message: { operation: { value: '2' } } }, { message: { operation: { value: '1' } } }])
  world.thaw()
  world.run(50)
  expect(played.events.filter((event) => event.type === 'operation-returned' && event.operationId === first)).toHaveLength(1)
})

test.each<[string, BreakCondition['on'], (played: Played) => void, (played: Played) => void]>([
  ['a message is sent: it is not delivered', { type: 'message', where: { ...anywhere, kinds: ['forward'] } }, (played) => put(played, 'c1', '1'), (played) => {
    expect(waiting(played, 'forward')).toHaveLength(1)
    expect(played.events.some((event) => event.type === 'message-taken' && event.id === waiting(played, 'forward')[0])).toBe(false)
  }],
  ['the view changes', { type: 'view-changed' }, ({ world }) => world.kill('s2'), (played) => expect(currentView(fold(played))?.view.viewnum).toBe(3)],
  ['a node is promoted', { type: 'promoted', node: 's2' }, ({ world }) => world.kill('s1'), (played) => expect(fold(played).nodes.get('s2')).toMatchObject({ believes: 'primary' })],
  ['the cluster is stuck', { type: 'stuck' }, ({ world }) => { world.kill('s1'); world.kill('s2') }, (played) => expect(fold(played).stuck).not.toBeNull()],
])('freezes by itself when %s', (_what, on, cause, check) => {
  const played = ready()
  played.world.perform({ type: 'add-break', condition: condition(on) })
  cause(played)
  played.world.run(2000)
  const state = fold(played)
  expect(state.freeze).toBe(1)
  expect(state.freezeMetBy).toBeGreaterThan(0)
  // The condition was met, so it is removed.
  expect(state.breaks.size).toBe(0)
  check(played)
})

test('a planned fault begins and ends on cluster time', () => {
  const played = ready()
  const { world, events } = played
  const began = world.nowMs
  world.perform({ type: 'add-fault', fault: fault({ type: 'isolate', nodes: ['s2'] }), plan: { inMs: 200, forMs: 50 } })
  world.run(199)
  expect(events.some(({ type }) => type === 'fault-switched')).toBe(false)
  world.run(100)
  expect(events.filter(({ type }) => type === 'fault-switched' || type === 'fault-removed').map(({ type, at }) => [type, at / 1000 - began]))
    .toEqual([['fault-switched', 200], ['fault-removed', 250]])
})

test('every drop, delay and copy carries its reason into the trace', () => {
  const played = ready()
  const { world, events } = played
  world.perform({ type: 'add-fault', fault: fault({ type: 'drop', probability: 0.2 }, { name: 'lossy' }), plan: atOnce })
  world.perform({ type: 'add-fault', fault: fault({ type: 'delay', probability: 0.3, delay: { type: 'constant', ms: 5 } }, { name: 'slow' }), plan: atOnce })
  world.perform({ type: 'add-fault', fault: fault({ type: 'duplicate', probability: 0.3 }, { name: 'twice' }), plan: atOnce })
  world.run(2000)
  expect(events.some((event) => event.type === 'message-dropped' && event.reason.type === 'fault' && event.reason.fault === 'lossy')).toBe(true)
  expect(events.some((event) => event.type === 'message-delayed' && event.fault === 'slow' && event.ms === 5)).toBe(true)
  expect(events.some((event) => event.type === 'message-duplicated' && event.reason === 'twice')).toBe(true)
  const facts = fold(played).faults
  expect([facts.get('lossy')?.dropped, facts.get('slow')?.late, facts.get('twice')?.copied].every((count) => (count ?? 0) > 0)).toBe(true)
})

test.each<[string, (played: Played) => void, string]>([
  ['a message that is gone', ({ world }) => world.perform({ type: 'deliver', id: 's1.1.1.0' }), 'The message s1.1.1.0 is gone: it was taken or lost before.'],
  ['a timer while time runs', ({ world }) => world.perform({ type: 'fire', node: 's1', timer: 'ping' }), 'The cluster is not frozen.'],
  ['a timer that is none', ({ world }) => { world.freeze(); world.perform({ type: 'fire', node: 's1', timer: 'x' }) }, 's1 has no timer "x".'],
  ['a timer of a dead node', ({ world }) => { world.kill('s1'); world.freeze(); world.perform({ type: 'fire', node: 's1', timer: 'ping' }) }, 's1 is dead and has no timers.'],
  ['a fault on a node that is not there', ({ world }) => world.perform({ type: 'add-fault', fault: fault({ type: 'isolate', nodes: ['s9'] }), plan: atOnce }), 'There is no node s9.'],
  ['a fault of a name that is taken', ({ world }) => {
    world.perform({ type: 'add-fault', fault: fault({ type: 'cut' }), plan: atOnce })
    world.perform({ type: 'add-fault', fault: fault({ type: 'cut' }), plan: atOnce })
  }, 'There is a fault "cut" already.'],
  ['a second freeze', ({ world }) => { world.freeze(); world.freeze() }, 'The cluster is already frozen.'],
  ['killing the dead', ({ world }) => { world.kill('s1'); world.kill('s1') }, 's1 is already dead.'],
])('refused with its reason: %s', (_what, act, sentence) => {
  const played = ready()
  expect(() => act(played)).toThrow(sentence)
})

test('the same seed gives the same trace, byte for byte; another seed another', () => {
  const play = (seed: string): string => {
    const played = ready(seed)
    const { world, events } = played
    world.perform({ type: 'add-fault', fault: fault({ type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 }), plan: atOnce })
    world.perform({ type: 'start-workload', plan: { rate: 0, inFlight: 2, mix: { put: 1, append: 1, get: 1, delete: 1, cas: 1 }, keys: 4, valueBytes: 8, clients: [] } })
    world.run(3000)
    return events.map((event) => JSON.stringify(event)).join('\n')
  }
  expect(play('1')).toBe(play('1'))
  expect(play('1')).not.toBe(play('2'))
})
