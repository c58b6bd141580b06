// The inputs read back from the events of a whole random run, one by one, are those that the driver gave the machines.
import { expect, test } from 'vitest'
import { createMachine, noEffects, type Input, type Machine } from '../protocol'
import { failoverRecording } from '../sim/testing/random-recording'
import type { EventOf } from './event'
import { inputOf } from './input'

test('every step of a run can be taken again from its events, and ends in a state that knows what was written', () => {
  const { header, events } = failoverRecording()
  const sent = new Map<string, EventOf<'message-sent'>>()
  const machines = new Map<string, Machine>()
  const kinds = new Set<Input['type']>()
  for (const event of events) {
    if (event.type === 'message-sent') sent.set(event.id, event)
    if (event.type === 'message-duplicated') {
      const original = sent.get(event.of)
      if (original) sent.set(event.id, { ...original, id: event.id })
    }
    const input = inputOf(event, header, ({ id }) => sent.get(id))
    if (!input || !('node' in event)) continue
    kinds.add(input.type)
    if (input.type === 'start') machines.set(event.node, createMachine(input, noEffects))
    else machines.get(event.node)?.step(input, noEffects)
  }
  expect([...kinds].sort()).toEqual(['message', 'operation', 'start', 'timer'])
  const viewOf = (node: string): unknown => {
    const state = machines.get(node)?.inspect()
    return state && state.kind !== 'other' && (state.kind === 'view-server' ? state.current.viewnum : state.view.viewnum)
  }
  const newest = Math.max(...events.map((event) => event.type === 'view-changed' ? event.view.viewnum : 0))
  expect(newest).toBeGreaterThan(2)
  expect(viewOf('vs')).toBe(newest)
})

test('an event that is no input gives none, and a message that nobody knows neither', () => {
  const { header, events } = failoverRecording()
  const handed = events.find(({ type }) => type === 'message-handed')
  const taken = events.find(({ type }) => type === 'message-taken')
  for (const event of [handed, taken]) expect(event && inputOf(event, header, () => undefined)).toBeUndefined()
})
