// The diagram benchmark in a browser: taking events, and drawing a frame. Only scripts/bench-diagram.mjs builds and times it.
import { anywhere, atOnce } from '../../../../src/network'
import { defaultSettings } from '../../../../src/protocol'
import { World } from '../../../../src/sim'
import type { TraceEvent } from '../../../../src/trace'
import { CanvasPen } from '../draw/canvas-pen'
import { tokens, type Palette, type Token } from '../draw/pen'
import { drawScene } from '../draw/scene'
import type { SceneInput } from '../draw/sketch'
import { DiagramModel } from '../model/model'
import type { Axis } from '../model/places'

const [width, height] = [1190, 560]

/** A cluster under load in virtual time, with losses, late messages and servers that crash. */
function session(count: number): { readonly header: World['header']; readonly events: TraceEvent[] } {
  const events: TraceEvent[] = []
  const world = new World({ title: '', seed: '1', replicas: 3, clients: 2, linkDelayMs: 5, settings: defaultSettings, onEvent: (event) => events.push(event) })
  world.run(500)
  world.perform({ type: 'add-fault', fault: { name: 'loss', where: anywhere, bothWays: false, effect: { type: 'drop', probability: 0.02 }, times: 0 }, plan: atOnce })
  const delay = { type: 'uniform', minMs: 1, maxMs: 40 } as const
  world.perform({ type: 'add-fault', fault: { name: 'late', where: anywhere, bothWays: false, effect: { type: 'delay', probability: 0.05, delay }, times: 0 }, plan: atOnce })
  world.perform({ type: 'start-workload', plan: { rate: 200, inFlight: 2, clients: ['c1', 'c2'], mix: { put: 50, append: 0, get: 50, delete: 0, cas: 0 }, keys: 8, valueBytes: 8 } })
  for (let round = 0; events.length < count; round++) {
    world.run(5000)
    const vs = world.inspect('vs')
    if (vs.kind === 'view-server' && vs.isAcked && vs.current.backups.length > 0 && round % 7 === 3) world.restart(round % 2 === 0 ? 's1' : 's2')
  }
  return { header: world.header, events: events.slice(0, count) }
}

let played: ReturnType<typeof session> | undefined
let model: DiagramModel | undefined
let pen: CanvasPen | undefined
let canvas: CanvasRenderingContext2D | undefined

/** Makes the session; its duration is not measured. */
export function prepare(count: number): void {
  played = session(count)
  canvas = document.createElement('canvas').getContext('2d', { alpha: false, willReadFrequently: true }) ?? undefined
  if (canvas) pen = new CanvasPen(canvas, Object.fromEntries(tokens.map((token): [Token, string] => [token, '#567'])) as Palette, 'sans-serif')
}

/** Takes every event into a new model. */
export function take(): void {
  if (!played) return
  model = new DiagramModel(played.header)
  for (const event of played.events) model.take(event)
}

/** Draws a share of the session this many times, each time until the pixels are drawn; returns the number of events in view. */
export function draw(axis: Axis, isFolded: boolean, share: number, times: number): number {
  if (!model || !pen || !canvas) return 0
  const end = model.places.of(model.latest, axis, isFolded)
  const from = (end - end * share) * 0.6
  const input: SceneInput = {
    model, scale: { axis, isFolded, from, to: from + end * share }, width, height, scrolled: 0, cursor: model.latest, isLive: true,
    selected: 0, hovered: 0, cone: null, measured: null, inbox: { arrows: new Map(), beats: new Map() }, violations: [], arrowsMax: 1500,
  }
  let events = 0
  for (let time = 0; time < times; time++) {
    pen.begin(width, height, 1)
    const scene = drawScene(input, pen, pen.measure)
    // Reading a pixel back forces the canvas to perform the pending drawing.
    canvas.getImageData(0, 0, 1, 1)
    events = scene.last - scene.first + 1
  }
  return events
}
