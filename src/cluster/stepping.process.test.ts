// Manual control of the network on real processes: faults with their reasons, a freeze without side effects, single messages and timers, break
// conditions, and every refusal.
import { afterEach, expect, test } from 'vitest'
import { anywhere, atOnce, courseUnreliable, type BreakCondition, type Fault, type FaultEffect } from '../network'
import { utf8ToBytes } from '../protocol'
import { currentView } from '../trace'
import { unreliableRates } from '../sim/testing/unreliable-rates'
import { Harness, quick } from './testing/cluster-harness'

let harness: Harness
afterEach(() => harness.stop())

async function ready(more: ConstructorParameters<typeof Harness>[0] = {}): Promise<Harness> {
  harness = await new Harness({ replicas: 2, clients: 2, settings: quick, ...more }).start()
  await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
  return harness
}

const fault = (effect: FaultEffect, more: Partial<Fault> = {}): Fault => ({ name: effect.type, where: anywhere, bothWays: false, effect, times: 0, ...more })
const condition = (on: BreakCondition['on'], exact = false): BreakCondition => ({ name: 'stop here', on, exact, stays: false })
const workload = { rate: 0, inFlight: 4, mix: { put: 1, append: 1, get: 1, delete: 0, cas: 0 }, keys: 4, valueBytes: 8, clients: [] }
const waiting = (kind: string): string[] => [...harness.state.inFlight].filter(([, { type }]) => type === kind).map(([id]) => id)
const frozen = () => harness.until('the freeze', (event) => event.type === 'frozen')

test('a freeze under load: messages wait, twenty are delivered in another order than sent, and nothing is lost', async () => {
  const { cluster, state } = await ready()
  // Delayed forwards keep operations in flight whenever the cluster freezes.
  await cluster.perform({ type: 'add-fault', fault: fault({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 100 } }, { where: { ...anywhere, kinds: ['forward'] } }), plan: atOnce })
  await cluster.perform({ type: 'start-workload', plan: { ...workload, inFlight: 16 } })
  await harness.until('some load', (event) => event.seq > 2000)
  await harness.until('many messages in flight', () => state.inFlight.size >= 24)
  await cluster.perform({ type: 'freeze' })
  const at = state.at
  const viewnum = currentView(state)?.view.viewnum
  let delivered = 0
  for (let waits = [...state.inFlight]; delivered < 20 && waits.length > 0; waits = [...state.inFlight]) {
    const [id] = waits.at(-1) as (typeof waits)[number]
    await cluster.perform({ type: 'deliver', id })
    delivered++
  }
  expect(delivered).toBe(20)
  expect(state.at).toBe(at)
  await cluster.perform({ type: 'thaw' })
  const from = harness.events.length
  await harness.until('the load goes on', (event) => event.seq > from + 1000, from)
  await cluster.perform({ type: 'stop-workload' })
  expect(currentView(state)?.view.viewnum).toBe(viewnum)
  const open = new Set<number>()
  const settled = (): boolean => {
    open.clear()
    for (const event of harness.events) {
      if (event.type === 'operation-invoked') open.add(event.operation.operationId)
      if (event.type === 'operation-returned') open.delete(event.operationId)
    }
    return open.size === 0
  }
  if (!settled()) await harness.until('the last answer', () => settled(), harness.events.length)
  expect(harness.events.every((event) => event.type !== 'operation-returned' || event.outcome.type === 'ok')).toBe(true)
})

test('in a freeze a timer can be fired by hand, and is armed anew with its whole time', async () => {
  const { cluster, state } = await ready()
  await cluster.perform({ type: 'freeze' })
  const before = state.frozenTimers.find(({ node, name }) => node === 's2' && name === 'ping')
  await cluster.perform({ type: 'fire', node: 's2', timer: 'ping' })
  const after = state.frozenTimers.find(({ node, name }) => node === 's2' && name === 'ping')
  expect(after?.armed).toBe((before?.armed ?? 0) + 1)
  expect(after?.remainingMs).toBe(20)
  expect(waiting('ping').some((id) => id.startsWith('s2.'))).toBe(true)
})

test('messages can be dropped and doubled, and an operation is led through by hand', async () => {
  const { cluster } = await ready()
  await harness.put('a', '0')
  await harness.put('a', '0', 'c2')
  await cluster.perform({ type: 'freeze' })
  const one = await cluster.perform({ type: 'invoke', session: -1, client: 'c1', operation: { type: 'append', key: utf8ToBytes('a'), value: utf8ToBytes('x') }, target: '', label: '' })
  const [request = ''] = waiting('request')
  await cluster.perform({ type: 'duplicate', id: request })
  await cluster.perform({ type: 'drop', id: request })
  expect(waiting('request')).toEqual([`${request}+1`])
  await cluster.perform({ type: 'deliver', id: `${request}+1` })
  for (const kind of ['forward', 'forward-ack', 'reply']) await cluster.perform({ type: 'deliver', id: waiting(kind)[0] ?? '' })
  expect(harness.events.some((event) => event.type === 'operation-returned' && event.operationId === one.operationId)).toBe(true)
  await cluster.perform({ type: 'thaw' })
  expect(await harness.get('a')).toBe('0x')
})

test('a condition on a message stops before it is delivered', async () => {
  const { cluster } = await ready()
  await harness.put('a', '0')
  await cluster.perform({ type: 'add-break', condition: condition({ type: 'message', where: { ...anywhere, kinds: ['forward'] } }) })
  void cluster.perform({ type: 'invoke', session: -1, client: 'c1', operation: { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes('1') }, target: '', label: '' })
  const event = await frozen()
  const [forward = ''] = waiting('forward')
  expect(event).toMatchObject({ reason: 'forward is sent', metBy: harness.events.find((sent) => sent.type === 'message-sent' && sent.id === forward)?.seq })
  expect(harness.events.some((handed) => handed.type === 'message-handed' && handed.id === forward)).toBe(false)
  expect(harness.state.breaks.size).toBe(0)
})

