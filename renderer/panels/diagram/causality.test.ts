// Compares causes and effects with a simple walk over all links, on sessions with random faults.
import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../../src/trace'
import { causeOrBefore, effectOf, isRelated, coneOf } from './causality'
import { DiagramModel } from './model/model'
import { simulated } from './testing/simulated'

const sessions = ['7', '8', '9'].map((seed) => simulated(seed, 80))

function modelOf({ header, events }: (typeof sessions)[number]): DiagramModel {
  const model = new DiagramModel(header)
  for (const event of events) model.take(event)
  return model
}

const nodeOf = (event: TraceEvent): string => event.type === 'message-sent' ? event.from : 'node' in event && event.type !== 'lab-note' && event.type !== 'timers-stopped' ? event.node : ''

/** The events that happened before an event, straight from the definition of happens-before. */
function pastOf(events: readonly TraceEvent[], seq: number): Set<number> {
  const past = new Set<number>()
  const sentOf = new Map<string, number>()
  for (const event of events) {
    if (event.type === 'message-sent') sentOf.set(event.id, event.seq)
    if (event.type === 'message-duplicated') sentOf.set(event.id, sentOf.get(event.of) ?? 0)
  }
  const waiting = [seq]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (past.has(at)) continue
    past.add(at)
    const event = events[at - 1] as TraceEvent
    if (event.type === 'message-taken') waiting.push(sentOf.get(event.id) ?? at)
    const own = nodeOf(event)
    const before = events.slice(0, at - 1).findLast((other) => nodeOf(other) === own)
    if (own !== '' && before) waiting.push(before.seq)
  }
  return past
}

describe('happens-before', () => {
  it('is what the definition says: earlier in a process, or by way of messages', () => {
    for (const session of sessions) {
      const model = modelOf(session)
      const { events } = session
      const deliveries = events.filter((event) => event.type === 'message-taken' && event.seq > events.length / 3)
      for (const { seq } of [deliveries[5], deliveries.at(-20)].filter((event) => event !== undefined)) {
        const past = pastOf(events, seq)
        const cone = coneOf(model, seq, 1, events.length)
        const wrong = events.filter((event) => nodeOf(event) !== '' && event.seq < seq && isRelated(cone, model, event.seq) !== past.has(event.seq))
        expect(wrong.map((event) => event.seq)).toEqual([])
      }
    }
  })

  it('is the same read forwards: what came after an event has it in its past', () => {
    const session = sessions[0] as (typeof sessions)[number]
    const model = modelOf(session)
    const { events } = session
    const sending = events.find((event) => event.type === 'message-sent' && event.message.type === 'forward') as TraceEvent
    const cone = coneOf(model, sending.seq, 1, events.length)
    const later = events.filter((event) => nodeOf(event) !== '' && event.seq > sending.seq).slice(0, 120)
    expect(later.filter((event) => isRelated(cone, model, event.seq) !== pastOf(events, event.seq).has(sending.seq)).map((event) => event.seq)).toEqual([])
  })
})

describe('the chain of an event', () => {
  it('goes back through steps and messages to what nobody caused, and forward to every delivery', () => {
    for (const session of sessions) {
      const model = modelOf(session)
      const replies = session.events.filter((event) => event.type === 'message-sent' && event.message.type === 'reply')
      expect(replies.length).toBeGreaterThan(0)
      for (const { seq } of replies) {
        const { chain } = coneOf(model, seq, 1, session.events.length)
        const types = [...chain].sort((a, b) => a - b).map((link) => session.events[link - 1] as TraceEvent)
        // A reply follows a forward-ack, a request that the table answers, or the timer of a retry.
        expect(['operation-invoked', 'timer-fired', 'node-started', 'peer-lost']).toContain(types[0]?.type)
        const end = model.arrows.spans.end(model.index.arrow(seq))
        if (end <= session.events.length) expect(chain.has(end)).toBe(true)
      }
    }
  })

  it('is walked by one link: to the sending and back to the delivery', () => {
    const session = sessions[1] as (typeof sessions)[number]
    const model = modelOf(session)
    const taken = session.events.filter((event) => event.type === 'message-taken' && !event.id.includes('+') && !model.index.has(event.seq, 4))
    expect(taken.length).toBeGreaterThan(20)
    for (const { seq } of taken) {
      const cause = causeOrBefore(model, seq)
      expect(session.events[cause - 1]?.type).toBe('message-sent')
      expect(effectOf(model, cause)).toBe(seq)
    }
  })

  it('looks no further than what is in view', () => {
    const session = sessions[2] as (typeof sessions)[number]
    const model = modelOf(session)
    const middle = Math.floor(session.events.length / 2)
    const { chain } = coneOf(model, middle, middle - 50, middle + 50)
    expect([...chain].every((seq) => seq >= middle - 50 && seq <= middle + 50)).toBe(true)
  })
})
