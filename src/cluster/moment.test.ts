// What a moment gathers from events alone is what the simulator has at that moment, and a life lived again has the timers that it had.
import { describe, expect, test } from 'vitest'
import type { NodeName } from '../protocol'
import { randomFaultsRecording } from '../sim/random-faults-recording'
import type { TraceEvent } from '../trace'
import { Moment } from './moment'
import { NodePast } from './node-past'

const seeds = Array.from({ length: 30 }, (_, index) => String(index + 1))

/** A life's inputs as the switchboard of a branch gives them to its process; `moment` takes the events in. */
function live(pasts: Map<NodeName, NodePast>, moment: Moment, event: TraceEvent): void {
  const input = moment.inputOf(event)
  if (input && 'node' in event) {
    if (input.type === 'start') pasts.set(input.name, new NodePast())
    pasts.get(event.node)?.take(event.at, input)
  }
  if (event.type === 'node-exited') pasts.delete(event.node)
  moment.take(event)
}

describe('a moment', () => {
  test('has the late and held messages, the mail and the faults that the simulator has', () => {
    let late = 0
    let waiting = 0
    let planned = 0
    for (const seed of seeds) {
      const { world, header, events } = randomFaultsRecording(seed, 25)
      const moment = new Moment(header)
      for (const event of events) moment.take(event)
      const { travelling, faults } = moment.network(({ id }) => id)
      // Virtual time may have gone on after the last event: what has come due since is mail here and there.
      const there = new Set([...world.transit.onItsWay].map(({ envelope }) => envelope.id))
      expect(travelling.filter(({ inMs }) => inMs === null).map(({ envelope }) => envelope.id).every((id) => there.has(id)), `seed ${seed}`).toBe(true)
      for (const id of there) expect(travelling.some(({ envelope }) => envelope.id === id) || moment.mail.some((mail) => mail.id === id), `seed ${seed}: ${id}`).toBe(true)
      expect(faults.map(({ fault }) => fault.name), `seed ${seed}`).toEqual(world.transit.faults)
      late += travelling.length
      waiting += moment.mail.length
      planned += faults.filter(({ next }) => next !== null).length
    }
    // Moments at which nothing is under way prove nothing.
    expect(late).toBeGreaterThan(20)
    expect(waiting).toBeGreaterThan(20)
    expect(planned).toBeGreaterThan(0)
  }, 60_000)

  test('has, for each life lived again, the timers that the simulator tells in a freeze, to the microsecond', () => {
    let compared = 0
    for (const seed of seeds) {
      const { header, events } = randomFaultsRecording(seed, 25)
      const moment = new Moment(header)
      const pasts = new Map<NodeName, NodePast>()
      for (const event of events) {
        if (event.type === 'frozen') {
          const told = event.timers.map(({ node, name, armed, remainingMs }) => [node, name, armed, Math.round(remainingMs * 1000)])
          const lived = [...pasts].flatMap(([node, { timers }]) => [...timers]
            .map(([name, { armed, dueAt }]) => [node, name, armed, Math.max(0, Math.round(dueAt - event.at))]))
          expect(lived.sort(), `seed ${seed} #${event.seq}`).toEqual(told.sort())
          compared += told.length
        }
        live(pasts, moment, event)
      }
    }
    expect(compared).toBeGreaterThan(100)
  }, 60_000)

  test('lets each life come to the state that its node is in', () => {
    for (const seed of seeds.slice(0, 10)) {
      const { world, header, events } = randomFaultsRecording(seed, 25)
      const moment = new Moment(header)
      const pasts = new Map<NodeName, NodePast>()
      for (const event of events) live(pasts, moment, event)
      for (const [name, past] of pasts) {
        expect(past.machine?.inspect(), `seed ${seed}: ${name}`).toEqual(world.inspect(name))
        expect(past.steps, `seed ${seed}: ${name}`).toBe(events.filter((event) => 'step' in event && 'node' in event && event.node === name
          && 'incarnation' in event && event.incarnation === moment.state.nodes.get(name)?.incarnation && ['node-started', 'message-taken', 'timer-fired', 'peer-lost', 'operation-invoked'].includes(event.type)).length)
      }
    }
  }, 60_000)

  test('knows which operations of the workload are out, and never writes a value again', () => {
    const { header, events } = randomFaultsRecording('3', 25)
    const moment = new Moment(header)
    for (const event of events) moment.take(event)
    const workload = moment.workload
    const returned = new Set(events.flatMap((event) => event.type === 'operation-returned' ? [event.operationId] : []))
    const written = events.flatMap((event) => event.type === 'operation-invoked' && 'value' in event.operation.operation ? [Number(/^w(\d+)/.exec(event.operation.operation.value)?.[1])] : [])
    expect(written.length).toBeGreaterThan(10)
    expect(workload?.plan.rate).toBe(100)
    expect(Math.max(...written)).toBeLessThanOrEqual(workload?.written ?? 0)
    for (const operationId of workload?.out.keys() ?? []) expect(returned.has(operationId)).toBe(false)
  }, 60_000)
})