test('a condition on a node stops after the step that met it; exact, no other delivery is in between', async () => {
  const { cluster, state } = await ready()
  await cluster.perform({ type: 'add-break', condition: condition({ type: 'promoted', node: 's2' }, true) })
  await cluster.perform({ type: 'kill', node: 's1' })
  await frozen()
  expect(state.nodes.get('s2')).toMatchObject({ believes: 'primary' })
  const met = state.freezeMetBy
  const handed = harness.events.filter(({ type, seq }) => seq > met && type === 'message-handed')
  expect(handed).toEqual([])
  await cluster.perform({ type: 'thaw' })
  await harness.untilAcked('s2 as primary', (primary) => primary === 's2')
})

test('a node that is started in a freeze stands still with the others, and what it sends waits', async () => {
  const { cluster, state } = await ready({ replicas: 3 })
  await cluster.perform({ type: 'kill', node: 's3' })
  await cluster.perform({ type: 'freeze' })
  await cluster.perform({ type: 'restart', node: 's3' })
  expect(state.frozenTimers.some(({ node }) => node === 's3')).toBe(true)
  expect(waiting('ping').some((id) => id.startsWith('s3.2.'))).toBe(true)
  await cluster.perform({ type: 'thaw' })
  const from = harness.events.length
  await harness.until('its ping', (event) => event.type === 'message-taken' && event.id.startsWith('s3.2.'), from)
})

test('what makes no sense is refused with its reason, and nothing changes', async () => {
  const { cluster } = await ready()
  await expect(cluster.perform({ type: 'deliver', id: 's1.1.0.0' })).rejects.toThrow('The message s1.1.0.0 is gone: it was taken or lost before.')
  await expect(cluster.perform({ type: 'fire', node: 's1', timer: 'ping' })).rejects.toThrow('The cluster is not frozen.')
  await cluster.perform({ type: 'freeze' })
  await expect(cluster.perform({ type: 'deliver', id: 's1.1.0.0' })).rejects.toThrow('The message s1.1.0.0 is gone: it was taken or lost before.')
  await expect(cluster.perform({ type: 'fire', node: 's1', timer: 'no' })).rejects.toThrow('s1 has no timer "no".')
  await cluster.perform({ type: 'fire', node: 's1', timer: 'ping' })
  await cluster.perform({ type: 'pause', node: 'vs' })
  await expect(cluster.perform({ type: 'deliver', id: waiting('ping').find((id) => id.startsWith('s1.')) ?? '' })).rejects.toThrow('vs is paused: it takes nothing before it is resumed.')
  await cluster.perform({ type: 'kill', node: 's2' })
  await expect(cluster.perform({ type: 'fire', node: 's2', timer: 'ping' })).rejects.toThrow('s2 is dead and has no timers.')
  await expect(cluster.perform({ type: 'add-fault', fault: fault({ type: 'isolate', nodes: ['s9'] }), plan: atOnce })).rejects.toThrow('There is no node s9.')
  await expect(cluster.perform({ type: 'add-fault', fault: fault({ type: 'isolate', nodes: ['s2'] }), plan: atOnce })).rejects.toThrow('s2 is dead: nothing comes from it or goes to it.')
  await expect(cluster.perform({ type: 'kill', node: 's2' })).rejects.toThrow('s2 is already dead.')
  await expect(cluster.perform({ type: 'remove-fault', fault: 'none' })).rejects.toThrow('There is no fault "none".')
  const types = harness.events.map(({ type }) => type)
  expect(types.filter((type) => type.startsWith('fault-'))).toEqual([])
})

test('a planned fault begins and ends by itself, and stands still in a freeze', async () => {
  const { cluster } = await ready()
  await cluster.perform({ type: 'add-fault', fault: fault({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 3 } }), plan: { inMs: 1000, forMs: 200 } })
  await cluster.perform({ type: 'freeze' })
  // Longer than the fault's delay: only a frozen clock keeps it from beginning.
  await new Promise((settle) => setTimeout(settle, 1200))
  expect(harness.events.some(({ type }) => type === 'fault-switched')).toBe(false)
  await cluster.perform({ type: 'thaw' })
  const began = await harness.until('its beginning', ({ type }) => type === 'fault-switched')
  const ended = await harness.until('its end', ({ type }) => type === 'fault-removed')
  const added = harness.events.find(({ type }) => type === 'fault-added')
  expect((began.at - (added?.at ?? 0)) / 1000).toBeGreaterThanOrEqual(999)
  expect((ended.at - began.at) / 1000).toBeGreaterThanOrEqual(199)
  expect(harness.events.some((event) => event.type === 'message-delayed' && event.ms === 3)).toBe(true)
})

test('the unreliable mode has the course\'s rates on processes too', async () => {
  const { cluster } = await ready({ clients: 4 })
  await cluster.perform({ type: 'add-fault', fault: fault(courseUnreliable), plan: atOnce })
  await cluster.perform({ type: 'start-workload', plan: { ...workload, inFlight: 16 } })
  await harness.until('10 000 requests', (event) => event.seq % 2000 === 0 && unreliableRates(harness.events).arrived >= 10_000)
  const { arrived, lost, inVain } = unreliableRates(harness.events)
  console.log(JSON.stringify({ arrived, lost, inVain }))
  // Four standard deviations: which requests there are is random here, and one run in 100 is beyond 2.6.
  expect(Math.abs(lost - arrived * 0.1)).toBeLessThanOrEqual(4 * Math.sqrt(arrived * 0.09))
})
