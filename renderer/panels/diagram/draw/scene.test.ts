// Tests what is drawn for a stretch and a size, with a recording pen. The form of an arrow, not its colour, shows the fate of a message.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anywhere, atOnce, type FaultEffect } from '../../../../src/network'
import { defaultSettings, utf8ToBytes } from '../../../../src/protocol'
import { World } from '../../../../src/sim'
import type { TraceEvent } from '../../../../src/trace'
import { coneOf } from '../causality'
import { DiagramModel } from '../model/model'
import { plainMeasure, RecordingPen } from '../testing/recording-pen'
import { simulated } from '../testing/simulated'
import { drawScene, type Scene } from './scene'
import type { SceneInput } from './sketch'

interface Played {
  readonly model: DiagramModel
  readonly events: TraceEvent[]
}

function played(play: (world: World) => void, linkDelayMs = 5): Played {
  const events: TraceEvent[] = []
  const world = new World({ title: '', seed: '1', replicas: 3, clients: 1, linkDelayMs, settings: defaultSettings, onEvent: (event) => events.push(event) })
  play(world)
  const model = new DiagramModel(world.header)
  for (const event of events) model.take(event)
  return { model, events }
}

function inputOf(model: DiagramModel, more: Partial<SceneInput> = {}): SceneInput {
  const last = model.places.of(model.latest, 'real', true)
  return {
    model, scale: { axis: 'real', isFolded: true, from: 0, to: last * 1.05 }, width: 1000, height: 420, scrolled: 0, cursor: model.latest, isLive: true,
    selected: 0, hovered: 0, cone: null, measured: null, inbox: { arrows: new Map(), beats: new Map() }, violations: [], arrowsMax: 1500, ...more,
  }
}

function drawn(model: DiagramModel, more: Partial<SceneInput> = {}): { pen: RecordingPen; scene: Scene } {
  const pen = new RecordingPen()
  return { pen, scene: drawScene(inputOf(model, more), pen, plainMeasure) }
}

const put = (world: World, value: string): number => world.invoke('c1', { type: 'put', key: utf8ToBytes('x'), value: utf8ToBytes(value) })
const fault = (world: World, effect: FaultEffect, kinds: readonly ('forward' | 'reply' | 'request')[], times = 1): void =>
  void world.perform({ type: 'add-fault', fault: { name: effect.type, where: { ...anywhere, kinds }, bothWays: false, effect, times }, plan: atOnce })
const dashOf = (dash: readonly number[] | undefined): string => dash?.join(' ') ?? 'solid'

