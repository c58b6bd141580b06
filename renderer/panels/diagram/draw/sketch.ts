// What a picture is made from: the model, the stretch in view, the size, and what is selected; and the frame that follows from them,
// which lane is at which height and which events are in view. Pure.
import type { Light } from '../causality'
import type { DiagramModel } from '../model/model'
import { seqsInView, xOfSeq, type Scale } from '../scale'
import { Hits } from './hits'
import type { MeasureText, Pen } from './pen'
import { Words } from './words'

/** Px: names at the left, free at the right, views and checks at the top, the axis at the bottom. */
export const margins = { gutter: 58, right: 10, top: 46, bottom: 22, bandTop: 4, bandHeight: 20 } as const
/** Lanes are no lower; then they scroll under the view server's. */
export const laneHeightMin = 28

export interface SceneInput {
  readonly model: DiagramModel
  /** Its `left` and `right` are set by the frame. */
  readonly scale: Omit<Scale, 'left' | 'right'>
  readonly width: number
  readonly height: number
  /** Px by which lanes below the view server's are scrolled up. */
  readonly scrolled: number
  /** seq of the last event that has happened at the cursor. */
  readonly cursor: number
  /** The cursor is the tail of a session that goes on. */
  readonly isLive: boolean
  /** 0: none. */
  readonly selected: number
  readonly hovered: number
  /** null: nothing is lit, nothing fades. */
  readonly light: Light | null
  /** Two events whose distance is shown; 0 for one that is not chosen yet. */
  readonly measured: { readonly from: number; readonly to: number } | null
  /** By arrow: its number in the inboxes, while time stands still. */
  readonly inbox: { readonly arrows: ReadonlyMap<number, number>; readonly beats: ReadonlyMap<number, number> }
  /** Broken rules that monitors have found, in order. */
  readonly breaches: readonly { readonly seq: number; readonly rule: string; readonly evidence: readonly number[] }[]
  /** Arrows beyond this many are drawn as density. */
  readonly arrowsMax: number
}

export interface Sketch extends SceneInput {
  readonly pen: Pen
  readonly measure: MeasureText
  readonly hits: Hits
  readonly words: Words
  readonly scale: Scale
  readonly laneHeight: number
  /** Bottom of the lanes, where the axis begins. */
  readonly floor: number
  /** Middle of each lane. */
  readonly y: readonly number[]
  /** Lanes that are scrolled away. */
  readonly isHidden: readonly boolean[]
  /** Events in view. */
  readonly first: number
  readonly last: number
  /** Where the newest event stands, at most the right edge. */
  readonly tailX: number
  readonly x: (seq: number) => number
}

/** How high lanes are, and by how much they can be scrolled. */
export function laneRoom(lanes: number, height: number): { readonly laneHeight: number; readonly scrollMax: number } {
  const room = Math.max(0, height - margins.top - margins.bottom)
  const laneHeight = Math.max(laneHeightMin, room / Math.max(1, lanes))
  return { laneHeight, scrollMax: Math.max(0, Math.round(laneHeight * lanes - room)) }
}

export function sketchOf(input: SceneInput, pen: Pen, measure: MeasureText): Sketch {
  const { model, width, height } = input
  const scale: Scale = { ...input.scale, left: margins.gutter, right: width - margins.right }
  const { laneHeight, scrollMax } = laneRoom(model.lanes.length, height)
  const scrolled = Math.max(0, Math.min(scrollMax, input.scrolled))
  const floor = height - margins.bottom
  const y: number[] = []
  const isHidden: boolean[] = []
  for (const lane of model.lanes.keys()) {
    // The view server's lane is the first and stays; what is scrolled away rests at its edge.
    const middle = margins.top + laneHeight * (lane + 0.5) - (lane === 0 ? 0 : scrolled)
    isHidden.push(lane > 0 && (middle < margins.top + laneHeight * 1.3 - 0.5 && scrolled > 0 || middle > floor - 4))
    y.push(lane === 0 ? middle : Math.max(margins.top + laneHeight, Math.min(floor, middle)))
  }
  const x = (seq: number): number => xOfSeq(scale, model.places, seq)
  const { first, last } = seqsInView(scale, model.places)
  return {
    ...input, scrolled, pen, measure, hits: new Hits(), words: new Words(), scale, laneHeight, floor, y, isHidden, first, last,
    tailX: Math.min(scale.right, x(model.latest)), x,
  }
}

/** The longest of the texts that fits; '' if none does. */
export function fitting({ measure }: Pick<Sketch, 'measure'>, texts: readonly string[], room: number, weight: 400 | 600 | 700 = 400): string {
  return texts.find((text) => measure(text, weight) <= room) ?? ''
}

/** A box with rounded corners; without its right side when it is open. */
export function roundBox(width: number, height: number, radius: number, isOpen = false): string {
  const w = Math.max(0, width)
  const r = Math.min(radius, w / 2, height / 2)
  const [wide, high, inner] = [two(w), two(height), two(r)]
  if (isOpen) return `M${wide} 0H${inner}Q0 0 0 ${inner}V${two(height - r)}Q0 ${high} ${inner} ${high}H${wide}`
  return `M${inner} 0H${two(w - r)}Q${wide} 0 ${wide} ${inner}V${two(height - r)}Q${wide} ${high} ${two(w - r)} ${high}H${inner}Q0 ${high} 0 ${two(height - r)}V${inner}Q0 0 ${inner} 0Z`
}

function two(value: number): number {
  return Math.round(value * 100) / 100
}
