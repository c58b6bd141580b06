// The input of a picture (model, stretch in view, size, selection), and the frame computed from it: the height of each lane, and the
// events in view. Pure.
import type { CausalCone } from '../causality'
import type { DiagramModel } from '../model/model'
import { seqsInView, xOfSeq, type Scale } from '../scale'
import { Hits } from './hits'
import type { MeasureText, Pen } from './pen'
import { Words } from './words'

/** Margins in px: names at the left, free space at the right, views and checks at the top, the axis at the bottom. */
export const margins = { gutter: 58, right: 10, top: 46, bottom: 22, bandTop: 4, bandHeight: 20 } as const
/** Least height of a lane; when lanes do not fit, they scroll below the view server's lane. */
export const laneHeightMin = 28

export interface SceneInput {
  readonly model: DiagramModel
  /** Its `left` and `right` are set by the frame. */
  readonly scale: Omit<Scale, 'left' | 'right'>
  readonly width: number
  readonly height: number
  /** Px by which the lanes below the view server's lane are scrolled up. */
  readonly scrolled: number
  /** seq of the last event that has happened at the cursor. */
  readonly cursor: number
  /** The cursor is at the tail of a live session. */
  readonly isLive: boolean
  /** 0: none. */
  readonly selected: number
  readonly hovered: number
  /** null: nothing is highlighted and nothing fades. */
  readonly cone: CausalCone | null
  /** Two events whose distance is shown; 0 for one that is not chosen yet. */
  readonly measured: { readonly from: number; readonly to: number } | null
  /** By arrow: the number of its message in the inboxes, while the cluster is frozen. */
  readonly inbox: { readonly arrows: ReadonlyMap<number, number>; readonly beats: ReadonlyMap<number, number> }
  /** Violations that the monitors have found, in order. */
  readonly violations: readonly { readonly seq: number; readonly rule: string; readonly evidence: readonly number[] }[]
  /** With more arrows in view than this, they are drawn as density. */
  readonly arrowsMax: number
}

export interface Sketch extends SceneInput {
  readonly pen: Pen
  readonly measure: MeasureText
  readonly hits: Hits
  readonly words: Words
  readonly scale: Scale
  readonly laneHeight: number
  /** The bottom of the lanes, where the axis begins. */
  readonly floor: number
  /** Middle of each lane. */
  readonly y: readonly number[]
  /** By lane: it is scrolled out of the picture. */
  readonly isHidden: readonly boolean[]
  /** Events in view. */
  readonly first: number
  readonly last: number
  /** The x of the newest event, at most the right edge. */
  readonly tailX: number
  readonly x: (seq: number) => number
}

/** The height of a lane, and the most px by which lanes can be scrolled. */
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
    // The view server's lane is the first and does not scroll; a lane that is scrolled out gets the y of its edge.
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

/** The first of the texts (longest first) that fits; '' if none fits. */
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