describe('messages', () => {
  it('are told apart by form: late in long dashes with its delay, lost in short ones with a cross and why, held in dots with an open circle, doubled twice', () => {
    const session = (effect: FaultEffect): RecordingPen => {
      const { model } = played((world) => {
        world.run(400)
        fault(world, effect, ['forward'])
        put(world, '1')
        world.run(60)
      })
      return drawn(model, { scale: { axis: 'real', isFolded: true, from: 380_000, to: 480_000 } }).pen
    }
    const late = session({ type: 'delay', probability: 1, delay: { type: 'constant', ms: 30 } })
    expect(late.linesOf((line) => dashOf(line.dash) === '9 3')).toHaveLength(1)
    expect(late.texts).toContain('+30 ms')
    const lost = session({ type: 'drop', probability: 1 })
    expect(lost.linesOf((line) => dashOf(line.dash) === '4 3')).toHaveLength(1)
    expect(lost.linesOf((line) => line.colour === 'lost' && line.width === 2.2)).toHaveLength(2)
    expect(lost.texts).toContain('drop')
    const held = session({ type: 'hold' })
    expect(held.linesOf((line) => dashOf(line.dash) === '1.5 4')).toHaveLength(1)
    expect(held.texts).toContain('held')
    const doubled = session({ type: 'duplicate', probability: 1 })
    expect(doubled.texts).toContain('×2')
    expect(late.texts).not.toContain('×2')
  })

  it('each have one line, whatever is in view, until there are too many; then it is said how many events a px has', () => {
    const { header, events } = simulated('21', 80)
    const model = new DiagramModel(header)
    for (const event of events) model.take(event)
    const end = model.places.of(model.latest, 'real', false)
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true }), (begin, share) => {
      const scale = { axis: 'real' as const, isFolded: false, from: begin * end, to: begin * end + share * end }
      const few = drawn(model, { scale, arrowsMax: 1e9 })
      let expected = 0
      for (const arrows of [model.arrows, model.beats]) {
        arrows.spans.forEachIn(few.scene.first, few.scene.last, (row) => {
          const far = Math.max(few.scene.x(Math.min(model.latest, arrows.spans.end(row))), few.scene.x(arrows.spans.begin(row)))
          if (arrows.from[row] !== arrows.to[row] && far >= 38) expected++
        })
      }
      const widths = new Set([1, 1.3, 1.5, 1.2, 1.6])
      // Excludes the dashed lines of the steps of a freeze.
      const lines = few.pen.linesOf((line) => widths.has(line.width) && ['msg', 'msg2', 'backup-fill', 'lost', 'held'].includes(line.colour) && dashOf(line.dash) !== '1 3')
      expect(lines.length).toBe(expected)
      expect(few.scene.densityText).toBe('')
    }), { numRuns: 25 })
    const many = drawn(model, { scale: { axis: 'real', isFolded: false, from: 0, to: end }, arrowsMax: 10 })
    expect(many.scene.densityText).toMatch(/^1 px = \d+ events$/)
    expect(many.pen.texts).toContain(many.scene.densityText)
  })

  it('that are folded are ticks under their sender; unfolded they are arrows', () => {
    const { model } = played((world) => world.run(600))
    const ticks = (isFolded: boolean): number => drawn(model, { scale: { axis: 'real', isFolded, from: 0, to: 650_000 } }).pen.linesOf((line) => line.alpha === 0.75).length
    const pings = [...Array(model.beats.length).keys()].filter((row) => model.beats.to[row] === 0).length
    expect(pings).toBeGreaterThan(10)
    expect([ticks(true), ticks(false)]).toEqual([pings, 0])
  })

  it('are under the pointer where they are drawn, each end with its own event', () => {
    const { model, events } = played((world) => {
      world.run(400)
      put(world, '1')
      world.run(60)
    })
    const { scene } = drawn(model, { scale: { axis: 'real', isFolded: true, from: 380_000, to: 480_000 } })
    const sent = events.find((event) => event.type === 'message-sent' && event.message.type === 'forward') as TraceEvent
    const taken = model.arrows.spans.end(model.index.arrow(sent.seq))
    const [s1, s2] = [46 + (420 - 68) / 5 * 1.5, 46 + (420 - 68) / 5 * 2.5]
    expect(scene.hits.find(scene.x(sent.seq) + 1, s1 + 8)).toBe(sent.seq)
    expect(scene.hits.find(scene.x(taken) - 1, s2 - 8)).toBe(taken)
    expect(scene.hits.find(300, 30)).toBe(0)
  })
})

