// A pen that records the drawing calls. Only tests use it.
import type { Fill, Hatch, Line, MeasureText, Paint, Pen, TextStyle } from '../draw/pen'

export type Stroke =
  | { readonly what: 'lines'; readonly coordinates: readonly number[]; readonly line: Line }
  | { readonly what: 'triangles' | 'boxes'; readonly coordinates: readonly number[]; readonly fill: Fill }
  | { readonly what: 'shape'; readonly path: string; readonly x: number; readonly y: number; readonly paint: Paint }
  | { readonly what: 'hatch'; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly hatch: Hatch }
  | { readonly what: 'text'; readonly x: number; readonly y: number; readonly text: string; readonly style: TextStyle }

export class RecordingPen implements Pen {
  readonly strokes: Stroke[] = []

  /** Every text, in the order of drawing. */
  get texts(): string[] {
    return this.strokes.flatMap((stroke) => stroke.what === 'text' ? [stroke.text] : [])
  }

  /** The lines whose style passes, each as x1, y1, x2, y2. */
  linesOf(passes: (line: Line) => boolean): number[][] {
    return this.strokes.flatMap((stroke) => {
      if (stroke.what !== 'lines' || !passes(stroke.line)) return []
      return Array.from({ length: stroke.coordinates.length / 4 }, (_, at) => stroke.coordinates.slice(at * 4, at * 4 + 4))
    })
  }

  lines(coordinates: readonly number[], line: Line): void { this.strokes.push({ what: 'lines', coordinates: [...coordinates], line }) }
  triangles(coordinates: readonly number[], fill: Fill): void { this.strokes.push({ what: 'triangles', coordinates: [...coordinates], fill }) }
  boxes(coordinates: readonly number[], fill: Fill): void { this.strokes.push({ what: 'boxes', coordinates: [...coordinates], fill }) }
  shape(path: string, x: number, y: number, paint: Paint): void { this.strokes.push({ what: 'shape', path, x, y, paint }) }
  hatch(x: number, y: number, width: number, height: number, hatch: Hatch): void { this.strokes.push({ what: 'hatch', x, y, width, height, hatch }) }
  text(x: number, y: number, text: string, style: TextStyle): void { this.strokes.push({ what: 'text', x, y, text, style }) }
  within(_x: number, _y: number, _width: number, _height: number, draw: () => void): void { draw() }
  faded(_alpha: number, draw: () => void): void { draw() }
}

/** A fixed average width for every letter. */
export const plainMeasure: MeasureText = (text) => text.length * 6.5
