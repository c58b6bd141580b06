import { describe, expect, it } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../../../src/protocol'
import { World } from '../../../src/sim'
import type { TraceEvent } from '../../../src/trace'
import { DiagramModel } from '../diagram/model/model'
import { plainMeasure, RecordingPen } from '../diagram/testing/recording-pen'
import { simulated } from '../diagram/testing/simulated'
import { drawHistory, historyRoom, pointX, type HistoryInput, type HistoryPicture } from './draw-history'
import { historyCells } from './history-cells'
import type { Placing } from '../../replay/history-keeper'

function played(): { model: DiagramModel; ids: number[] } {
  const events: TraceEvent[] = []
  const world = new World({ title: '', seed: '1', replicas: 2, clients: 2, linkDelayMs: 5, settings: defaultSettings, onEvent: (event) => events.push(event) })
  world.run(600)
  for (const value of ['1', '2']) {
    world.invoke('c1', { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes(value) })
    world.run(60)
  }
  world.invoke('c2', { type: 'get', key: utf8ToBytes('a') })
  world.run(60)
  const model = new DiagramModel(world.header)
  for (const event of events) model.take(event)
  return { model, ids: events.flatMap((event) => event.type === 'operation-invoked' ? [event.seq] : []) }
}

function drawn(model: DiagramModel, more: Partial<HistoryInput> = {}): { pen: RecordingPen; picture: HistoryPicture } {
  const pen = new RecordingPen()
  const input: HistoryInput = {
    model, scale: { axis: 'real', isFolded: true, from: 580_000, to: 800_000 }, width: 900, height: 220, scrolled: 0, cursor: model.latest, isLive: true, selected: 0,
    hovered: 0, placings: [], unplaced: new Set(), joinedKey: -1, ...more,
  }
  return { pen, picture: drawHistory(input, pen, plainMeasure) }
}

const diamonds = (pen: RecordingPen): { x: number; y: number }[] =>
  pen.strokes.flatMap((stroke) => stroke.what === 'shape' && stroke.path.startsWith('M0 -4') ? [{ x: stroke.x, y: stroke.y }] : [])

describe('the history', () => {
  it('has a lane for each client and none for servers, its bars on the axis of the diagram, with views above and times below', () => {
    const { pen } = drawn(played().model)
    expect(pen.texts).toEqual(expect.arrayContaining(['c1', 'c2', 'put a 1', 'put a 2', 'get a → "2"', '0.70 s']))
    expect(pen.texts.some((text) => text.startsWith('view 2'))).toBe(true)
    expect(pen.texts).not.toContain('s1')
  })

  it('has a point for each operation that has a place, joined in their order, and a click finds the operation', () => {
    const { model, ids } = played()
    const placings = ids.map((id, index): Placing => ({ id, after: id, before: ids[index + 1] ?? model.latest, rank: 1, of: 1, key: 0 }))
    const { pen, picture } = drawn(model, { placings, joinedKey: 0 })
    const points = diamonds(pen)
    expect(points).toHaveLength(3)
    expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).toSorted((one, other) => one - other))
    expect(pen.linesOf(({ alpha }) => alpha === 0.6).map(([x1, , x2]) => [x1, x2])).toEqual([[points[0]?.x, points[1]?.x], [points[1]?.x, points[2]?.x]])
    expect(picture.hits.find(points[2]?.x ?? 0, points[2]?.y ?? 0)).toBe(ids[2])
  })

  it('marks the operation that has no place with a cross and a heavy rim, not by colour alone', () => {
    const { model, ids } = played()
    const { pen } = drawn(model, { unplaced: new Set([ids[2] as number]) })
    const shapes = pen.strokes.flatMap((stroke) => stroke.what === 'shape' ? [stroke] : [])
    expect(shapes.filter(({ path }) => path === 'M-4 -4L4 4M4 -4L-4 4')).toHaveLength(1)
    expect(shapes.filter(({ paint }) => paint.line?.colour === 'bad' && paint.line.width === 2 && paint.fill !== undefined)).toHaveLength(1)
  })

  it('shows an operation that was quicker than a px as a bar of its own, and among a crowd the one that has no place', () => {
    const { model, ids } = played()
    const wide = { axis: 'real', isFolded: true, from: 0, to: 10_000_000 } as const
    const shapesOf = (more: Partial<HistoryInput>): number => drawn(model, { scale: wide, ...more }).pen.strokes.filter((stroke) => stroke.what === 'shape' && stroke.paint.line?.colour === 'line2').length
    expect(shapesOf({})).toBe(3)
    const crowded = drawn(model, { scale: { ...wide, to: 100_000_000 }, unplaced: new Set([ids[1] as number]) }).pen
    expect(crowded.strokes.filter((stroke) => stroke.what === 'shape' && stroke.paint.fill?.colour === 'bad-soft')).toHaveLength(1)
    expect(crowded.texts).toContain('put a 2')
  })

  it('keeps points in their order where several share the same room', () => {
    const at = { x: (seq: number) => seq * 10, tailX: 1000 }
    const room = { id: 1, after: 10, before: 20, key: 0 }
    const first = pointX(at, { ...room, rank: 1, of: 2 }, -Infinity)
    const second = pointX(at, { ...room, rank: 2, of: 2 }, first)
    expect([Math.round(first), Math.round(second)]).toEqual([133, 167])
    expect(pointX(at, { ...room, after: 5, before: 12, rank: 1, of: 1 }, 119)).toBe(119)
    expect(pointX(at, { ...room, before: null, rank: 1, of: 1 }, 0)).toBe(550)
  })

  it('draws any session at any size without a number that is none', () => {
    for (const seed of ['3', '4']) {
      const { header, events } = simulated(seed, 60)
      const model = new DiagramModel(header)
      for (const event of events) model.take(event)
      const end = model.places.of(model.latest, 'real', true)
      for (const [width, height, from, to] of [[900, 220, 0, end], [300, 80, end / 2, end], [1600, 60, 0, end / 1000]] as const) {
        const { pen } = drawn(model, { width, height, scale: { axis: 'real', isFolded: true, from, to } })
        expect(JSON.stringify(pen.strokes)).not.toContain('null')
      }
    }
  })

  it('scrolls where clients have no room, and is told to those who cannot see it', () => {
    expect(historyRoom(2, 220)).toEqual({ laneHeight: 85, scrollMax: 0 })
    expect(historyRoom(8, 220)).toEqual({ laneHeight: 34, scrollMax: 102 })
    const { model, ids } = played()
    expect(historyCells(model, 1, model.latest)).toMatchObject([{ name: 'c1', seqs: ids.slice(0, 2), hasMore: false }, { name: 'c2', seqs: ids.slice(2), hasMore: false }])
  })
})
