// Compares the model with a simple reading of the same events, on sessions with random faults.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beginState, foldEvent, type TraceEvent, type TraceHeader } from '../../../../src/trace'
import { simulated, type Session } from '../testing/simulated'
import { fate, onWay, type Arrows } from './arrows'
import { counted } from './density'
import { DiagramModel } from './model'
import { openEnd } from './spans'

interface PlainArrow {
  readonly from: string
  readonly to: string
  readonly begin: number
  readonly sent: number
  end: number
  fate: number
  isLate: boolean
}

/** Every message of the events, each as an object. */
function plainArrows(events: readonly TraceEvent[]): PlainArrow[] {
  const all: PlainArrow[] = []
  const open = new Map<string, PlainArrow>()
  const add = (id: string, arrow: PlainArrow): void => {
    all.push(arrow)
    open.set(id, arrow)
  }
  for (const event of events) {
    switch (event.type) {
      case 'message-sent':
        add(event.id, { from: event.from, to: event.to, begin: event.seq, sent: event.seq, end: openEnd, fate: fate.open, isLate: false })
        break
      case 'message-duplicated': {
        const original = open.get(event.of)
        if (original) add(event.id, { ...original, begin: event.seq, isLate: false })
        break
      }
      case 'message-delayed': {
        const arrow = open.get(event.id)
        if (arrow) arrow.isLate = true
        break
      }
      case 'message-taken': case 'message-dropped': {
        const arrow = open.get(event.id)
        open.delete(event.id)
        if (arrow) Object.assign(arrow, { end: event.seq, fate: event.type === 'message-taken' ? fate.taken : fate.lost })
        break
      }
      default: break
    }
  }
  return all
}

function modelOf(header: TraceHeader, events: readonly TraceEvent[]): DiagramModel {
  const model = new DiagramModel(header)
  for (const event of events) model.take(event)
  return model
}

function told(model: DiagramModel, arrows: Arrows, row: number): PlainArrow {
  return {
    from: model.lanes[arrows.from[row] ?? -1]?.name ?? '', to: model.lanes[arrows.to[row] ?? -1]?.name ?? '', begin: arrows.spans.begin(row),
    sent: arrows.sent[row] ?? 0, end: arrows.spans.end(row), fate: arrows.fate[row] ?? -1, isLate: arrows.has(row, onWay.late),
  }
}

function inRange(model: DiagramModel, from: number, to: number): PlainArrow[] {
  return [model.arrows, model.beats].flatMap((arrows) => {
    const found: PlainArrow[] = []
    arrows.spans.forEachIn(from, to, (row) => void found.push(told(model, arrows, row)))
    return found
  }).sort((one, other) => one.begin - other.begin)
}

const sessions: Session[] = ['1', '2', '3', '4'].map((seed) => simulated(seed, 100))

describe('the arrows of a session with random faults', () => {
  it('are every message once, with the ends and the fate that the events tell', () => {
    for (const { header, events } of sessions) expect(inRange(modelOf(header, events), 1, events.length)).toEqual(plainArrows(events))
    // The sessions must contain every fate and many late messages and copies, else the test proves nothing.
    const all = sessions.flatMap(({ events }) => plainArrows(events))
    expect([fate.open, fate.taken, fate.lost].map((what) => all.some((arrow) => arrow.fate === what))).toEqual([true, true, true])
    expect([all.filter((arrow) => arrow.isLate).length > 50, all.filter((arrow) => arrow.begin !== arrow.sent).length > 50]).toEqual([true, true])
  })

  it('are found in any range, also those that began before it, at any moment of the session', () => {
    fc.assert(fc.property(fc.nat(sessions.length - 1), fc.nat(), fc.nat(), fc.nat(), (which, one, other, moment) => {
      const { header, events } = sessions[which] as Session
      const seen = events.slice(0, 1 + moment % events.length)
      const [from, to] = [1 + one % seen.length, 1 + other % seen.length].sort((a, b) => a - b) as [number, number]
      const model = modelOf(header, seen)
      expect(inRange(model, from, to)).toEqual(plainArrows(seen).filter((arrow) => arrow.begin <= to && arrow.end >= from))
    }), { numRuns: 40 })
  })

  it('are counted once each in the blocks of every level', () => {
    for (const { header, events } of sessions) {
      const model = modelOf(header, events)
      const plain = plainArrows(events)
      const lane = (name: string): number => model.lane(name)
      for (let level = 0; level < 6; level++) {
        let crossing = 0
        let lost = 0
        for (let block = 0; block <= model.density.blockOf(level, events.length - 1); block++) {
          for (const index of model.lanes.keys()) {
            crossing += model.density.count(level, block, index, counted.crossing) + model.density.count(level, block, index, counted.beats)
            lost += model.density.count(level, block, index, counted.lost)
          }
        }
        expect(crossing).toBe(plain.reduce((sum, { from, to }) => sum + Math.abs(lane(from) - lane(to)), 0))
        expect(lost).toBe([...Array(model.arrows.length).keys()].filter((row) => model.arrows.fate[row] === fate.lost).length)
      }
    }
  })
})

