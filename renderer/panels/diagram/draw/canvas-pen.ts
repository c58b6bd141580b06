// The pen that draws on a canvas. Paths and patterns are made once and cached. It must never measure the page while drawing.
import { hatches, type Fill, type Hatch, type Line, type MeasureText, type Paint, type Palette, type Pen, type TextStyle } from './pen'

/** Most text widths that are cached; when full, the cache is cleared. */
const widthsMax = 20_000

export class CanvasPen implements Pen {
  readonly #context: CanvasRenderingContext2D
  readonly #font: string
  readonly #palette: Palette
  readonly #shapes = new Map<string, Path2D>()
  readonly #patterns = new Map<Hatch, CanvasPattern>()
  readonly #widths = new Map<string, number>()
  /** Font weight set in the context; 0: not known. Setting a font costs more than drawing text, even if it does not change. */
  #weight = 0

  /** `font`: the font families in CSS syntax. */
  constructor(context: CanvasRenderingContext2D, palette: Palette, font: string) {
    this.#context = context
    this.#palette = palette
    this.#font = font
  }

  /** Empties the canvas for a picture of this size in CSS px. */
  begin(width: number, height: number, ratio: number): void {
    const { canvas } = this.#context
    const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))]
    if (canvas.width !== wide) canvas.width = wide
    if (canvas.height !== high) canvas.height = high
    this.#weight = 0
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.#context.globalAlpha = 1
    this.#context.fillStyle = this.#palette.panel
    this.#context.fillRect(0, 0, width, height)
  }

  readonly measure: MeasureText = (text, weight) => {
    const key = `${weight}${text}`
    let width = this.#widths.get(key)
    if (width === undefined) {
      if (this.#widths.size >= widthsMax) this.#widths.clear()
      this.#setFont(weight)
      width = this.#context.measureText(text).width
      this.#widths.set(key, width)
    }
    return width
  }

  lines(coordinates: readonly number[], line: Line): void {
    if (coordinates.length === 0) return
    const context = this.#context
    context.beginPath()
    for (let at = 0; at < coordinates.length; at += 4) {
      context.moveTo(coordinates[at] as number, coordinates[at + 1] as number)
      context.lineTo(coordinates[at + 2] as number, coordinates[at + 3] as number)
    }
    this.#stroke(line)
  }

  triangles(coordinates: readonly number[], fill: Fill): void {
    if (coordinates.length === 0) return
    const context = this.#context
    context.beginPath()
    for (let at = 0; at < coordinates.length; at += 6) {
      context.moveTo(coordinates[at] as number, coordinates[at + 1] as number)
      context.lineTo(coordinates[at + 2] as number, coordinates[at + 3] as number)
      context.lineTo(coordinates[at + 4] as number, coordinates[at + 5] as number)
    }
    this.#fill(fill, () => context.fill())
  }

  boxes(coordinates: readonly number[], fill: Fill): void {
    const context = this.#context
    this.#fill(fill, () => {
      for (let at = 0; at < coordinates.length; at += 4) {
        context.fillRect(coordinates[at] as number, coordinates[at + 1] as number, coordinates[at + 2] as number, coordinates[at + 3] as number)
      }
    })
  }

  shape(path: string, x: number, y: number, { fill, line }: Paint): void {
    let shape = this.#shapes.get(path)
    if (!shape) {
      // Some paths contain positions, so without a limit the cache would grow forever.
      if (this.#shapes.size >= 500) this.#shapes.clear()
      shape = new Path2D(path)
      this.#shapes.set(path, shape)
    }
    const context = this.#context
    context.translate(x, y)
    if (fill) this.#fill(fill, () => context.fill(shape))
    if (line) this.#stroke(line, shape)
    context.translate(-x, -y)
  }

  hatch(x: number, y: number, width: number, height: number, hatch: Hatch): void {
    if (width <= 0 || height <= 0) return
    this.#context.fillStyle = this.#pattern(hatch)
    this.#context.fillRect(x, y, width, height)
  }

  text(x: number, y: number, text: string, { colour, weight = 400, anchor = 'start', hasRim }: TextStyle): void {
    const context = this.#context
    this.#setFont(weight)
    context.textAlign = anchor === 'middle' ? 'center' : anchor
    if (hasRim) {
      context.strokeStyle = this.#palette.panel
      context.lineWidth = 3
      context.lineJoin = 'round'
      context.setLineDash([])
      context.strokeText(text, x, y)
    }
    context.fillStyle = this.#palette[colour]
    context.fillText(text, x, y)
  }

  within(x: number, y: number, width: number, height: number, draw: () => void): void {
    const context = this.#context
    context.save()
    context.beginPath()
    context.rect(x, y, width, height)
    context.clip()
    const weight = this.#weight
    draw()
    context.restore()
    this.#weight = weight
  }

  faded(alpha: number, draw: () => void): void {
    const before = this.#context.globalAlpha
    this.#context.globalAlpha = before * alpha
    draw()
    this.#context.globalAlpha = before
  }

  #setFont(weight: number): void {
    if (weight === this.#weight) return
    this.#weight = weight
    this.#context.font = `${weight} 11px ${this.#font}`
  }

  #fill({ colour, alpha = 1 }: Fill, draw: () => void): void {
    const context = this.#context
    const before = context.globalAlpha
    context.fillStyle = this.#palette[colour]
    context.globalAlpha = before * alpha
    draw()
    context.globalAlpha = before
  }

  #stroke({ colour, width, dash = noDash, alpha = 1, isRound = false }: Line, shape?: Path2D): void {
    const context = this.#context
    const before = context.globalAlpha
    context.strokeStyle = this.#palette[colour]
    context.lineWidth = width
    context.lineCap = isRound ? 'round' : 'butt'
    context.lineJoin = 'round'
    context.setLineDash(dash as number[])
    context.globalAlpha = before * alpha
    if (shape) context.stroke(shape)
    else context.stroke()
    context.globalAlpha = before
  }

  #pattern(hatch: Hatch): CanvasPattern | string {
    const known = this.#patterns.get(hatch)
    if (known) return known
    const { size, path, line } = hatches[hatch]
    // Drawn at twice the resolution, so that the lines are sharp on a screen with more than one dot per px.
    const tile = new OffscreenCanvas(size * 2, size * 2)
    const context = tile.getContext('2d')
    if (!context) return 'transparent'
    context.scale(2, 2)
    context.strokeStyle = this.#palette[line.colour]
    context.lineWidth = line.width
    context.globalAlpha = line.alpha ?? 1
    context.stroke(new Path2D(path))
    const pattern = this.#context.createPattern(tile, 'repeat')
    if (!pattern) return 'transparent'
    pattern.setTransform(new DOMMatrix().scale(0.5))
    this.#patterns.set(hatch, pattern)
    return pattern
  }
}

const noDash: readonly number[] = []
