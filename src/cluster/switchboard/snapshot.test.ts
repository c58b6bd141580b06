// A snapshot collected from events alone equals the simulator's state at that event, and a replayed incarnation has the timers that the node had.
import { describe, expect, test } from 'vitest'
import type { NodeName } from '../../protocol'
import { randomFaultsRecording } from '../../sim/testing/random-faults-recording'
import type { TraceEvent } from '../../trace'
import { Snapshot } from './snapshot'
import { NodePast } from '../node/node-past'

const seeds = Array.from({ length: 30 }, (_, index) => String(index + 1))

/** Replays an incarnation's inputs as the switchboard of a branch sends them; `snapshot` takes the events in. */
function live(pasts: Map<NodeName, NodePast>, snapshot: Snapshot, event: TraceEvent): void {
  const input = snapshot.inputOf(event)
  if (input && 'node' in event) {
    if (input.type === 'start') pasts.set(input.name, new NodePast())
    pasts.get(event.node)?.take(event.at, input)
  }
  if (event.type === 'node-exited') pasts.delete(event.node)
  snapshot.take(event)
}

describe('a snapshot', () => {
  test('has the late and held messages, the mail and the faults that the simulator has', () => {
    let late = 0
    let waiting = 0
    let planned = 0
    for (const seed of seeds) {
      const { world, header, events } = randomFaultsRecording(seed, 25)
      const snapshot = new Snapshot(header)
      for (const event of events) snapshot.take(event)
      const { travelling, faults } = snapshot.network(({ id }) => id)
      // Virtual time may have passed after the last event. A message that came due since is queued on one side and in flight on the other.
      const there = new Set([...world.transit.onItsWay].map(({ envelope }) => envelope.id))
      expect(travelling.filter(({ inMs }) => inMs === null).map(({ envelope }) => envelope.id).every((id) => there.has(id)), `seed ${seed}`).toBe(true)
      for (const id of there) expect(travelling.some(({ envelope }) => envelope.id === id) || snapshot.mail.some((mail) => mail.id === id), `seed ${seed}: ${id}`).toBe(true)
      expect(faults.map(({ fault }) => fault.name), `seed ${seed}`).toEqual(world.transit.faults)
      late += travelling.length
      waiting += snapshot.mail.length
      planned += faults.filter(({ next }) => next !== null).length
    }
    // Snapshots without messages in flight prove nothing.
    expect(late).toBeGreaterThan(20)
    expect(waiting).toBeGreaterThan(20)
    expect(planned).toBeGreaterThan(0)
  })

  test('has, for each life lived again, the timers that the simulator tells in a freeze, to the microsecond', () => {
    let compared = 0
    for (const seed of seeds) {
      const { header, events } = randomFaultsRecording(seed, 25)
      const snapshot = new Snapshot(header)
      const pasts = new Map<NodeName, NodePast>()
      for (const event of events) {
        if (event.type === 'frozen') {
          const told = event.timers.map(({ node, name, armed, remainingMs }) => [node, name, armed, Math.round(remainingMs * 1000)])
          const lived = [...pasts].flatMap(([node, { timers }]) => [...timers]
            .map(([name, { armed, dueAt }]) => [node, name, armed, Math.max(0, Math.round(dueAt - event.at))]))
          expect(lived.sort(), `seed ${seed} #${event.seq}`).toEqual(told.sort())
          compared += told.length
        }
        live(pasts, snapshot, event)
      }
    }
    expect(compared).toBeGreaterThan(100)
  })

  test('lets each life come to the state that its node is in', () => {
    for (const seed of seeds.slice(0, 10)) {
      const { world, header, events } = randomFaultsRecording(seed, 25)
      const snapshot = new Snapshot(header)
      const pasts = new Map<NodeName, NodePast>()
      for (const event of events) live(pasts, snapshot, event)
      for (const [name, past] of pasts) {
        expect(past.machine?.inspect(), `seed ${seed}: ${name}`).toEqual(world.inspect(name))
        expect(past.steps, `seed ${seed}: ${name}`).toBe(events.filter((event) => 'step' in event && 'node' in event && event.node === name
          && 'incarnation' in event && event.incarnation === snapshot.state.nodes.get(name)?.incarnation && ['node-started', 'message-taken', 'timer-fired', 'peer-lost', 'operation-invoked'].includes(event.type)).length)
      }
    }
  })

  test('knows which operations of the workload are out, and never writes a value again', () => {
    const { header, events } = randomFaultsRecording('3', 25)
    const snapshot = new Snapshot(header)
    for (const event of events) snapshot.take(event)
    const workload = snapshot.workload
    const returned = new Set(events.flatMap((event) => event.type === 'operation-returned' ? [event.operationId] : []))
    const written = events.flatMap((event) => event.type === 'operation-invoked' && 'value' in event.operation.operation ? [Number(/^w(\d+)/.exec(event.operation.operation.value)?.[1])] : [])
    expect(written.length).toBeGreaterThan(10)
    expect(workload?.plan.rate).toBe(100)
    expect(Math.max(...written)).toBeLessThanOrEqual(workload?.written ?? 0)
    for (const operationId of workload?.out.keys() ?? []) expect(returned.has(operationId)).toBe(false)
  })
})