describe('a model that begins in the middle', () => {
  it('holds what is still in flight there, and the same of everything later', () => {
    for (const { header, events } of sessions) {
      const middle = Math.floor(events.length / 2)
      const state = beginState(header)
      for (const event of events.slice(0, middle)) foldEvent(state, event)
      const model = new DiagramModel(header, state)
      const whole = modelOf(header, events)
      for (const event of events.slice(middle)) model.take(event)
      const later = (of: DiagramModel): PlainArrow[] => inRange(of, middle + 1, events.length).filter((arrow) => arrow.begin > middle)
      // A copy of a message sent before the model's first event has the model's base as its sending.
      const known = (arrow: PlainArrow): PlainArrow => ({ ...arrow, sent: Math.max(middle, arrow.sent) })
      expect(later(model).map(known)).toEqual(later(whole).map(known))
      const ends = (of: DiagramModel): number[] =>
        inRange(of, middle + 1, events.length).flatMap((arrow) => arrow.begin <= middle ? [arrow.end] : []).sort((a, b) => a - b)
      expect(ends(model)).toEqual(ends(whole))
      for (const lane of model.lanes.keys()) {
        for (const seq of [middle, middle + 7, events.length]) expect(model.histories[lane]?.at(seq)).toEqual(whole.histories[lane]?.at(seq))
      }
      const views = (of: DiagramModel): number[][] => of.marks.views.map(({ viewnum, seq: made, ackedSeq }) => [viewnum, made, ackedSeq])
      expect(views(model)).toEqual(views(whole))
    }
  })

  it('refuses an event that is not the next', () => {
    const { header, events } = sessions[0] as Session
    const model = new DiagramModel(header)
    expect(() => model.take(events[3] as TraceEvent)).toThrow('event 4 came after 0')
  })
})

describe('lanes', () => {
  it('are at every moment what the folded state says of life, fact and belief', () => {
    for (const { header, events } of sessions) {
      const model = modelOf(header, events)
      const state = beginState(header)
      const differing: string[] = []
      for (const event of events) {
        foldEvent(state, event)
        for (const [lane, { name }] of model.lanes.entries()) {
          const node = state.nodes.get(name)
          const known = model.histories[lane]?.at(event.seq)
          if (known?.life !== node?.life || known?.says !== node?.says || known?.believes !== node?.believes) differing.push(`${name} at ${event.seq}`)
        }
      }
      expect(differing).toEqual([])
    }
  })
})

describe('operations and transfers', () => {
  it('are bars with the outcome of their operation; one whose client died stays unknown', () => {
    for (const { header, events } of sessions) {
      const model = modelOf(header, events)
      const invoked = events.filter((event) => event.type === 'operation-invoked')
      const returned = events.filter((event) => event.type === 'operation-returned')
      const bars = model.operations.reduce((sum, lane) => sum + lane.spans.length, 0)
      expect(bars).toBe(invoked.length)
      const ended = model.operations.flatMap((lane) => [...Array(lane.spans.length).keys()].map((bar) => lane.spans.end(bar)))
      for (const { seq } of returned) expect(ended).toContain(seq)
    }
  })

  it('have one transfer for each that the events tell, with its bytes when it is done', () => {
    let count = 0
    for (const { header, events } of sessions) {
      const model = modelOf(header, events)
      const done = events.flatMap((event) => event.type === 'transfer-progress' && event.done ? [[event.seq, event.bytes]] : [])
      const finished = model.marks.transfers.filter((transfer) => transfer.isDone).map(({ endSeq, bytes }) => [endSeq, bytes])
      expect(finished).toEqual(done)
      count += finished.length
    }
    expect(count).toBeGreaterThan(4)
  })
})

describe('places', () => {
  it('only ever grow along the events, on both axes, and give the event back', () => {
    for (const { header, events } of sessions) {
      const { places } = modelOf(header, events)
      for (const axis of ['real', 'logical'] as const) {
        for (const isFolded of [true, false]) {
          const all = events.map(({ seq }) => places.of(seq, axis, isFolded))
          expect(all.findIndex((place, index) => place < (all[index - 1] ?? -Infinity))).toBe(-1)
          const back = all.map((place) => places.seqAt(place, axis, isFolded))
          expect(back.findIndex((seq, index) => seq < index + 1 || all[seq - 1] !== all[index])).toBe(-1)
        }
      }
    }
  })

  it('give each event\'s cluster time back, frozen or not', () => {
    let freezes = 0
    for (const { header, events } of sessions) {
      const { places } = modelOf(header, events)
      const wrong = events.filter(({ seq, at }) => Math.abs(places.timeAt(places.of(seq, 'real', false)) - at) > 0.001)
      expect(wrong).toEqual([])
      freezes += places.freezes.length
    }
    expect(freezes).toBeGreaterThan(4)
  })
})