describe('lanes', () => {
  it('split their rail where the view server and the node differ, and have a form for primary and another for backup', () => {
    const { model } = played((world) => {
      world.run(400)
      world.kill('s1')
      world.run(300)
    })
    const { pen } = drawn(model)
    const primary = pen.strokes.flatMap((stroke) => stroke.what === 'boxes' && stroke.fill.colour === 'primary-fill' ? [stroke.coordinates] : []).flat()
    const heights = primary.filter((_, at) => at % 4 === 3)
    // The rail is whole while s1 is up, and half after its death, while only the view server still calls it primary.
    expect(new Set(heights)).toEqual(new Set([4, 3]))
    expect(pen.linesOf((line) => line.colour === 'backup-fill' && dashOf(line.dash) === '7 3').length).toBeGreaterThan(0)
    expect(pen.strokes.filter((stroke) => stroke.what === 'hatch').map((stroke) => stroke.what === 'hatch' && stroke.hatch)).toContain('dead')
    expect(pen.texts).toContain('killed')
    expect(pen.texts).toContain('s1 missed')
  })

  it('show where the machine gave a process no time, and for how long, in a form that no act of a person has', () => {
    const { model, events } = played((world) => {
      world.run(400)
      world.tell({ type: 'stalled', node: 's1', ms: 612 })
      world.run(200)
      world.tell({ type: 'stalled', node: '', ms: 300 })
      world.run(100)
    })
    const { pen, scene } = drawn(model)
    expect(pen.texts).toEqual(expect.arrayContaining(['stalled 612 ms', 'nothing carried for 300 ms']))
    const stall = events.find(({ type }) => type === 'stalled')?.seq ?? 0
    const marks = pen.strokes.filter((stroke) => stroke.what === 'shape' && stroke.path === 'M-4 -6H4L-4 6H4Z')
    expect(marks).toHaveLength(2)
    const [mark] = marks
    expect(mark?.what === 'shape' && scene.hits.find(mark.x, mark.y)).toBe(stall)
  })

  it('have stripes while paused, and a hatch of its own and steps while the cluster is frozen', () => {
    const { model } = played((world) => {
      world.run(300)
      world.pause('s3')
      world.run(50)
      world.freeze()
      put(world, '1')
    })
    const { pen } = drawn(model)
    const hatches = new Set(pen.strokes.flatMap((stroke) => stroke.what === 'hatch' ? [stroke.hatch] : []))
    expect(hatches.has('paused') && hatches.has('frozen')).toBe(true)
    expect(pen.texts).toContain('step 1')
    expect(pen.texts).toContain('now')
  })

  it('say views, acked or not, operations with what came of them, and a transfer with how far it is', () => {
    const { model } = played((world) => {
      world.run(400)
      put(world, '7')
      world.run(100)
      fault(world, { type: 'hold' }, ['reply'])
      put(world, '8')
      world.run(50)
    })
    const texts = drawn(model).pen.texts
    expect(texts).toContain('view 2 · s1 primary, s2 backup · acked')
    expect(texts.filter((text) => text.startsWith('put x'))).toEqual(expect.arrayContaining(['put x 7', 'put x 8']))
    expect(texts.some((text) => text.startsWith('state, '))).toBe(true)
  })
})

describe('operations', () => {
  it('that are many within a few px are one bar, and a long one among them is still a bar of its own', () => {
    const { model } = played((world) => {
      world.run(400)
      for (let count = 0; count < 60; count++) {
        put(world, String(count))
        world.run(20)
        if (count !== 30) continue
        // The reply is held, so the operation stays open while later ones of other sessions come and go.
        fault(world, { type: 'hold' }, ['reply'])
        fault(world, { type: 'drop', probability: 1 }, ['request'], 6)
        put(world, 'long')
        world.run(700)
      }
    })
    const end = model.places.of(model.latest, 'real', true)
    const { pen } = drawn(model, { scale: { axis: 'real', isFolded: true, from: -end * 40, to: end * 2 } })
    const bars = pen.strokes.filter((stroke) => stroke.what === 'shape' && stroke.paint.fill?.colour === 'raise')
    expect(bars.length).toBe(1)
  })
})

describe('the cursor and the selection', () => {
  it('draw a veil over what is later, and fade what has nothing to do with the selected event', () => {
    const { model, events } = played((world) => {
      world.run(400)
      put(world, '1')
      world.run(300)
    })
    const request = events.find((event) => event.type === 'message-sent' && event.message.type === 'request') as TraceEvent
    const veil = (input: Partial<SceneInput>): number => drawn(model, input).pen.strokes.filter((stroke) => stroke.what === 'boxes' && stroke.fill.alpha === 0.42 && stroke.fill.colour === 'panel').length
    expect([veil({}), veil({ isLive: false, cursor: request.seq })]).toEqual([0, 1])
    const { first, last } = drawn(model).scene
    const cone = coneOf(model, request.seq, first, last)
    const { pen } = drawn(model, { isLive: false, cursor: request.seq, selected: request.seq, cone })
    expect(pen.linesOf((line) => line.colour === 'accent' && line.width === 2)).toHaveLength(1)
    expect(pen.linesOf((line) => line.alpha === 0.2 || line.alpha === 0.5).length).toBeGreaterThan(0)
  })

  it('say how far two events are apart', () => {
    const { model } = played((world) => world.run(400))
    expect(drawn(model, { measured: { from: 1, to: model.latest } }).pen.texts.some((text) => /^\d+(\.\d)? ms, \d+ events$/.test(text))).toBe(true)
  })
})
